import type { HashEngine } from '../../hart/hash.ts';
import type { Site, SiteFacts } from '../site.ts';
import type { ArtifactStore, Replicator, WorkQueue } from './artifacts.ts';
import type { Database } from './database.ts';
import type { Offers } from './offers.ts';
import type { Chat, DeadMan, Notifier } from './people.ts';
import type { BuilderAccess, CutOverPort, FencePort, Inspection, Inspector, Instances, Secrets } from './recovery.ts';
import type { ReplicaRemoval } from './removal.ts';
import type { Escrow, Vault } from './vault.ts';

/** The outside world as the jobs see it. Domain types only; adapters translate, tests replace. */

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
  put(site: Site, metrics: Metric[]): Promise<void>;
}

export type Ports = {
  site: SiteFacts;
  database: Database;
  primaryArtifacts: ArtifactStore;
  replica: ArtifactStore;
  replicator: Replicator;
  removal: ReplicaRemoval;
  /** The vault's bucket as a store of bytes that were replaced: what is copied there is found by its hash. */
  displaced: ArtifactStore;
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
  offers: Offers;
  secrets: Secrets;
  fence: FencePort;
  inspection: Inspection;
  cutOver: CutOverPort;
  /** The catalogue of the stack for the other direction, once that is deployed. */
  reverseVault: Pick<Vault, 'get'> | undefined;
  /** Hashes for one verifier (two hashers); made anew for each caller. */
  hashEngine: () => Promise<HashEngine>;
  /** A name that no other call gives. */
  newId: () => string;
  log: Log;
  clock: () => Date;
};

/** What carries points, drills and failovers on. */
export type AdvancePorts = Pick<
  Ports,
  | 'clock'
  | 'cutOver'
  | 'database'
  | 'displaced'
  | 'fence'
  | 'hashEngine'
  | 'inspection'
  | 'instances'
  | 'log'
  | 'newId'
  | 'notifier'
  | 'primaryArtifacts'
  | 'queue'
  | 'replica'
  | 'secrets'
  | 'signals'
  | 'site'
  | 'vault'
>;

/** What the function inside the VPC needs, and no more. */
export type InspectionPorts = Pick<Ports, 'vault' | 'escrow' | 'secrets' | 'log' | 'clock'> & {
  inspector: Inspector;
  builder: BuilderAccess;
};
