import type { Site } from '../site.ts';

export type SnapshotFacts = {
  name: string;
  arn: string;
  status: 'creating' | 'available' | 'failed';
  percent: number;
  /** The instant of the data (`OriginalSnapshotCreateTime`); absent while creating. */
  dataAt: Date | undefined;
  /** Engine and version in one, as people read it; and each as RDS is asked about it. */
  engineVersion: string;
  engine: string;
  version: string;
  /** Of which family a parameter group must be for a restore of it: `postgres17`. */
  parameterGroupFamily: string;
  encrypted: boolean;
  sizeGib: number;
};

export type InstanceFacts = {
  engine: string;
  /** The cluster that it is a member of, Aurora's or a Multi-AZ one. */
  cluster: string | undefined;
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
  /** Whether it is of the source instance as it is named now: another stage's is not, nor that of a former primary. */
  ofSource: boolean;
  /** Accounts that may restore it; `all` is everybody. */
  sharedWith: string[];
  /** Copies that are being made of it, in the regions of both sites: a delete would end them. */
  copying: string[];
};

/** Manual snapshots in one region, everybody's in the account. */
export type SnapshotQuota = { used: number; allowed: number };

/**
 * Builder's database at the primary site and its copies at the DR site.
 * Every method may be called twice. SITE_UNREACHABLE means nobody knows whether the call happened.
 */
export interface Database {
  /** Starts a snapshot. Success when it exists already for this source and point; SNAPSHOT_MISMATCH when for another. INVALID_STATE: try later, also when it exists and is not shown yet. */
  capture(name: string, pointId: string): Promise<void>;
  /** The snapshot at the primary site; undefined when there is none, or none is shown yet: what was accepted may take a while. */
  status(name: string): Promise<SnapshotFacts | undefined>;
  /** Starts the copy into the DR site. Success when it exists already from this source; QUOTA_EXCEEDED, KMS_UNUSABLE, INVALID_STATE: try later. NOT_FOUND: the source is not shown, or gone. SITE_UNREACHABLE is the primary's silence: the copy reads there. */
  copyToDr(copy: { name: string; sourceArn: string; pointId: string }): Promise<void>;
  /** The copy at the DR site; undefined when there is none, or none is shown yet. Needs the DR site only. */
  copyStatus(name: string): Promise<SnapshotFacts | undefined>;
  /** Every snapshot that this product made at the DR site, all pages. Needs the DR site only. */
  copies(): Promise<SnapshotFacts[]>;
  /** The source instance's settings. NOT_FOUND when there is none. */
  source(): Promise<InstanceFacts>;
  /** Who uses the snapshot of this name at a site; undefined when there is none. */
  snapshotUse(site: Site, name: string): Promise<SnapshotUse | undefined>;
  /**
   * Deletes a point's snapshot at a site; success when there is none. SNAPSHOT_MISMATCH when its tag names no point or
   * another one: it stays. INVALID_STATE: it is being made, try later. What is being copied from it ends unfinished.
   */
  removeSnapshot(site: Site, snapshot: { name: string; pointId: string }): Promise<void>;
  /** What the account may have at a site, and has. NOT_FOUND when AWS does not say. */
  snapshotQuota(site: Site): Promise<SnapshotQuota>;
}
