import type { Message } from '../../../src/core/notices/message.ts';
import type { Point } from '../../../src/core/points/documents.ts';
import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import type { Direction } from '../../../src/core/recovery/direction.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import type { Actor, Data, DrServices, Fact, Instant, RunTruth, SnapshotTruth, Truth } from '../truth.ts';
import { type Reading, readingOf } from './documents.ts';

export type Remembered = { reading: Reading | undefined; by: Actor; at: Instant };
type Change = { at: Instant; by: Actor; how: 'deleted' | 'rot' | 'written' | 'served' };

/** What a run found out that counts only once it has returned, and so could write it down. */
type Finds = {
  /** When its last listing of each bucket began. */
  listings: { primary?: Instant; replica?: Instant };
  reads: { key: string; at: Instant; blake2b: string }[];
};

const noFinds = (): Finds => ({ listings: {}, reads: [] });

/** What the oracle remembers of what happened: no more than its checks ask for. */
export class Memory {
  readonly #documents = new Map<string, Remembered>();
  readonly points = new Map<string, Point>();
  readonly runs = new Map<string, Run>();
  /** Of the document that the present fact is about: what it said before. */
  before: Remembered | undefined;
  /** What the snapshots of a point hold, also once they are gone. */
  readonly data = new Map<string, { dataAt: Instant; data: Data }>();
  /** The last change of the bytes under a key of the replica; `served`: by Builder, while that was the site that served. */
  readonly replica = new Map<string, Change>();
  /** The last change of a point's copy in DR. */
  readonly copies = new Map<string, { at: Instant; by: Actor }>();
  /** Keys in escrow that are gone. */
  readonly keysGone = new Map<string, { at: Instant; by: Actor }>();
  readonly deletedAtPrimary = new Map<string, Instant>();
  /** When other bytes were last put there in place of some, and which bytes the replica ever had under a key. */
  readonly replacedAtPrimary = new Map<string, Instant>();
  readonly #hadInReplica = new Set<string>();
  /** When the newest whole listing began whose run returned, when that was, and how far that run's clock was off. */
  readonly listed = { since: Number.NEGATIVE_INFINITY, told: Number.NEGATIVE_INFINITY };
  /** The last comparison of both buckets that was written down, by a clock that may be off, and when the first one was. */
  readonly compared = {
    since: Number.NEGATIVE_INFINITY,
    told: Number.NEGATIVE_INFINITY,
    first: Number.NEGATIVE_INFINITY,
    skewMs: 0,
  };
  /** Reads of the replica by runs that returned: what was got, and when that was known. */
  readonly reads = new Map<string, { at: Instant; blake2b: string; known: Instant }>();
  readonly #finds = new Map<number, Finds>();
  services: { is: DrServices; since: Record<keyof DrServices, Instant> } | undefined;
  /** The last change of what Builder can write at the primary, and whether people asked since the direction last turned. */
  writers: { at: Instant; by: Actor } | undefined;
  readonly asked: { by: number; job: string; acceptUnfenced: boolean }[] = [];
  readonly turned: { at: Instant } = { at: Number.NEGATIVE_INFINITY };
  /** When each record of a run was first written. */
  readonly bornAt = new Map<string, Instant>();
  /** Builder's last write at the primary, and since when another site serves. */
  wroteAt = Number.NEGATIVE_INFINITY;
  servesElsewhereSince: Instant | undefined;
  /** What people were told of runs: id and state. */
  readonly toldOf = new Set<string>();
  /** How often one message of readiness came again, word for word, one after the other. */
  readonly repeated = { text: '', times: 0 };
  /** How far the clocks were off of those who wrote a document. */
  readonly skewOf = new Map<string, number>();
  /** Runs that are not over. */
  readonly going = new Set<number>();
  /** What each run that is not over has written and said. */
  readonly said = new Map<number, Uint8Array[]>();
  /** When somebody outside of the product last changed documents, snapshots or objects in DR. */
  worldActedAt = Number.NEGATIVE_INFINITY;
  readonly beganAt: Instant;

  constructor(truth: Truth) {
    this.beganAt = truth.now;
    for (const key of truth.vault.keys('')) this.#keep(key, truth.vault.get(key), 'world', truth.now);
    this.#lookAtServices(truth);
  }

  document(key: string): Remembered | undefined {
    return this.#documents.get(key);
  }

  get direction(): Direction | undefined {
    return saidBy<Direction>(this.#documents.get('direction.json'));
  }

  get status(): StatusRecord | undefined {
    return saidBy<StatusRecord>(this.#documents.get('status.json'));
  }

  /** Documents under these folders that nobody can read, and since when. */
  *unreadable(...prefixes: string[]): Generator<[string, Remembered]> {
    for (const [key, found] of this.#documents) {
      if (found.reading?.ok === false && prefixes.some((prefix) => key.startsWith(prefix))) yield [key, found];
    }
  }

  see(fact: Fact, truth: Truth): void {
    const at = truth.now;
    if (fact.by === 'world') this.#seeWorld(fact, at);
    switch (fact.what) {
      case 'document':
        this.before = this.#documents.get(fact.key);
        this.#keep(fact.key, fact.body, fact.by, at);
        this.#say(fact.by, fact.body);
        this.#seeDirection(fact.key, at);
        if (fact.by === 'world') break;
        this.#seeSkew(fact.key, Math.abs(truth.run(fact.by).skewMs));
        if (fact.key === 'reconcile.json') this.#compare(truth.run(fact.by), at);
        break;
      case 'document-removed':
        this.before = this.#documents.get(fact.key);
        this.#forget(fact.key);
        if (fact.key.startsWith('keys/')) this.keysGone.set(fact.key, { at, by: fact.by });
        break;
      case 'snapshot-begun':
      case 'snapshot-changed':
      case 'snapshot-removed':
        this.#seeSnapshot(fact.snapshot, { at, by: fact.by });
        break;
      case 'object':
      case 'object-deleted':
      case 'rot':
        this.#seeObject(fact, at);
        break;
      case 'writable':
        if (fact.site === 'primary') this.writers = { at, by: fact.by };
        break;
      case 'builder-wrote':
        if (fact.site === 'primary' && this.servesElsewhereSince === undefined) this.wroteAt = at;
        break;
      case 'message':
        this.toldOf.add(`${fact.message.id} ${fact.message.status}`);
        this.#seeMessage(fact.message);
        this.#say(fact.by, Buffer.from(JSON.stringify(fact.message)));
        break;
      default:
        this.#seeRun(fact, truth);
    }
  }

  #say(by: Actor, body: Uint8Array): void {
    if (by !== 'world') this.said.get(by)?.push(body);
  }

  #seeMessage({ kind, status, findings }: Message): void {
    if (kind !== 'change' && kind !== 'heartbeat') return;
    const text = `${kind} ${status} ${findings.map(({ code, subject }) => `${code}@${subject}`).join(' ')}`;
    Object.assign(this.repeated, { text, times: text === this.repeated.text ? this.repeated.times + 1 : 1 });
  }

  #seeSkew(key: string, skewMs: number): void {
    if (skewMs > (this.skewOf.get(key) ?? 0)) this.skewOf.set(key, skewMs);
  }

  #seeDirection(key: string, at: Instant): void {
    if (key !== 'direction.json' || !this.direction) return;
    if (this.direction.direction === 'primary→dr') this.servesElsewhereSince = undefined;
    else this.servesElsewhereSince ??= at;
  }

  #seeWorld({ what, ...fact }: Fact, at: Instant): void {
    const inDr = !('bucket' in fact) || fact.bucket !== 'primary';
    if (/^(document|snapshot|object|rot|version)/.test(what) && inDr) this.worldActedAt = at;
  }

  #keep(key: string, body: Uint8Array | undefined, by: Actor, at: Instant): void {
    if (!body) return;
    const reading = readingOf(key, body);
    this.#documents.set(key, { reading, by, at });
    if (!this.bornAt.has(key)) this.bornAt.set(key, at);
    if (key.startsWith('points/')) setOrDelete(this.points, key.slice(7, -5), reading);
    if (key.startsWith('drills/') || /^failovers\/[^/]+\.json$/.test(key)) setOrDelete(this.runs, key, reading);
  }

  #forget(key: string): void {
    this.#documents.delete(key);
    this.points.delete(key.slice(7, -5));
    this.runs.delete(key);
  }

  #seeSnapshot({ pointId, dataAt, data, site }: SnapshotTruth, change: { at: Instant; by: Actor }): void {
    if (pointId === undefined) return;
    if (dataAt !== undefined && data) this.data.set(pointId, { dataAt, data });
    if (site === 'dr') this.copies.set(pointId, change);
  }

  #seeObject(fact: Extract<Fact, { what: 'object' | 'object-deleted' | 'rot' }>, at: Instant): void {
    const isServed = fact.by === 'world' && this.servesElsewhereSince !== undefined;
    const written = isServed ? 'served' : 'written';
    const how = fact.what === 'rot' ? 'rot' : fact.what === 'object' ? written : 'deleted';
    if (fact.bucket === 'replica') this.replica.set(fact.key, { at, by: fact.by, how });
    if (fact.bucket === 'replica' && fact.what === 'object') {
      this.#hadInReplica.add(`${fact.bytes.blake2b} ${fact.key}`);
    }
    if (fact.bucket !== 'primary') return;
    if (how === 'deleted') this.deletedAtPrimary.set(fact.key, at);
    if (fact.what === 'object') this.replacedAtPrimary.set(fact.key, at);
  }

  hadInReplica(key: string, blake2b: string): boolean {
    return this.#hadInReplica.has(`${blake2b} ${key}`);
  }

  #seeRun(fact: Fact, truth: Truth): void {
    const at = truth.now;
    if (fact.what === 'listed') this.#findsOf(fact.by).listings[fact.bucket] = fact.since;
    if (fact.what === 'object-read' && fact.bucket === 'replica') {
      this.#findsOf(fact.by).reads.push({ key: fact.key, at, blake2b: fact.blake2b });
    }
    if (fact.what === 'run-began') {
      this.#seeAsked(truth.run(fact.by));
      this.said.set(fact.by, []);
      this.going.add(fact.by);
    }
    if (fact.what === 'run-began' || fact.what.startsWith('fault')) this.#lookAtServices(truth);
    if (fact.what !== 'run-ended') return;
    this.going.delete(fact.by);
    if (fact.ending.how === 'returned') this.#learn(this.#findsOf(fact.by), at, truth.run(fact.by));
    this.#finds.delete(fact.by);
  }

  #seeAsked({ id: by, job, request }: RunTruth): void {
    if (job !== 'failover-start' && job !== 'failback-start') return;
    const { acceptUnfenced = false } = (request ?? {}) as { acceptUnfenced?: boolean };
    this.asked.push({ by, job, acceptUnfenced });
  }

  #findsOf(run: number): Finds {
    const finds = this.#finds.get(run) ?? noFinds();
    this.#finds.set(run, finds);
    return finds;
  }

  /** A comparison is one that listed both buckets to their ends, and could write it down. */
  #compare({ id, job, skewMs }: RunTruth, told: Instant): void {
    const { primary, replica } = this.#findsOf(id).listings;
    if (job !== 'reconcile' || primary === undefined || replica === undefined) return;
    const since = Math.min(primary, replica);
    const first = Number.isFinite(this.compared.first) ? this.compared.first : told;
    Object.assign(this.compared, { since, told, skewMs, first });
  }

  #learn({ listings: { replica: since }, reads }: Finds, known: Instant, { job }: RunTruth): void {
    if (job === 'reconcile' && since !== undefined && since > this.listed.since) {
      Object.assign(this.listed, { since, told: known });
    }
    for (const read of reads) this.reads.set(read.key, { ...read, known });
  }

  #lookAtServices({ services, now }: Truth): void {
    const kept = this.services;
    const since = {} as Record<keyof DrServices, Instant>;
    for (const name of Object.keys(services) as (keyof DrServices)[]) {
      since[name] = kept && kept.is[name] === services[name] ? kept.since[name] : now;
    }
    this.services = { is: { ...services }, since };
  }
}

function setOrDelete<T>(map: Map<string, T>, key: string, reading: Reading | undefined): void {
  if (reading?.ok) map.set(key, reading.value as T);
  else map.delete(key);
}

export function saidBy<T>(found: Remembered | undefined): T | undefined {
  return found?.reading?.ok ? (found.reading.value as T) : undefined;
}
