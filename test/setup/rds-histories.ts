import fc from 'fast-check';
import { DrError, type DrErrorCode } from '../../src/errors.ts';
import type { MemoryPorts } from '../world/ports.ts';

/** States in which RDS documents that an instance can be connected to. */
export const connectable = [
  'available',
  'backing-up',
  'configuring-enhanced-monitoring',
  'configuring-iam-database-auth',
  'configuring-log-exports',
  'storage-initialization',
  'storage-optimization',
];
const passing = [
  'creating',
  'modifying',
  'rebooting',
  'maintenance',
  'resetting-master-credentials',
  'starting',
  'pondering',
];
const final = [
  'failed',
  'inaccessible-encryption-credentials',
  'incompatible-create',
  'incompatible-network',
  'incompatible-option-group',
  'incompatible-parameters',
  'incompatible-restore',
  'insufficient-capacity',
  'restore-error',
  'storage-full',
];

const rarely = <T>(one: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: one });

/** One instance: the states that it goes through, each for some passes, and the one in which it stays. */
const life = fc.record({
  states: fc.array(fc.tuple(fc.constantFrom(...passing), fc.integer({ min: 1, max: 6 })), { maxLength: 3 }),
  stays: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...connectable) },
    { weight: 3, arbitrary: fc.constantFrom(...final) },
    { weight: 1, arbitrary: fc.constantFrom(...passing) },
  ),
  engine: fc.oneof(
    { weight: 6, arbitrary: fc.constant('postgres 17.10') },
    { weight: 1, arbitrary: fc.constantFrom('postgres 17.12', 'postgres 18.1') },
  ),
  /** Passes from its first usable state until backups that were asked for are on. */
  turnsBackupsOnAfter: fc.integer({ min: 1, max: 9 }),
  /** After so many passes it dies, whatever it was. */
  diesAfter: rarely(fc.integer({ min: 4, max: 30 })),
});

type Call = 'done' | 'lost' | DrErrorCode;
/** What becomes of one call. `lost`: it is done, and nobody hears of it. */
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: fc.constant('done' as const) },
  { weight: 1, arbitrary: fc.constant('lost' as const) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<DrErrorCode>(
      'NO_CAPACITY',
      'COMBINATION_REFUSED',
      'QUOTA_EXCEEDED',
      'KMS_UNUSABLE',
      'INVALID_STATE',
      'THROTTLED',
      'ACCESS_DENIED',
      'REMOTE_FAILED',
      'SITE_UNREACHABLE',
    ),
  },
);
const report = fc.oneof(
  { weight: 6, arbitrary: fc.constant('good' as const) },
  { weight: 1, arbitrary: fc.constantFrom('no-login', 'error', 'silent', 'wrong-owner') },
);
/** Some in turn; then the last of them for ever, or everything goes well. */
const turns = <T>(one: fc.Arbitrary<T>, well: T) =>
  fc
    .tuple(fc.array(one, { maxLength: 6 }), fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)))
    .map(([some, forEver]) =>
      Object.assign((time: number): T => some[time] ?? (forEver ? (some.at(-1) ?? well) : well), {
        [fc.toStringMethod]: () => `${some.join(', ')}${forEver ? ', for ever' : ''}`,
      }),
    );

export const history = fc.record({
  lives: fc.array(life, { minLength: 1, maxLength: 5 }),
  restore: turns<Call>(call, 'done'),
  password: turns<Call>(call, 'done'),
  backups: turns<Call>(call, 'done'),
  wake: turns<Call>(call, 'done'),
  reports: turns<string>(report, 'good'),
  fence: fc.oneof({ weight: 4, arbitrary: fc.constant('obeys' as const) }, fc.constantFrom('dark', 'refuses')),
  acceptUnfenced: fc.boolean(),
  minutesAPass: fc.integer({ min: 2, max: 10 }),
  abortAfter: rarely(fc.integer({ min: 0, max: 40 })),
  resumes: fc.integer({ min: 0, max: 2 }),
  /** In these passes the process dies at this call. */
  deaths: fc.array(
    fc.record({
      pass: fc.integer({ min: 0, max: 25 }),
      call: fc.integer({ min: 1, max: 30 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
    { maxLength: 3 },
  ),
});
export type History = typeof history extends fc.Arbitrary<infer H> ? H : never;

type Ages = Map<string, { life: History['lives'][number]; age: number; waited: number }>;

/** What AWS does between two passes. */
function goOn(instances: MemoryPorts['instances'], now: History, ages: Ages): void {
  for (const each of instances.held.values()) {
    const found = ages.get(each.name) ?? {
      life: now.lives[ages.size % now.lives.length] as History['lives'][number],
      age: 0,
      waited: 0,
    };
    ages.set(each.name, found);
    const { life: own } = found;
    found.age += 1;
    each.engineVersion = own.engine;
    if (each.retentionAsked === undefined) each.pending = false;
    if (found.age >= (own.diesAfter ?? Number.POSITIVE_INFINITY)) {
      each.status = 'failed';
      continue;
    }
    let left = found.age;
    const still = own.states.find(([, passes]) => {
      left -= passes;
      return left <= 0;
    });
    const up = each.host !== undefined;
    if (!up) each.status = still?.[0] ?? own.stays;
    if (connectable.includes(each.status)) Object.assign(each, { host: '127.0.0.1', port: 5432 });
    if (each.retentionAsked === undefined) continue;
    found.waited += 1;
    if (found.waited < own.turnsBackupsOnAfter) continue;
    instances.restarts.push(each.name);
    Object.assign(each, { backupRetentionDays: each.retentionAsked, retentionAsked: undefined, pending: false });
    each.status = 'backing-up';
  }
}

/** Makes the world go that way; answers what AWS does between two passes. */
export function followHistory(ports: MemoryPorts, now: History): () => void {
  const { instances, inspection, fence } = ports;
  const ages: Ages = new Map();
  const times: Record<string, number> = {};
  const turn =
    <A extends unknown[], R>(name: 'restore' | 'password' | 'backups' | 'wake', real: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const time = times[name] ?? 0;
      times[name] = time + 1;
      const what = now[name](time);
      if (what !== 'done' && what !== 'lost') throw new DrError(what, `${name}: ${what}`, { site: 'dr' });
      const result = await real(...args);
      if (what === 'lost') throw new DrError('SITE_UNREACHABLE', `${name}: TimeoutError`, { site: 'dr' });
      return result;
    };
  instances.restore = turn('restore', instances.restore);
  instances.setPassword = turn('password', instances.setPassword);
  instances.turnBackupsOn = turn('backups', instances.turnBackupsOn);
  inspection.start = turn('wake', inspection.start);
  let reports = 0;
  inspection.answer = (said) => {
    const what = now.reports(reports);
    reports += 1;
    if (what === 'silent') return undefined;
    if (what === 'error') return { ...said, error: 'connection refused' };
    if (what === 'wrong-owner') return { ...said, tables: said.tables.map((each) => ({ ...each, owner: 'postgres' })) };
    const ok = what === 'good';
    return { ...said, smoke: [{ name: 'database', ok, detail: ok ? 'logged in' : 'connection refused' }] };
  };
  fence.dark = now.fence === 'dark';
  if (now.fence === 'refuses') fence.refused = new DrError('ACCESS_DENIED', 'AccessDenied: not yours');
  return () => {
    goOn(instances, now, ages);
    fence.finish();
  };
}
