import { verificationSchema } from '../../core/artifacts/documents.ts';
import {
  type Difference,
  type InventoryEntry,
  mergeDiff,
  SampleCounter,
  type Sampled,
} from '../../core/artifacts/merge-diff.ts';
import { mayBeListed } from '../../core/artifacts/other-bytes.ts';
import { isOf, isOtherSource, newestByKey, stoodAgainst, succeeding } from '../../core/artifacts/verification.ts';
import type { Point } from '../../core/points/documents.ts';
import { excusedOf } from '../../core/points/excused.ts';
import { MOST_DELETED } from '../../core/points/replication.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { KnownObject } from '../../core/recovery/row-comparison.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { linesOf, readLogsNaming } from '../vault/logs.ts';
import { readDisplaced } from './displaced.ts';
import { readPointInventory } from './inventory.ts';
import { knownObjects } from './known-objects.ts';
import { uncopiedSince } from './uncopied.ts';

/** How many keys one pass handles; the rest is found again by the next. A point that lost as many is given up. */
const KEYS_PER_PASS = MOST_DELETED;
/** Log entries that no reconcile has merged yet, of which the newest are read for what seems to differ. */
const NEWEST_LOGS = 200;

/**
 * `deleted`: those of the missing and differing that were looked up, and that no copy can bring any more; `uncopyable`:
 * those of the rest that are set aside.
 */
export type ReplicaCoverage = {
  missing: Sampled;
  differing: Sampled;
  missingEntries: InventoryEntry[];
  differingEntries: InventoryEntry[];
  deleted?: string[];
  uncopyable?: string[];
  /** Neither listed nor in the replica, and deleted at the primary after the data's instant, as far as anybody knows. */
  uncopied: string[];
  /** All that was noted so since then. */
  noted: ReadonlySet<string>;
};

type CoveragePorts = Pick<Ports, 'displaced' | 'log' | 'replica' | 'vault'>;
type Suspect = { entry: InventoryEntry; held: KnownObject | undefined };

/**
 * Whether the replica's object is not the one that a point listed. While a point is in flight that is told by what the
 * primary had when the bytes were held against it; once it is complete, nothing is replaced without being kept, and only
 * another size asks where it is kept.
 */
function seemsOther(entry: InventoryEntry, held: KnownObject, complete: boolean): boolean {
  if (stoodAgainst(entry, held.record)) return false;
  return complete ? entry.size !== held.size : isOtherBytes(entry, held, held.record);
}

/** What somebody wrote over bytes that were known is a copy of nothing, until it is read. */
function isOtherBytes(entry: InventoryEntry, held: KnownObject, record: KnownObject['record']): boolean {
  const unread = held.overwritten === true && !(record && isOf(record, held));
  return isOtherSource(entry, held, record) || (unread && entry.etag !== held.etag);
}

/** Compares a point's inventory with the replica and with what was displaced there. Needs the DR site only. */
export async function measureCoverage(ports: CoveragePorts, point: Point): Promise<ReplicaCoverage | undefined> {
  const { artifacts } = point;
  if (artifacts.state === 'pending') return undefined;
  const complete = artifacts.state === 'complete';
  const { deleted, uncopyable } = excusedOf(point);
  const noted = await uncopiedBy(ports, point);
  const uncopied = new Set(noted);
  const suspects: Suspect[] = [];
  const found = new CoverageCount();
  const suspect = (entry: InventoryEntry, held?: KnownObject): void => {
    if (suspects.length < KEYS_PER_PASS) suspects.push({ entry, held });
    else found.lacks({ entry, held });
  };
  const compare = (difference: Difference<InventoryEntry, KnownObject>): void => {
    uncopied.delete(difference.side === 'right' ? difference.right.key : difference.left.key);
    if (difference.side === 'right') return;
    if (deleted.has(difference.left.key) || uncopyable.has(difference.left.key)) return;
    if (difference.side === 'left') suspect(difference.left);
    else if (seemsOther(difference.left, difference.right, complete)) suspect(difference.left, difference.right);
  };
  await mergeDiff(readPointInventory(ports.vault, artifacts), knownObjects(ports.vault, ports.replica), compare);
  for (const each of await withoutExplained(ports, suspects, complete)) found.lacks(each);
  return { ...found.result, uncopied: [...uncopied], noted };
}

/** A point that is complete names its own. */
async function uncopiedBy(ports: CoveragePorts, { database, artifacts }: Point): Promise<Set<string>> {
  const open = artifacts.state !== 'complete' && 'dataAt' in database;
  return open ? uncopiedSince(ports, database.dataAt) : new Set();
}

/** Those that are neither kept aside nor known, by what was verified since the last merge, to be the very ones. */
async function withoutExplained(ports: CoveragePorts, suspects: Suspect[], complete: boolean): Promise<Suspect[]> {
  if (suspects.length === 0) return suspects;
  const kept = await readDisplaced(ports);
  const open = suspects.filter(({ entry }) => !kept.get(entry.key)?.some((facts) => mayBeListed(facts, entry)));
  if (complete || !open.some(({ held }) => held !== undefined)) return open;
  const logs = (await ports.vault.list(vaultKeys.verificationLogs)).slice(-NEWEST_LOGS).map(({ key }) => key);
  const records = newestByKey(linesOf(await readLogsNaming(ports, logs, verificationSchema)));
  return open.filter(({ entry, held }) => {
    const found = records.get(entry.key);
    // A primary that could not be read then says nothing of what the bytes were held against before.
    const record = found && held?.record ? succeeding(held.record, found) : found;
    return !held || !record || (isOtherBytes(entry, held, record) && !stoodAgainst(entry, record));
  });
}

class CoverageCount {
  readonly #missing = new SampleCounter();
  readonly #differing = new SampleCounter();
  readonly #missingEntries: InventoryEntry[] = [];
  readonly #differingEntries: InventoryEntry[] = [];

  lacks({ entry, held }: Suspect): void {
    (held ? this.#differing : this.#missing).add(entry.key);
    const entries = held ? this.#differingEntries : this.#missingEntries;
    if (entries.length < KEYS_PER_PASS) entries.push(entry);
  }

  get result(): Omit<ReplicaCoverage, 'uncopied' | 'noted'> {
    return {
      missing: this.#missing.result,
      differing: this.#differing.result,
      missingEntries: this.#missingEntries,
      differingEntries: this.#differingEntries,
    };
  }
}

/** Queues copies of these keys, unless the last batch is still being worked on. Returns how many. */
export async function queueRepairs(ports: Pick<Ports, 'log' | 'queue'>, keys: string[]): Promise<number> {
  if (keys.length === 0 || (await ports.queue.depth()) > 0) return 0;
  await ports.queue.send(keys.map((key) => ({ kind: 'repair', key })));
  ports.log.info('queued copies', { count: keys.length });
  return keys.length;
}
