import { type ReconcileRecord, reconcileSchema, type Uncopyable } from '../../core/artifacts/documents.ts';
import { SampleCounter } from '../../core/artifacts/merge-diff.ts';
import { isDueAgain, isStillThat } from '../../core/artifacts/quarantine.ts';
import { isOtherSource } from '../../core/artifacts/verification.ts';
import { minutesBetween, notAhead } from '../../core/ids.ts';
import type { Policy } from '../../core/policy.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { ObjectEntry } from '../../core/ports/artifacts.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { isDarkness, watchDarkness } from '../darkness.ts';
import { requireDirection } from '../vault/direction.ts';
import { readDocument } from '../vault/documents.ts';
import { removeOldSetAsides, updateOrMakeAnew } from '../vault/set-aside.ts';
import { removeStaleCopies } from './copy-progress.ts';
import { queueRepairs } from './coverage.ts';
import { mayGiveWay } from './give-way.ts';
import { mergeVerifications } from './merge-verifications.ts';
import { noteUncopyable, readUncopyable } from './quarantine.ts';
import { removeStaleUncopied } from './uncopied.ts';
import { withholdDeletes } from './withhold-deletes.ts';

type ReconcilePorts = Pick<Ports, 'clock' | 'log' | 'newId' | 'primaryArtifacts' | 'replica' | 'queue' | 'vault'>;

const KEYS_PER_PASS = 10_000;

export type ReconcileReport = { record: ReconcileRecord } | { primaryDark: string };

/**
 * Merges what was verified, compares the two buckets by key and by what the primary had before, and queues what the
 * replica lacks or holds unverified, or holds while the primary has something else by now. Marks what the primary no
 * longer has. Queues nothing while the last batch is not drained.
 */
export async function reconcile(unguarded: ReconcilePorts, policy: Policy): Promise<ReconcileReport> {
  await requireDirection(unguarded.vault, 'primary→dr');
  const { ports } = watchDarkness(unguarded);
  const unverified = await mergeVerifications(ports);
  try {
    return { record: await compare(ports, policy, unverified) };
  } catch (error) {
    if (!isDarkness(error)) throw error;
    ports.log.warn('the primary does not answer; nothing was compared', { error: error.message });
    // What lies in the replica can be verified, and healed from what the DR site keeps, without it.
    await queueRepairs(ports, unverified);
    return { primaryDark: error.message };
  }
}

/** What is set aside, held against what is there now. */
class Aside {
  readonly #entries: Map<string, Uncopyable>;
  readonly #stands = new Set<string>();

  constructor(entries: Map<string, Uncopyable>) {
    this.#entries = entries;
  }

  /** The entry of an object that the replica lacks, or has other bytes of, while it is still the one that was refused. */
  of(entry: ObjectEntry): Uncopyable | undefined {
    const found = this.#entries.get(entry.key);
    if (!found || !isStillThat(found, entry)) return undefined;
    this.#stands.add(entry.key);
    return found;
  }

  /** Keys of objects that are gone, that are others by now, or that the replica has. */
  get over(): string[] {
    return [...this.#entries.keys()].filter((key) => !this.#stands.has(key));
  }
}

class BucketComparison {
  primary = 0;
  replica = 0;
  oldest: Date | undefined;
  readonly missing = new SampleCounter();
  readonly differing = new SampleCounter();
  readonly eventless = new SampleCounter();
  readonly keys: string[] = [];
  readonly changed: string[] = [];
  readonly aside: Aside;

  constructor(aside: Aside) {
    this.aside = aside;
  }

  differs(entry: ObjectEntry, now: Date): void {
    if (this.#isAside(entry, this.changed, now)) return;
    this.differing.add(entry.key);
    if (this.changed.length < KEYS_PER_PASS) this.changed.push(entry.key);
  }

  /** Whether nobody can copy it, as far as anybody knows; it is worth another attempt now and then. */
  #isAside(entry: ObjectEntry, keys: string[], now: Date): boolean {
    const refused = this.aside.of(entry);
    if (refused && isDueAgain(refused, now)) keys.push(entry.key);
    return refused !== undefined;
  }

  lacks(entry: ObjectEntry, since: Date, policy: Policy, now: Date): void {
    if (this.#isAside(entry, this.keys, now)) return;
    this.missing.add(entry.key);
    if (this.keys.length < KEYS_PER_PASS) this.keys.push(entry.key);
    if (!this.oldest || entry.lastModified < this.oldest) this.oldest = entry.lastModified;
    const waited = minutesBetween(entry.lastModified, now);
    if (entry.lastModified > since && waited > policy.replicationLagMinutes) this.eventless.add(entry.key);
  }
}

/** What this comparison goes on without: what it writes at its end takes the place of what cannot be read. */
async function readable<T>({ log }: ReconcilePorts, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
    log.warn('compared without a document that cannot be read', { key: error.subject, error: error.message });
    return undefined;
  }
}

async function compare(ports: ReconcilePorts, policy: Policy, unverified: string[]): Promise<ReconcileRecord> {
  const now = ports.clock();
  const before = await readable(ports, () => readDocument(ports.vault, vaultKeys.reconcile, reconcileSchema));
  const firstAt = notAhead(before?.value.firstAt ?? now.toISOString(), now);
  const aside = await readable(ports, () => readUncopyable(ports.vault));
  const seen = new BucketComparison(new Aside(aside ?? new Map()));
  const { clockOff } = await withholdDeletes(ports, policy, (difference) => {
    if (difference.side !== 'right') seen.primary += 1;
    if (difference.side !== 'left') seen.replica += 1;
    if (difference.side === 'left') seen.lacks(difference.left, new Date(firstAt), policy, now);
    if (difference.side !== 'both') return;
    const { left, right } = difference;
    if (isOtherSource(left, right, right.record)) seen.differs(left, now);
  });
  if (!aside || seen.aside.over.length > 0) await noteUncopyable(ports, [], seen.aside.over);
  await removeStaleCopies(ports);
  await removeStaleUncopied(ports);
  // What a failover in hand has put in its place stays there until that is over.
  const changed = (await mayGiveWay(ports)) ? seen.changed : [];
  const wanted = [...new Set([...seen.keys, ...changed, ...unverified])].slice(0, KEYS_PER_PASS);
  const queued = await queueRepairs(ports, wanted);
  const record: ReconcileRecord = {
    schema: 'reconcile/1',
    firstAt,
    at: now.toISOString(),
    primary: seen.primary,
    replica: seen.replica,
    missing: seen.missing.result,
    differing: seen.differing.result,
    queued,
    eventless: seen.eventless.result,
    ...(seen.oldest ? { oldestMissingAt: seen.oldest.toISOString() } : {}),
    ...(clockOff === undefined ? {} : { clockOff }),
  };
  await updateOrMakeAnew(ports, vaultKeys.reconcile, reconcileSchema, () => record);
  await removeOldSetAsides(ports);
  return record;
}
