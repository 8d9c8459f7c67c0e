/**
 * What the simulation tells its oracle: how the world truly is (`Truth`, a live view that is asked when something is
 * judged) and what happened in it (`Fact`, one call of `see` each, at once when it happened and before anything else
 * does). Times are the world's own, in milliseconds; what a run takes for the time is in its `RunTruth`.
 */
import type { Message } from '../../src/core/notices/message.ts';
import type { Policy } from '../../src/core/policy.ts';

export type Instant = number;
export type SiteName = 'primary' | 'dr';

/** Who did something: a run of a job by its number, or what lies outside of the product: AWS, Builder, a hand. */
export type Actor = number | 'world';

/** Bytes that lie under a key: what they really are, whatever the ETag says. */
export type Bytes = {
  etag: string;
  size: number;
  /** Of the body as it is now, in hex: after rot another one under the same ETag. */
  blake2b: string;
  /** When they came. */
  since: Instant;
  /** False: archived, or under a key that only its owner sends. */
  readable: boolean;
};

export interface BucketTruth {
  /** False once the bucket itself was deleted. */
  readonly exists: boolean;
  current(key: string): Bytes | undefined;
  /** All bytes that can still be brought back under the key: the current ones, and versions that the lifecycle left. */
  kept(key: string): readonly Bytes[];
  /** Of what is current. */
  keys(): Iterable<string>;
}

/** What is in a database, or in a snapshot of it. One object may stand for many snapshots: nothing changes it. */
export type Data = {
  /** Package rows: Builder's key in the bucket, and the checksum of the row. */
  rows: ReadonlyMap<string, string>;
  /** Revisions of Builder's key that seal its rows. */
  revisions: readonly string[];
  /** What an inspection of a restore of it would find wrong, if it looked: owner, ledger, emptied tables. */
  damage: string | undefined;
};

export type SnapshotTruth = {
  name: string;
  site: SiteName;
  /** The point that its tag names. */
  pointId: string | undefined;
  status: 'creating' | 'available' | 'failed';
  /** The instant of its data, once there is one. */
  dataAt: Instant | undefined;
  /** Undefined until `dataAt` is. */
  data: Data | undefined;
  startedAt: Instant;
};

export type InstanceTruth = {
  name: string;
  status: string;
  /** The snapshot that it came from. */
  snapshot: string;
  /** The key of the run in the vault, as its tag names it. */
  run: string | undefined;
  data: Data | undefined;
};

/**
 * Whether Builder could write at a site now, in truth: at the primary by its groups (a swap of groups leaves connections
 * alive until the reboot is over) and by the policy as it is enforced (spread). In DR: an instance is up, and Builder's
 * nodes were sent there, by the direction or by DNS or by its settings.
 */
export type Writable = { database: boolean; bucket: boolean };

interface VaultTruth {
  get(key: string): Uint8Array | undefined;
  keys(prefix: string): Iterable<string>;
}

/** What of the DR site is beside its data: each false makes a restore fail. */
export type DrServices = {
  kmsUsable: boolean;
  /** One of the classes of a failover can be ordered for the engine's version. */
  classOrderable: boolean;
  subnetGroup: boolean;
  parameterGroup: boolean;
  /** Builder's own credentials can be resolved. */
  credentials: boolean;
};

export interface Truth {
  readonly now: Instant;
  readonly policy: Policy;
  readonly vault: VaultTruth;
  /** The other direction's, where its stack is deployed. */
  readonly reverseVault: VaultTruth | undefined;
  readonly buckets: { readonly primary: BucketTruth; readonly replica: BucketTruth; readonly displaced: BucketTruth };
  /** Builder's database at the primary now; undefined when there is none under its name. */
  readonly database: Data | undefined;
  snapshots(site: SiteName): Iterable<SnapshotTruth>;
  instances(): Iterable<InstanceTruth>;
  writable(site: SiteName): Writable;
  readonly services: DrServices;
  /** The primary region answers. */
  readonly primaryAnswers: boolean;
  /** Whether what lies in escrow under this key of the vault opens, to what was put there. */
  escrowOpens(vaultKey: string): boolean;
  /** Texts that may stand in no document, message, event or error: keys' contents, passwords. */
  readonly secrets: Iterable<string>;
  run(id: number): RunTruth;
  /** Faults that are at work now; a fault of one call is none of them. */
  readonly faults: Iterable<FaultTruth>;
  /** When the last fault of any kind ended; undefined when there never was one. */
  readonly lastFaultAt: Instant | undefined;
  readonly queued: number;
}

/** One run of one job. `job` is the name of its file: capture, advance, readiness, reconcile, replicate, prune, drill, failover-start, ... */
export type RunTruth = {
  id: number;
  job: string;
  /** What a person asked for, where one did: `{point, confirm, acceptUnfenced, ...}`, a point's id, a reason. */
  request: unknown;
  startedAt: Instant;
  /** How far its clock is ahead of the world's, in milliseconds. */
  skewMs: number;
  calls: number;
};

export type FaultTruth = {
  /** dark, throttled, black-hole, kms-off, rot, unreadable, killed, lost-answer, slow, ... */
  kind: string;
  /** A port and method, a key, a site. */
  subject: string;
  since: Instant;
};

/** How a run ended: what it answered, what it threw, or `killed`. */
type Ending =
  | { how: 'returned'; value: unknown }
  | { how: 'threw'; code: string; message: string; subject: string | undefined }
  | { how: 'killed' };

export type Fact =
  /** Also what the world does to documents: damage, restores. `before`: the bytes that were replaced. */
  | { what: 'document'; by: Actor; key: string; body: Uint8Array; before: Uint8Array | undefined }
  | { what: 'document-removed'; by: Actor; key: string; before: Uint8Array }
  /** A run has got all bytes under a key, and so can know them; `blake2b` of what it got. */
  | { what: 'object-read'; by: number; bucket: 'primary' | 'replica' | 'displaced'; key: string; blake2b: string }
  /** A run has got the last page of a listing of a whole bucket that it began at `since`. */
  | { what: 'listed'; by: number; bucket: 'primary' | 'replica'; since: Instant }
  | {
      what: 'object';
      by: Actor;
      bucket: 'primary' | 'replica' | 'displaced';
      key: string;
      bytes: Bytes;
      before: Bytes | undefined;
    }
  /** A delete marker, or a deletion where no versions are kept. */
  | { what: 'object-deleted'; by: Actor; bucket: 'primary' | 'replica' | 'displaced'; key: string; before: Bytes }
  /** One of the bytes that were kept under a key is gone for ever; by the run that released it, where one did. */
  | { what: 'version-gone'; by: Actor; bucket: 'primary' | 'replica' | 'displaced'; key: string; bytes: Bytes }
  /** A byte rots in place. */
  | { what: 'rot'; by: 'world'; bucket: 'primary' | 'replica' | 'displaced'; key: string }
  /** A row came, or went (`checksum` undefined), in the primary's database. */
  | { what: 'row'; by: 'world'; key: string; checksum: string | undefined }
  | { what: 'snapshot-begun'; by: Actor; snapshot: SnapshotTruth }
  /** It became available, it failed. */
  | { what: 'snapshot-changed'; by: Actor; snapshot: SnapshotTruth }
  | { what: 'snapshot-removed'; by: Actor; snapshot: SnapshotTruth }
  | { what: 'instance-begun' | 'instance-changed' | 'instance-removed'; by: Actor; instance: InstanceTruth }
  /** Builder took a write at a site: a package, or anything else (`key` undefined). */
  | { what: 'builder-wrote'; by: 'world'; site: SiteName; key: string | undefined }
  /** What Builder could write changed at a site. `by`: whose act it was, also when it took effect later. */
  | { what: 'writable'; by: Actor; site: SiteName; now: Writable; before: Writable }
  | { what: 'message'; by: Actor; message: Message }
  | { what: 'event'; by: Actor; detailType: string; detail: Record<string, unknown> }
  | { what: 'queued'; by: Actor; count: number }
  | { what: 'run-began'; by: number }
  /** `met`: every failure that its calls ended with, in their order, also those that a fault did not cause. */
  | { what: 'run-ended'; by: number; ending: Ending; met: readonly Met[] }
  | { what: 'fault-began' | 'fault-ended'; by: 'world'; fault: FaultTruth };

/** A failure that a call of a run ended with. `done`: it had its effect all the same. */
export type Met = {
  port: string;
  method: string;
  subject: string | undefined;
  code: string;
  message: string;
  done: boolean;
  /** The same call, with the same subject, was made again by this run and succeeded. */
  mended: boolean;
};

/** What was said or done, and what is so instead: in words that a person can read. */
export type Violation = { invariant: string; subject: string; said: string; so: string };

/** Judges facts as they come; `atRest` is asked once the faults ended and the world was given its passes. */
export interface Judge {
  see(fact: Fact): Violation[];
  atRest(passes: { passes: number; messages: number }): Violation[];
}
