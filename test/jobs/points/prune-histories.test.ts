import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snapshotName } from '../../../src/core/ids.ts';
import type { Point } from '../../../src/core/points/documents.ts';
import { isProtected } from '../../../src/core/points/point.ts';
import { acceptPoint } from '../../../src/jobs/points/accept.ts';
import { holdPoint, releasePoint } from '../../../src/jobs/points/hold.ts';
import { prune } from '../../../src/jobs/points/prune.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import { readPoints, updatePoint } from '../../../src/jobs/vault/points.ts';
import { readRuns, updateRun } from '../../../src/jobs/vault/runs.ts';
import { dyingPorts, Killed } from '../../setup/dying.ts';
import { testPolicy } from '../../setup/policy.ts';
import { histories } from '../../setup/retention.ts';
import { agedWorld, archivedKeys, plantPoint, retaining } from '../../setup/retention-world.ts';
import type { MemoryPorts } from '../../world/ports.ts';

type World = Awaited<ReturnType<typeof agedWorld>>;
const pointsOf = async (ports: MemoryPorts) => (await readPoints(ports.vault)).points;
const refused = (error: unknown): void => {
  if (!(error instanceof Killed) && !(error instanceof Error && 'code' in error)) throw error;
};

/** What happens to a site; each takes a number that chooses among what there is. */
const events = {
  async capture({ ports, clock }: World, n: number) {
    clock.passMinutes(30 + (n % 5) * 400);
    const states: Point['state'][] = ['protected', 'protected', 'protected', 'failed', 'capturing'];
    await plantPoint(ports, clock.now, { state: states[n % 7] ?? 'protected' });
  },
  async suspect({ ports, clock }: World) {
    clock.passMinutes(60);
    await plantPoint(ports, clock.now, { state: 'suspect' });
  },
  async accept({ ports }: World) {
    for (const { id, state } of await pointsOf(ports)) if (state === 'suspect') await acceptPoint(ports, id);
  },
  async prove({ ports }: World, n: number) {
    const all = (await pointsOf(ports)).filter((each) => each.state === 'protected');
    const one = all[n % Math.max(1, all.length)];
    if (one) await updatePoint(ports, one.id, (point) => ({ ...point, state: 'proven' }));
  },
  async hold({ ports, clock }: World, n: number) {
    const all = await pointsOf(ports);
    const one = all[n % Math.max(1, all.length)];
    const until = new Date(clock.now.getTime() + (n % 20) * 3_600_000 + 1);
    if (one) await (n % 3 === 0 ? releasePoint(ports, one.id) : holdPoint(ports, one.id, 'x', until)).catch(refused);
  },
  async drill({ ports, clock }: World, n: number) {
    const all = (await pointsOf(ports)).filter(isProtected);
    const point = n % 2 === 0 ? 'latest' : (all[n % Math.max(1, all.length)]?.id ?? 'latest');
    await startDrill(ports, testPolicy, { kind: 'drill', point, readAll: false, at: clock.now }).catch(refused);
  },
  async end({ ports }: World) {
    for (const run of (await readRuns(ports.vault)).runs)
      await updateRun(ports, run, (now) => ({ ...now, state: 'failed' }));
  },
  async stranger({ ports }: World, n: number) {
    const where = n % 2 === 0 ? ports.database.snapshots : ports.database.held;
    const one = [...where.values()][n % Math.max(1, where.size)];
    if (one) one.pointId = n % 3 === 0 ? undefined : 'somebody';
  },
  async share({ ports }: World, n: number) {
    const one = [...ports.database.held.values()][n % Math.max(1, ports.database.held.size)];
    if (one) one.sharedWith = n % 2 === 0 ? ['111122223333'] : [];
  },
  async dark({ ports }: World, n: number) {
    ports.database.dark = n % 3 === 0;
  },
  async clockJumps({ ports }: World, n: number) {
    const at = [new Date(0), new Date('2038-01-19'), new Date(ports.clock().getTime() + 30 * 86_400_000)][n % 3];
    await prunedRightly({ ports: { ...ports, clock: () => at as Date } } as World, 2, true);
  },
  prune: (world: World, n: number) => prunedRightly(world, n, false),
} as const;

const policies = [
  { last: 1 },
  { daily: 1 },
  { weekly: 1 },
  { yearly: 1 },
  { hourly: 2, daily: 2 },
  { last: 2, withinDays: 1 },
  {},
];

/** One prune, perhaps killed half-way, held against what may never happen. */
async function prunedRightly({ ports }: World, n: number, nothing: boolean): Promise<void> {
  const before = await pointsOf(ports);
  const tags = new Map(
    (['snapshots', 'held'] as const).flatMap((where) =>
      [...ports.database[where].values()].map((each) => [`${where} ${each.name}`, { ...each }] as const),
    ),
  );
  const doomed = n % 4 === 1 ? (dyingPorts(ports, 5 + (n % 50), 'after') as MemoryPorts) : ports;
  await prune(doomed, retaining(policies[n % policies.length] ?? {})).catch(refused);
  const after = await pointsOf(ports);
  const newest = (points: Point[], fits: (point: Point) => boolean) => points.findLast(fits)?.id;
  expect(newest(after, isProtected)).toBe(newest(before, isProtected));
  const isProven = (point: Point) => point.state === 'proven';
  expect(newest(after, isProven)).toBe(newest(before, isProven));
  const stays = (point: Point) => after.some((each) => each.id === point.id && each.state === point.state);
  const stopped = nothing || ports.database.dark || before.some((each) => each.state === 'suspect');
  if (stopped) expect(before.filter((each) => !stays(each))).toEqual([]);
  const { runs } = await readRuns(ports.vault);
  const used = new Set(runs.flatMap((run) => (run.state === 'planned' ? run.candidates : [])));
  for (const point of before) {
    const needed = used.has(point.id) || new Date(point.hold?.until ?? 0) > ports.clock();
    if (needed && point.state !== 'expired') expect([point.id, stays(point)]).toEqual([point.id, true]);
  }
  for (const [key, snapshot] of tags) {
    const [where = '', name = ''] = key.split(' ');
    if (ports.database[where as 'snapshots' | 'held'].has(name)) continue;
    const tagged = snapshot.pointId !== undefined && name === snapshotName(snapshot.pointId);
    expect([key, stopped, tagged, snapshot.sharedWith ?? []]).toEqual([key, false, true, []]);
    const kept = after.find((each) => snapshotName(each.id) === name);
    if (kept && where === 'held') expect([key, kept.state]).toEqual([key, 'expired']);
    if (kept && isProtected(kept)) expect(ports.database.held.get(name)?.status).toBe('available');
  }
  expect(new Set(archivedKeys(ports)).size).toBe(archivedKeys(ports).length);
}

describe('any history of a site', () => {
  const names = Object.keys(events) as (keyof typeof events)[];
  const often: (keyof typeof events)[] = ['capture', 'capture', 'capture', 'prune', 'prune', 'prove'];
  const event = fc.tuple(fc.constantFrom(...names, ...often), fc.nat(1_000));

  it('never costs the newest protected or proven point, what is needed, or a snapshot that is not ours', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 30 }), async (history) => {
        const world = await agedWorld([{ hours: 30 }, { hours: 5 }, { hours: 1 }]);
        for (const [name, n] of history) await events[name](world, n);
      }),
      { numRuns: histories(200) },
    );
  });
});
