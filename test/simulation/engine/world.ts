import { sodiumEngine, wasmEngine } from '../../../src/adapters/hash-engines.ts';
import type { Policy } from '../../../src/core/policy.ts';
import { DrError } from '../../../src/errors.ts';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { testPolicy } from '../../setup/policy.ts';
import { retention } from '../../setup/retention.ts';
import { buckets } from '../../world/bucket.ts';
import { type MemoryPorts, memoryPorts } from '../../world/ports.ts';
import type { Actor, Data, Fact, FaultTruth, Judge, RunTruth, Truth, Violation, Writable } from '../truth.ts';
import { Builder } from './builder.ts';
import { bucketTruth, identityOf, watchBucket } from './bytes.ts';
import { bldr, signer } from './pool.ts';
import { SimQueue } from './queue.ts';
import { Reverse } from './reverse.ts';
import { Scheduler, type SimRun, type Watch } from './scheduler.ts';
import { Services } from './services.ts';
import type { Surroundings } from './surroundings.ts';

export const simulationPolicy: Policy = {
  ...testPolicy,
  // How long anything takes here says nothing about a failover's time.
  rtoTargetMinutes: 1_000_000,
  retention: retention({ last: 3, hourly: 5, confirmAbovePercent: 100 }),
};

const BEGIN = Date.parse('2026-11-22T14:00:10Z');
const sodium = sodiumEngine();

/** A whole world, what truly is in it, and who is told. One at a time in a thread: its buckets have one name. */
export class SimWorld implements Surroundings {
  readonly clock = { now: BEGIN };
  readonly ports: MemoryPorts;
  readonly queue = new SimQueue();
  readonly builder: Builder;
  readonly services: Services;
  readonly reverse = new Reverse(this);
  readonly scheduler: Scheduler;
  readonly runs = new Map<number, RunTruth>();
  readonly violations: (Violation & { step: number })[] = [];
  readonly faults: FaultTruth[] = [];
  lastFaultAt: number | undefined;
  actor: Actor = 'world';
  judge: Judge | undefined;
  messages = 0;
  /** What the relay makes of events now. */
  relay: 'once' | 'lost' | 'twice' = 'once';
  /** Documents that were damaged, as they were. */
  readonly broken = new Map<string, { was: Buffer; damaged: Buffer }>();
  readonly endings = new Map<string, number>();
  #writable: Record<'primary' | 'dr', Writable>;
  #names = 0;

  constructor(keepLog: boolean) {
    this.ports = memoryPorts(() => new Date(this.clock.now), 'simulated');
    this.ports.queue = this.queue as unknown as MemoryPorts['queue'];
    this.ports.hashEngine = () => Promise.resolve(sodium ?? wasmEngine(2));
    this.ports.newId = () => {
      this.#names += 1;
      return `id-${this.#names}`;
    };
    this.ports.replica.keepVersions();
    const watch: Watch = {
      act: (run, work) => this.as(run.id, work),
      gave: (run, call, args) => this.#read(run, call, args),
      listed: (run, call, since) => this.#listed(run, call, since),
    };
    this.scheduler = new Scheduler(this.clock, watch, keepLog);
    this.builder = new Builder(this.ports, (fact) => this.tell(fact));
    this.services = new Services(this);
    this.#writable = { primary: this.writable('primary'), dr: this.writable('dr') };
    this.#watch();
  }

  /** Keys are in escrow, as an operator left them there. */
  async prepare(): Promise<void> {
    const file = (name: string, text: string) => ({ name, mode: 0o400, content: Buffer.from(text) });
    await escrowKeys(this.ports, [
      file(`bldr-${bldr.revision}.box.key`, bldr.secretText),
      file('bldr.env', 'export PG_EXT_ENABLED=true\n'),
      file(`${signer.name}.pub`, signer.publicText),
    ]);
    for (const name of ['database', 's3-key-id', 's3-secret-key']) {
      this.ports.secrets.values.set(`secretsmanager:builder/${name}`, `secret of ${name}`);
    }
  }

  tell(fact: Fact): void {
    for (const violation of this.judge?.see(fact) ?? []) {
      this.violations.push({ ...violation, step: this.scheduler.steps });
    }
  }

  /** Does something in the name of somebody. */
  as<T>(actor: Actor, work: () => T): T {
    const before = this.actor;
    this.actor = actor;
    try {
      return work();
    } finally {
      this.actor = before;
      this.lookAtWriters(actor);
    }
  }

  writable(site: 'primary' | 'dr'): Writable {
    if (site === 'primary') {
      // No Builder runs on a database that has another name by now: its bucket is free to be a replica.
      const bucket = this.builder.bucketTakesWrites && this.ports.fence.renamed === undefined;
      return { database: this.builder.databaseTakesWrites, bucket };
    }
    const sent = this.builder.nodesSentTo !== undefined && !this.builder.drFenced;
    return { database: sent, bucket: sent };
  }

  lookAtWriters(by: Actor): void {
    for (const site of ['primary', 'dr'] as const) {
      const before = this.#writable[site];
      const now = this.writable(site);
      if (now.database === before.database && now.bucket === before.bucket) continue;
      this.#writable[site] = now;
      this.tell({ what: 'writable', by: site === 'primary' ? this.services.fencedBy(by) : by, site, now, before });
    }
  }

  forgetFence(): void {
    this.services.forgetFence();
  }

  #watch(): void {
    const { vault, notifier, signals } = this.ports;
    const actor = () => this.actor;
    const tell = (fact: Fact) => this.tell(fact);
    watchBucket('primary', this.ports.primaryArtifacts, actor, tell);
    watchBucket('replica', this.ports.replica, actor, tell);
    watchBucket('displaced', this.ports.displaced, actor, tell);
    const { documents } = vault;
    const set = documents.set.bind(documents);
    const remove = documents.delete.bind(documents);
    documents.set = (key, document) => {
      const before = documents.get(key)?.body;
      set(key, document);
      this.tell({ what: 'document', by: this.actor, key, body: document.body, before });
      return documents;
    };
    documents.delete = (key) => {
      const before = documents.get(key)?.body;
      const gone = remove(key);
      if (before) this.tell({ what: 'document-removed', by: this.actor, key, before });
      return gone;
    };
    vault.putStream = async (key, chunks) => {
      const by = this.actor;
      if (documents.has(key)) return 'exists';
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      if (documents.has(key)) return 'exists';
      await this.as(by, () => vault.putBytes(key, Buffer.concat(parts), undefined));
      return 'written';
    };
    const { publish } = notifier;
    notifier.publish = async (message) => {
      this.messages += 1;
      this.tell({ what: 'message', by: this.actor, message });
      await publish(message);
    };
    const { resolve, values } = this.ports.secrets;
    this.ports.secrets.resolve = async (reference) =>
      values.get(reference.replace(/^secretsmanager:/, '')) ?? resolve(reference);
    const { emit } = signals;
    signals.emit = async (detailType, detail) => {
      this.tell({ what: 'event', by: this.actor, detailType, detail });
      await emit(detailType, detail);
    };
    const { send } = this.queue;
    this.queue.send = async (messages) => {
      this.tell({ what: 'queued', by: this.actor, count: messages.length });
      await send.call(this.queue, messages);
    };
  }

  /** Bytes that a run has got it can know. */
  #read(run: SimRun, call: string, args: readonly unknown[]): void {
    const bucket = bucketOf(call);
    if (!bucket || !call.endsWith('.open')) return;
    const [key, , ofVersion] = args as [string, string | undefined, string | undefined];
    const store = {
      primary: this.ports.primaryArtifacts,
      replica: this.ports.replica,
      displaced: this.ports.displaced,
    };
    const { body } = store[bucket].versions.find(key, ofVersion);
    this.tell({ what: 'object-read', by: run.id, bucket, key, blake2b: identityOf(body) });
  }

  #listed(run: SimRun, call: string, since: number): void {
    const bucket = bucketOf(call);
    if (bucket && bucket !== 'displaced') this.tell({ what: 'listed', by: run.id, bucket, since });
  }

  begin(fault: Omit<FaultTruth, 'since'>): void {
    const began = { ...fault, since: this.clock.now };
    this.faults.push(began);
    this.lastFaultAt = this.clock.now;
    this.tell({ what: 'fault-began', by: 'world', fault: began });
  }

  end(kind: string, subject?: string): void {
    for (const fault of this.faults.filter(
      (each) => each.kind === kind && (subject ?? each.subject) === each.subject,
    )) {
      this.faults.splice(this.faults.indexOf(fault), 1);
      this.lastFaultAt = this.clock.now;
      this.tell({ what: 'fault-ended', by: 'world', fault });
    }
  }

  readonly truth: Truth = truthOf(this);

  /** Buckets are known by their names in a process; a simulation makes many. */
  dispose(): void {
    for (const { bucket } of [this.ports.primaryArtifacts, this.ports.replica, this.ports.displaced]) {
      buckets.delete(bucket);
    }
  }
}

function bucketOf(call: string): 'primary' | 'replica' | 'displaced' | undefined {
  if (call.startsWith('primaryArtifacts.')) return 'primary';
  if (call.startsWith('replica.')) return 'replica';
  return call.startsWith('displaced.') ? 'displaced' : undefined;
}

function truthOf(world: SimWorld): Truth {
  const vault = {
    get: (key: string) => world.ports.vault.documents.get(key)?.body,
    *keys(prefix: string) {
      for (const key of world.ports.vault.documents.keys()) if (key.startsWith(prefix)) yield key;
    },
  };
  const there = () => true;
  let made: Truth['buckets'] | undefined;
  return {
    get now() {
      return world.clock.now;
    },
    policy: simulationPolicy,
    vault,
    reverseVault: undefined,
    get buckets() {
      made ??= {
        primary: bucketTruth(world.ports.primaryArtifacts, there),
        replica: bucketTruth(world.ports.replica, there),
        displaced: bucketTruth(world.ports.displaced, there),
      };
      return made;
    },
    get database(): Data | undefined {
      return world.builder.data;
    },
    snapshots: (site) => world.services.snapshots(site),
    instances: () => world.services.instances(),
    writable: (site) => world.writable(site),
    get services() {
      return world.services.dr;
    },
    get primaryAnswers() {
      return !world.scheduler.dark.has('primary');
    },
    escrowOpens: (key) => world.services.kmsUsable && world.ports.vault.documents.has(key),
    get secrets() {
      return [bldr.secretText.split('\n')[3] ?? '', ...world.ports.secrets.values.values()];
    },
    run: (id) => {
      const found = world.runs.get(id);
      if (!found) throw new DrError('RUN_UNKNOWN', `no run ${id} in this simulation`);
      return found;
    },
    get faults() {
      return world.faults;
    },
    get lastFaultAt() {
      return world.lastFaultAt;
    },
    get queued() {
      return world.queue.waiting;
    },
  };
}
