import type { HashEngine } from '../hart/hash.ts';

import type { RestoreRequest } from './restore-settings.ts';

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
  body: string;
  attributes: {
    kind: 'change' | 'heartbeat' | 'drill' | 'failover' | 'alarm';
    status: string;
    stage: string;
    id: string;
  };
};

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

export type RestoredInstance = {
  name: string;
  arn: string;
  /** As RDS says it: creating, available, deleting, ... */
  status: string;
  engineVersion: string;
  className: string;
  host: string | undefined;
  port: number | undefined;
  masterUser: string;
  deletionProtection: boolean;
  /** A change that was asked for and is not done yet, such as a password. */
  pending: boolean;
  tags: Record<string, string>;
};

/** Instances restored at the DR site. Every method may be called twice. */
export interface Instances {
  /** Starts a restore. Success when it exists already for this run; INSTANCE_MISMATCH when for another; NO_CAPACITY: take another class. */
  restore(request: RestoreRequest): Promise<void>;
  /** One instance; undefined when there is none. */
  status(name: string): Promise<RestoredInstance | undefined>;
  /** Sets the master user's password at once. INVALID_STATE: try later. */
  setPassword(name: string, password: string): Promise<void>;
  tag(arn: string, tags: Record<string, string>): Promise<void>;
  /** Deletes a drill's instance without a snapshot; BAD_USAGE for any name that is not a drill's. Success when it is gone or going. */
  destroy(name: string): Promise<void>;
  /** Every instance of the DR site, all pages. */
  list(): Promise<RestoredInstance[]>;
  /** What a restore needs and the DR site lacks. */
  missing(needed: {
    subnetGroup: string;
    parameterGroup: string;
    engineVersion: string;
  }): Promise<{ code: 'DR_NETWORK_MISSING' | 'DR_PARAMETER_GROUP_MISSING'; subject: string; text: string }[]>;
}

/** Generated passwords, and the secrets that the configuration only names. */
export interface Secrets {
  /** The value of this secret, made at random when there is none yet. */
  ensure(name: string): Promise<string>;
  /** Deletes at once; success when it is not there. */
  remove(name: string): Promise<void>;
  /** The value behind a reference: `secretsmanager:NAME`, `ssm:NAME`, `file:PATH`. SECRET_UNREADABLE names the reference, never the value. */
  resolve(reference: string): Promise<string>;
}

export type FenceState = { status: string; groups: { id: string; status: string }[] };

/** What keeps the primary from taking writes. Needs the primary site. */
export interface FencePort {
  /** The group without rules that the relay stack made. */
  fenceGroup(): Promise<string>;
  /** The groups of the primary instance (or of one named) now; undefined when there is no instance. */
  database(name?: string): Promise<FenceState | undefined>;
  setGroups(groups: string[]): Promise<void>;
  /** Gives the instance another name, under which it is kept. INVALID_STATE: try later. */
  rename(name: string): Promise<void>;
  /** Ends the connections that a swap of groups leaves alive. */
  reboot(): Promise<void>;
  /** The bucket's policy as JSON; undefined when it has none. */
  bucketPolicy(): Promise<string | undefined>;
  setBucketPolicy(policy: string | undefined): Promise<void>;
}

/** Starts the inspection of a restored database inside its network; it reports by a vault document. INVALID_STATE: the function is waking up, try later. */
export interface Inspection {
  start(request: InspectionRequest): Promise<void>;
}

export type InspectionRequest = {
  job: 'inspect-database';
  /** The vault's key of the run. */
  run: string;
  /** Where the report goes. */
  report: string;
  /** `smoke` alone after a cut-over: log in and read, put and delete as Builder does. */
  what: 'inspect' | 'smoke';
};

/** Where Builder finds its new site. Each may fail without stopping a failover. */
export interface CutOverPort {
  publishSettings(files: Record<string, string>): Promise<void>;
  /** Undefined when no record is configured. */
  dns: { name: string; point(host: string): Promise<void> } | undefined;
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
  signals: Signals;
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

export type DatabaseLogin = { host: string; port: number; user: string; password: string; database: string };

/** Rows that one revision of Builder's key seals in one table, and some of them. Held in memory only: a token is such a row. */
export type SealedRows = { revision: string; table: string; rows: number; samples: string[] };

export type DatabaseFacts = {
  serverVersion: string;
  ledger: { count: number; newest: string } | undefined;
  extensions: string[];
  /** `rows` is null where even the role that Builder uses may not read. */
  tables: { name: string; owner: string; rows: number | null }[];
  nextId: { owner: string } | undefined;
  packages: number | undefined;
  roles: { name: string; iam: boolean }[];
  publicKeys: { name: string; body: string }[];
  sealed: SealedRows[];
};

/** A look into a restored database, in one transaction that is rolled back. */
export interface Inspector {
  /**
   * Reads everything as the master user, with the rights of `role`. `packages` gets a line of JSON for each package
   * row, `{key, checksum}`, in the order of the keys' bytes. REMOTE_FAILED carries the engine's own error.
   */
  read(
    login: DatabaseLogin,
    role: string,
    packages: (lines: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<DatabaseFacts>;
}

/** Builder's own way to its data. Each throws what went wrong, without a secret. */
export interface BuilderAccess {
  login(login: DatabaseLogin): Promise<string>;
  /** Puts, gets, compares and deletes one object of the replica. */
  canary(credentials: { keyId: string; secretKey: string }, key: string, body: string): Promise<string>;
  /** Asks Builder's own routes for this package. */
  ask(url: string, key: string): Promise<string>;
}

/** What the function inside the VPC needs, and no more. */
export type InspectionPorts = Pick<Ports, 'vault' | 'escrow' | 'secrets' | 'log' | 'clock'> & {
  inspector: Inspector;
  builder: BuilderAccess;
};
