import type { HashEngine } from '../hart/hash.ts';
import type { Notice } from './notice.ts';
import type { SlackMessage } from './notice-slack.ts';

import type { CutOverPort, FencePort, Inspection, Instances, Secrets } from './recovery-ports.ts';

/** The outside world as the jobs see it. Domain types only; adapters translate, tests replace. */

export type SnapshotFacts = {
  name: string;
  arn: string;
  status: 'creating' | 'available' | 'failed';
  percent: number;
  /** The instant of the data (`OriginalSnapshotCreateTime`); absent while creating. */
  dataAt: Date | undefined;
  engineVersion: string;
  encrypted: boolean;
  sizeGib: number;
};

export type InstanceFacts = {
  multiAz: boolean;
  backupRetentionDays: number;
  encrypted: boolean;
  engineLifecycleSupport: string;
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
  /** Starts the copy into the DR site. Success when it exists already from this source; QUOTA_EXCEEDED, KMS_UNUSABLE: try later. */
  copyToDr(copy: { name: string; sourceArn: string; pointId: string }): Promise<void>;
  /** The copy at the DR site; undefined when there is none. Needs the DR site only. */
  copyStatus(name: string): Promise<SnapshotFacts | undefined>;
  /** Every snapshot that this product made at the DR site, all pages. Needs the DR site only. */
  copies(): Promise<SnapshotFacts[]>;
  /** The source instance's settings that readiness looks at. */
  source(): Promise<InstanceFacts>;
}

/** `versionId` is known of a single object, not of a listed one. */
export type ObjectEntry = { key: string; size: number; etag: string; lastModified: Date; versionId?: string };

/** What a versioned bucket still knows of a key: when it was deleted, and the versions that it keeps, newest first. */
type ObjectHistory = { deletedAt: Date | undefined; versions: ObjectEntry[] };

/** What is copied: the object as it is, or one version of it that is no longer the current one. */
export type CopySource = { bucket: string; entry: ObjectEntry; ofVersion?: string | undefined };

/** A bucket of artifacts. Listing is in the order of the keys' UTF-8 bytes. */
export interface ArtifactStore {
  readonly bucket: string;
  /** All objects, or those under a prefix, one array per page. */
  pages(prefix?: string): AsyncIterable<ObjectEntry[]>;
  /** One object's facts; undefined when it does not exist. */
  head(key: string): Promise<ObjectEntry | undefined>;
  /** What is kept of a key that is gone; no versions in a bucket that keeps none. */
  history(key: string): Promise<ObjectHistory>;
  /** The bytes of an object as they come; NOT_FOUND when it does not exist, CONFLICT when they are not those of `etag`. */
  open(key: string, etag?: string): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Copies an object of another bucket under the same key, only if there is none here yet.
   * `exists` when there is one; NOT_FOUND when the source is gone; CONFLICT when it changed since it was read.
   * Durable when it returns `copied`.
   */
  copyFrom(source: CopySource): Promise<'copied' | 'exists'>;
  /** The one overwrite: replaces the object that has this ETag by the source's; CONFLICT when either is another by now. The old version is kept. */
  replaceFrom(source: CopySource, badEtag: string): Promise<void>;
}

export type VaultEntry = { key: string; lastModified: Date };

/** The catalogue's bucket: small documents with compare-and-swap, large lists as streams. */
export interface Vault {
  get(key: string): Promise<{ body: string; etag: string } | undefined>;
  /** Writes if the document is still the one read (`etag`), or still absent (`undefined`); else CONFLICT. Returns the new ETag. */
  put(key: string, body: string, etag: string | undefined): Promise<string>;
  /** Writes a stream once; `exists` when there was one already. Nothing is visible until all of it is written. */
  putStream(key: string, chunks: AsyncIterable<Uint8Array>): Promise<'written' | 'exists'>;
  /** The bytes of a stream; NOT_FOUND when absent. */
  openStream(key: string): Promise<AsyncIterable<Uint8Array>>;
  list(prefix: string): Promise<VaultEntry[]>;
  /** Removes what was merged elsewhere; success when it is not there. */
  remove(key: string): Promise<void>;
}

/** A sealed file: its content encrypted with a data key, the data key encrypted by KMS. */
export type Envelope = {
  schema: 'escrow/1';
  name: string;
  mode: number;
  sealedAt: string;
  keyId: string;
  encryptedDataKey: string;
  iv: string;
  tag: string;
  ciphertext: string;
};

/** Envelope encryption bound to the file's name. KMS_UNUSABLE when the key is disabled, gone or forbidden. */
export interface Escrow {
  seal(file: { name: string; mode: number; content: Uint8Array }, now: Date): Promise<Envelope>;
  open(envelope: Envelope): Promise<Uint8Array>;
  /** Every key that a failover needs and cannot use now, with the reason. */
  unusableKeys(): Promise<{ keyId: string; reason: string }[]>;
}

export type ArtifactMessage = { kind: 'repair'; key: string };

/** The queue of artifact work. Sending twice is harmless: copies are create-only. */
export interface WorkQueue {
  send(messages: ArtifactMessage[]): Promise<void>;
  /** Messages waiting or being worked on, about. */
  depth(): Promise<number>;
}

export type Message = {
  subject: string;
  /** The e-mail. */
  body: string;
  /** The same for those that render it otherwise. */
  notice: Notice;
  attributes: {
    kind: 'change' | 'heartbeat' | 'drill' | 'failover' | 'alarm';
    status: string;
    stage: string;
    id: string;
  };
};

/** A chat channel. */
export interface Chat {
  /** At least once. SITE_UNREACHABLE, THROTTLED or REMOTE_FAILED when it is not taken; SECRET_UNREADABLE without its URL. */
  post(message: SlackMessage): Promise<void>;
}

/** A monitor outside of this cloud that rings when it hears nothing. */
export interface DeadMan {
  ping(): Promise<void>;
}

export interface Notifier {
  /** At least once. */
  publish(message: Message): Promise<void>;
  /** How many confirmed subscribers hear it. */
  subscribers(): Promise<number>;
}

/** The event bus of the DR site, and the rule that wakes `advance` while something is in flight. */
export interface Signals {
  emit(
    detailType: 'recovery-point.state-changed' | 'readiness.changed' | 'drill.state-changed' | 'failover.state-changed',
    detail: Record<string, unknown>,
  ): Promise<void>;
  setTick(enabled: boolean): Promise<void>;
}

/** Structured log; every line may carry facts, never secrets. */
export interface Log {
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
}

/** Numbers for alarms and dashboards. */
export type Metric = { name: string; value: number; unit: 'Count' | 'Minutes' | 'Bytes' };
export interface Metrics {
  /** Puts them into a region; at least once. SITE_UNREACHABLE where the region does not answer. */
  put(site: 'primary' | 'dr', metrics: Metric[]): Promise<void>;
}

export type Ports = {
  stage: string;
  /** AWS's partition, as ARNs name it. */
  partition: string;
  drRegion: string;
  /** Which site's name stands for the primary in messages. */
  primaryRegion: string;
  database: Database;
  primaryArtifacts: ArtifactStore;
  replica: ArtifactStore;
  vault: Vault;
  escrow: Escrow;
  queue: WorkQueue;
  notifier: Notifier;
  /** Undefined when none is configured, as is `deadMan`. */
  chat: Chat | undefined;
  deadMan: DeadMan | undefined;
  signals: Signals;
  metrics: Metrics;
  instances: Instances;
  secrets: Secrets;
  fence: FencePort;
  inspection: Inspection;
  cutOver: CutOverPort;
  /** The catalogue of the stack for the other direction, once that is deployed. */
  reverseVault: Pick<Vault, 'get'> | undefined;
  /** Hashes for one verifier (two hashers); made anew for each caller. */
  hashEngine: () => Promise<HashEngine>;
  log: Log;
  clock: () => Date;
};

/** What carries points, drills and failovers on. */
export type RecoveryPorts = Omit<Ports, 'chat' | 'deadMan' | 'escrow' | 'metrics' | 'reverseVault'>;
