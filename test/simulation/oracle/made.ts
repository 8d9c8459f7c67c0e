import { testPolicy } from '../../setup/policy.ts';
import { retention } from '../../setup/retention.ts';
import type {
  Actor,
  BucketTruth,
  Bytes,
  Data,
  DrServices,
  Fact,
  InstanceTruth,
  Judge,
  RunTruth,
  SnapshotTruth,
  Truth,
  Violation,
  Writable,
} from '../truth.ts';
import type { Check } from './check.ts';
import { judgeOf } from './judge.ts';

export const BEGIN = Date.parse('2026-11-22T14:00:00Z');
const REVISION = '20260101000000';
export const escrowKey = `keys/escrow/bldr-${REVISION}.box.key.json`;
export const iso = (at: number): string => new Date(at).toISOString();

type Bucket = 'primary' | 'replica' | 'displaced';
type MadeBucket = BucketTruth & { stacks: Map<string, Bytes[]>; hidden: Set<string> };

function madeBucket(): MadeBucket {
  const stacks = new Map<string, Bytes[]>();
  const hidden = new Set<string>();
  const current = (key: string) => (hidden.has(key) ? undefined : stacks.get(key)?.[0]);
  return {
    stacks,
    hidden,
    exists: true,
    current,
    kept: (key) => stacks.get(key) ?? [],
    keys: () => [...stacks.keys()].filter((key) => current(key)),
  };
}

/** A world made by hand, one fact after the other, before one check. */
export class Made {
  now = BEGIN;
  readonly policy = { ...testPolicy, retention: retention({ last: 3 }) };
  readonly documents = new Map<string, Uint8Array>();
  readonly buckets = { primary: madeBucket(), replica: madeBucket(), displaced: madeBucket() };
  readonly held: SnapshotTruth[] = [];
  readonly restored: InstanceTruth[] = [];
  readonly services: DrServices = {
    kmsUsable: true,
    classOrderable: true,
    subnetGroup: true,
    parameterGroup: true,
    credentials: true,
  };
  readonly sites: Record<'primary' | 'dr', Writable> = {
    primary: { database: true, bucket: true },
    dr: { database: false, bucket: false },
  };
  readonly runs = new Map<number, RunTruth>();
  opens = true;
  secrets: string[] = [];
  lastFaultAt: number | undefined;
  queued = 0;
  primaryAnswers = true;
  readonly #judge: Judge;

  constructor(...checks: Check[]) {
    this.#judge = judgeOf(this.#truth(), checks);
  }

  #truth(): Truth {
    const made = this;
    return {
      get now() {
        return made.now;
      },
      get policy() {
        return made.policy;
      },
      vault: {
        get: (key) => made.documents.get(key),
        keys: (prefix) => [...made.documents.keys()].filter((key) => key.startsWith(prefix)),
      },
      reverseVault: undefined,
      buckets: made.buckets,
      database: undefined,
      snapshots: (site) => made.held.filter((each) => each.site === site),
      instances: () => made.restored,
      writable: (site) => made.sites[site],
      services: made.services,
      get primaryAnswers() {
        return made.primaryAnswers;
      },
      escrowOpens: () => made.opens,
      get secrets() {
        return made.secrets;
      },
      run: (id) => made.runs.get(id) as RunTruth,
      faults: [],
      get lastFaultAt() {
        return made.lastFaultAt;
      },
      get queued() {
        return made.queued;
      },
    };
  }

  see(fact: Fact): Violation[] {
    return this.#judge.see(fact);
  }

  rest(passes = 3, messages = 0): Violation[] {
    return this.#judge.atRest({ passes, messages });
  }

  minutes(count: number): void {
    this.now += count * 60_000;
  }

  begin(id: number, job: string, more: Partial<RunTruth> = {}): Violation[] {
    this.runs.set(id, { id, job, request: undefined, startedAt: this.now, skewMs: 0, calls: 0, ...more });
    return this.see({ what: 'run-began', by: id });
  }

  end(by: number, value: unknown = {}, met: Extract<Fact, { what: 'run-ended' }>['met'] = []): Violation[] {
    return this.see({ what: 'run-ended', by, ending: { how: 'returned', value }, met });
  }

  put(by: Actor, key: string, document: unknown): Violation[] {
    const before = this.documents.get(key);
    const body = document instanceof Uint8Array ? document : Buffer.from(JSON.stringify(document));
    this.documents.set(key, body);
    return this.see({ what: 'document', by, key, body, before });
  }

  drop(by: Actor, key: string): Violation[] {
    const before = this.documents.get(key) ?? new Uint8Array();
    this.documents.delete(key);
    return this.see({ what: 'document-removed', by, key, before });
  }

  object(by: Actor, bucket: Bucket, key: string, blake2b: string, readable = true): Violation[] {
    const { stacks, hidden } = this.buckets[bucket];
    const before = this.buckets[bucket].current(key);
    const bytes: Bytes = { etag: `"${blake2b}"`, size: 9, blake2b, since: this.now, readable };
    stacks.set(key, [bytes, ...(stacks.get(key) ?? [])]);
    hidden.delete(key);
    return this.see({ what: 'object', by, bucket, key, bytes, before });
  }

  remove(by: Actor, bucket: Bucket, key: string, keepsVersions = false): Violation[] {
    const before = this.buckets[bucket].current(key) as Bytes;
    if (keepsVersions) this.buckets[bucket].hidden.add(key);
    else this.buckets[bucket].stacks.delete(key);
    return this.see({ what: 'object-deleted', by, bucket, key, before });
  }

  rot(bucket: Bucket, key: string): Violation[] {
    const found = this.buckets[bucket].current(key);
    if (found) found.blake2b = `rotten ${found.blake2b}`;
    return this.see({ what: 'rot', by: 'world', bucket, key });
  }

  snapshot(by: Actor, site: 'primary' | 'dr', pointId: string, data: Data | undefined, dataAt = this.now): Violation[] {
    const name = `hbdr-${pointId}`;
    const status = data ? ('available' as const) : ('creating' as const);
    const snapshot = { name, site, pointId, status, dataAt: data && dataAt, data, startedAt: this.now };
    this.held.push(snapshot);
    return this.see({ what: 'snapshot-begun', by, snapshot });
  }

  removeSnapshot(by: Actor, site: 'primary' | 'dr', pointId: string): Violation[] {
    const index = this.held.findIndex((each) => each.site === site && each.pointId === pointId);
    const [snapshot] = index < 0 ? [] : this.held.splice(index, 1);
    return snapshot ? this.see({ what: 'snapshot-removed', by, snapshot }) : [];
  }
}

export const dataOf = (rows: Record<string, string>, damage?: string): Data => ({
  rows: new Map(Object.entries(rows)),
  revisions: [REVISION],
  damage,
});
