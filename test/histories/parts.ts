import type { Ports } from '../../src/core/ports/all.ts';
import type { RecoveryWorld } from '../setup/recovery-world.ts';
import { retention } from '../setup/retention.ts';
import { judgeOf } from '../simulation/oracle/judge.ts';
import type { Fact, Judge, RunTruth, Truth, Violation } from '../simulation/truth.ts';
import { type Look, Mirror } from './mirror.ts';

type Port = keyof Ports & string;
/** Which part of the world is looked at after a call of this port. What RDS does by itself is seen no later than the run sees it. */
const looksAfter: Partial<Record<Port, [RegExp, Look[]]>> = {
  vault: [/^(put|remove)/, ['vault']],
  replica: [/^(copy|replace)/, ['buckets']],
  displaced: [/^(copy|replace)/, ['buckets']],
  removal: [/^(hide|release)/, ['buckets']],
  database: [/./, ['snapshots']],
  fence: [/./, ['writers']],
  instances: [/./, ['instances']],
  cutOver: [/./, ['instances']],
};

/** The sandbox as the oracle sees it: real parts behind the same `Truth` and the same facts. */
export class Parts {
  readonly world: RecoveryWorld;
  readonly mirror: Mirror;
  readonly violations: Violation[] = [];
  readonly runs = new Map<number, RunTruth>();
  readonly ports: Ports;
  /** What runs ended with that threw: by job and code. */
  readonly threw: string[] = [];
  calls = 0;
  messages = 0;
  #actor = 0;
  #judge: Judge | undefined;

  constructor(world: RecoveryWorld) {
    this.world = world;
    this.mirror = new Mirror(world, (fact) => this.see(fact));
    this.ports = this.#watched(world.ports);
  }

  async begin(): Promise<void> {
    for (const { key, checksum } of this.world.builder.packages) this.mirror.names(key, checksum);
    await this.mirror.readRows();
    await this.mirror.look('world', 'buckets', 'snapshots', 'instances', 'writers');
    this.#judge = judgeOf(this.truth);
  }

  see(fact: Fact): void {
    this.violations.push(...(this.#judge?.see(fact) ?? []));
  }

  atRest(passes: number): void {
    this.violations.push(...(this.#judge?.atRest({ passes, messages: this.messages }) ?? []));
  }

  /** One run of a job, from its beginning to its end; an error that it ends with is told, and answered. */
  async run<T>(job: string, request: unknown, work: (ports: Ports) => Promise<T>): Promise<T | undefined> {
    const by = this.runs.size + 1;
    this.runs.set(by, { id: by, job, request, startedAt: Date.now(), skewMs: 0, calls: 0 });
    this.#actor = by;
    this.see({ what: 'run-began', by });
    try {
      const value = await work(this.ports);
      await this.mirror.look(by, 'vault', 'snapshots', 'instances');
      this.see({ what: 'run-ended', by, ending: { how: 'returned', value }, met: [] });
      return value;
    } catch (error) {
      const { code = 'UNKNOWN', message, subject } = error as { code?: string; message: string; subject?: string };
      this.threw.push(`${job} ${code}`);
      this.see({ what: 'run-ended', by, ending: { how: 'threw', code, message, subject }, met: [] });
      return undefined;
    }
  }

  get truth(): Truth {
    const { mirror, world, runs } = this;
    const { policy } = world.world;
    return {
      get now() {
        return Date.now();
      },
      policy: { ...policy, retention: retention({ last: 3 }) },
      vault: {
        get: (key) => mirror.documents.get(key),
        keys: (prefix) => [...mirror.documents.keys()].filter((key) => key.startsWith(prefix)),
      },
      reverseVault: undefined,
      buckets: {
        primary: mirror.bucket('primary'),
        replica: mirror.bucket('replica'),
        displaced: mirror.bucket('displaced'),
      },
      get database() {
        return mirror.rows;
      },
      snapshots: (site) => mirror.snapshotsAt[site].values(),
      instances: () => mirror.instances.values(),
      writable: (site) => (site === 'primary' ? mirror.writable : { database: false, bucket: false }),
      services: { kmsUsable: true, classOrderable: true, subnetGroup: true, parameterGroup: true, credentials: true },
      primaryAnswers: true,
      escrowOpens: (key) => mirror.documents.has(key),
      secrets: [],
      run: (id) => runs.get(id) as RunTruth,
      faults: [],
      lastFaultAt: undefined,
      queued: 0,
    };
  }

  #watched(ports: Ports): Ports {
    const watch = (name: Port, port: object): object =>
      new Proxy(port, {
        get: (target, method) => {
          const value = Reflect.get(target, method) as unknown;
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) =>
            this.#call(name, String(method), args, () => Reflect.apply(value, target, args));
        },
      });
    const names = [...Object.keys(looksAfter), 'primaryArtifacts', 'notifier', 'signals'] as Port[];
    return { ...ports, ...Object.fromEntries(names.map((name) => [name, watch(name, ports[name] as object)])) };
  }

  #call(port: Port, method: string, args: unknown[], work: () => unknown): unknown {
    this.calls += 1;
    const by = this.#actor;
    const bucket = port === 'primaryArtifacts' ? 'primary' : port === 'replica' ? 'replica' : undefined;
    if (bucket && method === 'pages' && args[0] === undefined) {
      return this.#listed(by, bucket, work() as AsyncIterable<unknown>);
    }
    const result = work();
    if (!(result instanceof Promise)) return result;
    if (bucket && method === 'open') {
      const key = String(args[0]);
      return result.then((stream: unknown) => {
        const { blake2b = '' } = this.mirror.bucket(bucket).current(key) ?? {};
        this.see({ what: 'object-read', by, bucket, key, blake2b });
        return stream;
      });
    }
    const [changes, looks] = looksAfter[port] ?? [];
    return result.finally(async () => {
      if (port === 'notifier' && method === 'publish') this.#published(by, args[0]);
      if (looks && changes?.test(method)) await this.mirror.look(by, ...looks);
    });
  }

  #published(by: number, message: unknown): void {
    this.messages += 1;
    this.see({ what: 'message', by, message: message as never });
  }

  async *#listed(by: number, bucket: 'primary' | 'replica', pages: AsyncIterable<unknown>): AsyncIterable<unknown> {
    const since = Date.now();
    yield* pages;
    this.see({ what: 'listed', by, bucket, since });
  }
}
