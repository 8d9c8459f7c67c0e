import type { Site } from '../site.ts';

export type SnapshotFacts = {
  name: string;
  arn: string;
  status: 'creating' | 'available' | 'failed';
  percent: number;
  /** The instant of the data (`OriginalSnapshotCreateTime`); absent while creating. */
  dataAt: Date | undefined;
  engineVersion: string;
  /** Of which family a parameter group must be for a restore of it: `postgres17`. */
  parameterGroupFamily: string;
  encrypted: boolean;
  sizeGib: number;
};

export type InstanceFacts = {
  multiAz: boolean;
  backupRetentionDays: number;
  encrypted: boolean;
  engineLifecycleSupport: string;
};

/** Whose a snapshot is, and who uses it: what must be known before it is deleted. */
export type SnapshotUse = {
  status: SnapshotFacts['status'];
  /** The point that its tag names. */
  pointId: string | undefined;
  /** Accounts that may restore it; `all` is everybody. */
  sharedWith: string[];
  /** Copies that are being made of it, in the regions of both sites: a delete would end them. */
  copying: string[];
};

/**
 * Builder's database at the primary site and its copies at the DR site.
 * Every method may be called twice. SITE_UNREACHABLE means nobody knows whether the call happened.
 */
export interface Database {
  /** Starts a snapshot. Success when it exists already for this source and point; SNAPSHOT_MISMATCH when for another. INVALID_STATE: try later. */
  capture(name: string, pointId: string): Promise<void>;
  /** The snapshot at the primary site; undefined when there is none. */
  status(name: string): Promise<SnapshotFacts | undefined>;
  /** Starts the copy into the DR site. Success when it exists already from this source; QUOTA_EXCEEDED, KMS_UNUSABLE: try later. SITE_UNREACHABLE is the primary's silence: the copy reads there. */
  copyToDr(copy: { name: string; sourceArn: string; pointId: string }): Promise<void>;
  /** The copy at the DR site; undefined when there is none. Needs the DR site only. */
  copyStatus(name: string): Promise<SnapshotFacts | undefined>;
  /** Every snapshot that this product made at the DR site, all pages. Needs the DR site only. */
  copies(): Promise<SnapshotFacts[]>;
  /** The source instance's settings that readiness looks at. */
  source(): Promise<InstanceFacts>;
  /** Who uses the snapshot of this name at a site; undefined when there is none. */
  snapshotUse(site: Site, name: string): Promise<SnapshotUse | undefined>;
  /**
   * Deletes a point's snapshot at a site; success when there is none. SNAPSHOT_MISMATCH when its tag names no point or
   * another one: it stays. INVALID_STATE: it is being made, try later. What is being copied from it ends unfinished.
   */
  removeSnapshot(site: Site, snapshot: { name: string; pointId: string }): Promise<void>;
}
