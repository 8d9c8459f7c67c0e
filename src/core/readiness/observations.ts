import type { Deletions } from '../artifacts/deletions.ts';
import type { ReconcileRecord, Uncopyable, VerifiedIndex } from '../artifacts/documents.ts';
import type { Sampled } from '../artifacts/merge-diff.ts';
import type { Point } from '../points/documents.ts';
import type { PruneRecord } from '../points/prune-record.ts';
import type { InstanceFacts, SnapshotFacts, SnapshotQuota } from '../ports/database.ts';
import type { Direction } from '../recovery/direction.ts';
import type { Leftover } from '../recovery/leftovers.ts';
import type { OrderableClasses } from '../recovery/orderable.ts';
import type { Run } from '../recovery/run.ts';
import type { SiteFence } from '../recovery/site-fence.ts';
import type { StatusRecord } from './documents.ts';

/** What was seen of the world, most of it at the DR site only. */
export type Observations = {
  /** What lines to type read. */
  configFile?: string;
  points: Point[];
  unreadable: { key: string; problem: string }[];
  /** Points whose inventory cannot be read: nobody can say whether the replica holds what they need. */
  unlisted: string[];
  copies: SnapshotFacts[];
  /** The replica against the inventory of the point that a failover would take. */
  replica: { pointId: string; missing: Sampled; differing: Sampled } | undefined;
  /** Set when the replica bucket is not there. */
  replicaMissing: { bucket: string; problem: string } | undefined;
  /** Revisions of Builder's key whose envelope in escrow can be read. */
  escrowedRevisions: string[];
  /** Paths of the node files in escrow. */
  nodeFiles: string[];
  unusableKeys: { keyId: string; reason: string }[];
  /** `unknown`: it answered that it is asked too often, which says nothing else of it. */
  primary: { region: string } & ({ facts: InstanceFacts } | { unreachable: string } | { unknown: string });
  /** The DR region's, and the primary's if it answers; `ours`: where they are listed. */
  quotas: ({ region: string; ours?: number } & (SnapshotQuota | { unknown: string }))[];
  subscribers: number;
  reconcile: ReconcileRecord | undefined;
  verified: VerifiedIndex | undefined;
  /** What was read and found wrong since then, and is still there. */
  readWrong?: Sampled | undefined;
  /** Artifacts that cannot be copied as they are. */
  uncopyable?: Uncopyable[];
  /** Which deletes are withheld in the replica. */
  deletions: Deletions | undefined;
  /** What the last prune came to. */
  pruned: PruneRecord | undefined;
  previous: StatusRecord | undefined;
  direction: Direction['direction'];
  /** The failover that the direction has in hand. */
  inHand?: string | undefined;
  /**
   * Which halves of the primary are closed, where nobody in hand or in force wants that; `unknown`: what kept anybody from
   * looking; `passes`: it is of the kind that passes by itself.
   */
  closed?: { database: boolean; bucket: boolean } | { unknown: string; passes: boolean } | undefined;
  /** The site's fence, as it was noted. */
  fence?: SiteFence | undefined;
  /** What the stack for the other direction says of itself, if it did lately. */
  reverse: { protecting: boolean; point: string | null } | undefined;
  /** Drills and failovers, oldest first. */
  runs: Run[];
  /** Instances that runs left behind and that only a person may delete. */
  leftovers: Leftover[];
  /** Which of the configured classes RDS offers for that point; undefined where there is no point to restore. */
  classes: OrderableClasses | undefined;
  /** What a restore needs and the DR site lacks. */
  lacking: { code: 'DR_NETWORK_MISSING' | 'DR_PARAMETER_GROUP_MISSING'; subject: string; text: string }[];
};
