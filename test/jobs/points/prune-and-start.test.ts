import { describe, expect, it } from 'vitest';
import { snapshotName } from '../../../src/core/ids.ts';
import { isProtected } from '../../../src/core/points/point.ts';
import type { ProductionRun, Run, RunOf } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { pinPoint } from '../../../src/jobs/points/pin.ts';
import { prune } from '../../../src/jobs/points/prune.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { readRuns } from '../../../src/jobs/vault/runs.ts';
import { finishRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import { agedWorld, retaining } from '../../setup/retention-world.ts';
import { everyTurn } from '../../setup/turns.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const last1 = retaining({ last: 1 });
const old = '20261125t100000z';
const newWorld = async () => (await agedWorld([{ hours: 2 }, { hours: 1 }])).ports;
const pruning = (ports: MemoryPorts) => prune(ports, last1);
const drilling = (ports: MemoryPorts) =>
  startDrill(ports, testPolicy, { kind: 'drill', point: old, readAll: false, at: ports.clock() });
const failingOver = (ports: MemoryPorts) => start(ports, old, { point: old });

/** Either the run has its point, which is there whole, or the point has expired and no run is about it. */
async function oneHasWon(ports: MemoryPorts, begun: unknown, where: string): Promise<'start' | 'prune'> {
  const { points } = await readPoints(ports.vault);
  const point = points.find((each) => each.id === old);
  const { runs } = await readRuns(ports.vault);
  const about = (run: Run) => [...run.candidates, ...run.attempts.map((each) => each.point)].includes(old);
  const mine = runs.find(about);
  if (begun instanceof Error) {
    expect([where, (begun as DrError).code]).toEqual([
      where,
      expect.stringMatching(/POINT_UNKNOWN|BAD_USAGE|NOT_CONFIRMED/),
    ]);
    expect([where, mine]).toEqual([where, undefined]);
    expect([where, point === undefined || point.state === 'expired']).toEqual([where, true]);
    return 'prune';
  }
  expect([where, mine !== undefined, point && isProtected(point)]).toEqual([where, true, true]);
  expect([where, ports.database.held.has(snapshotName(old))]).toEqual([where, true]);
  return 'start';
}

describe('a start and a prune at once cannot both win, at whichever calls they meet', () => {
  it.each([
    ['a drill, the prune first', pruning, drilling, 1],
    ['a drill, the drill first', drilling, pruning, 0],
  ] as const)('%s', async (_what, first, second, starter) => {
    const winners = new Set<string>();
    const turns = await everyTurn(newWorld, first, second, async (ports, ends, where) => {
      winners.add(await oneHasWon(ports, ends[starter], where));
      await prune(ports, last1);
      await oneHasWon(ports, ends[starter], `${where}, pruned again`);
    });
    expect([...winners].toSorted()).toEqual(['prune', 'start']);
    expect(turns).toBeGreaterThan(100);
  });

  it.each([
    ['the prune first', pruning, failingOver, 1],
    ['the failover first', failingOver, pruning, 0],
  ] as const)('a failover, %s: what begins, ends', async (_what, first, second, starter) => {
    const winners = new Set<string>();
    let begun = 0;
    await everyTurn(newWorld, first, second, async (ports, ends, where) => {
      const winner = await oneHasWon(ports, ends[starter], where);
      winners.add(winner);
      begun += Number(winner === 'start');
      if (winner === 'prune' || begun % 10 > 0) return;
      settle(ports);
      const run = await finishRun(ports, ends[starter] as ProductionRun);
      expect([where, run.state]).toEqual([where, 'done']);
    });
    expect([...winners].toSorted()).toEqual(['prune', 'start']);
  });
});

describe('a pin', () => {
  it('is set before a drill begins, holds while it runs, and is taken back when it is over', async () => {
    const ports = await newWorld();
    const run = (await drilling(ports)) as RunOf<'drill'>;
    const pinsOf = async () => (await readPoints(ports.vault)).points.find((each) => each.id === old)?.pins;
    expect(await pinsOf()).toMatchObject([{ run: `drills/${run.id}.json` }]);
    await advance(ports, testPolicy);
    expect((await prune(ports, last1)).expired).toEqual([]);
    await finishRun(ports, run);
    expect(await pinsOf()).toBeUndefined();
    // The drill has proven it: it is kept for that now.
    expect((await prune(ports, last1)).expired).toEqual([]);
  });

  it('of a start that died before its run was written does not keep the point for ever', async () => {
    const { ports, clock } = await agedWorld([{ hours: 2 }, { hours: 1 }]);
    await pinPoint(ports, old, 'drills/20261125t120000z.json');
    expect((await prune(ports, last1)).expired).toEqual([]);
    clock.passMinutes(61);
    expect((await prune(ports, last1)).removed).toEqual([old]);
  });

  it('of a start that is asked for again counts from then', async () => {
    const { ports, clock } = await agedWorld([{ hours: 2 }, { hours: 1 }]);
    for (const minutes of [0, 90]) {
      clock.passMinutes(minutes);
      await pinPoint(ports, old, 'drills/20261125t120000z.json');
    }
    expect((await prune(ports, last1)).expired).toEqual([]);
  });

  it('is refused by a point that has expired, and by one that is archived', async () => {
    const ports = await newWorld();
    ports.database.refuse.remove = new DrError('INVALID_STATE', 'busy');
    await prune(ports, last1);
    expect(await pinPoint(ports, old, 'drills/x.json')).toBeUndefined();
    ports.database.refuse.remove = undefined;
    await prune(ports, last1);
    expect(await pinPoint(ports, old, 'drills/x.json')).toBeUndefined();
  });

  it('that comes too late in a run with other candidates lets it take the next', async () => {
    const { ports } = await agedWorld([{ hours: 3, state: 'proven' }, { hours: 2 }, { hours: 1 }]);
    const run = await start(ports, '20261125t110000z');
    expect(run.candidates).toEqual(['20261125t110000z', old, '20261125t090000z']);
    const best = '20261125t110000z';
    const doc = JSON.parse(ports.vault.documents.get(`points/${best}.json`)?.body.toString() ?? '{}');
    const at = ports.clock().toISOString();
    doc.state = 'expired';
    doc.history.push({ at, state: 'expired', why: 'by hand' });
    const etag = ports.vault.documents.get(`points/${best}.json`)?.etag;
    await ports.vault.put(`points/${best}.json`, JSON.stringify(doc), etag);
    settle(ports);
    for (let n = 0; n < 6; n += 1) {
      await advance(ports, testPolicy);
      settle(ports);
    }
    const now = (await readRuns(ports.vault)).runs[0];
    expect(now?.attempts.map((each) => each.point)).toEqual([best, old]);
    expect(now?.attempts[0]).toMatchObject({ outcome: 'rejected', why: expect.stringContaining('expired') });
  });
});
