import { beforeEach, describe, expect, it } from 'vitest';
import type { Failback } from '../../../src/core/recovery/documents.ts';
import type { RunOf } from '../../../src/core/recovery/run.ts';
import { startFailback } from '../../../src/jobs/recovery/failback.ts';
import { rowsAre } from '../../setup/artifact-world.ts';
import { finishRun, protectedWorld, settle } from '../../setup/memory-recovery.ts';
import { type TestClock, testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

let ports: MemoryPorts;
let clock: TestClock;
/** The failover that left the database behind. */
let left: string;

beforeEach(async () => {
  const world = await protectedWorld(1);
  ({ ports, clock } = world);
  await rowsAre(world, {});
  const run = await finishRun(ports, await start(ports, world.ids[0] ?? ''));
  left = run.id;
});

const name = (n: number): string => `hbdr-diverged-${left}${n > 1 ? `-${n}` : ''}`;
const goOn = async (): Promise<Failback> => {
  clock.passMinutes(1);
  const { failback } = await startFailback(ports, testPolicy);
  if (!failback) throw new Error('no failback');
  return failback;
};
/** Goes on until a snapshot or a copy of this number is begun, which then fails. */
async function fails(which: 'snapshots' | 'held', n: number): Promise<void> {
  for (let round = 0; round < 9 && !ports.database[which].has(name(n)); round += 1) {
    await goOn();
    if (!ports.database[which].has(name(n))) settle(ports);
  }
  const found = ports.database[which].get(name(n));
  if (!found) throw new Error(`${name(n)} was never begun`);
  found.status = 'failed';
}
async function untilReady(): Promise<Failback> {
  for (let round = 0; round < 30; round += 1) {
    const failback = await goOn();
    if (failback.state === 'ready') return failback;
    settle(ports);
  }
  throw new Error('the failback is never ready');
}

describe('a failback whose snapshot of the old database', () => {
  it.each([
    ['fails', 'snapshots', 'snapshot'],
    ['cannot be copied', 'held', 'the copy of'],
  ] as const)('%s takes another one, says so, and restores that', async (_how, which, what) => {
    await fails(which, 1);
    expect(await goOn()).toMatchObject({
      state: 'capturing-diverged',
      snapshot: name(2),
      problem: `RDS reports ${what} ${name(1)} as failed: ${name(2)} is taken instead`,
    });
    const ready = await untilReady();
    expect(ready).not.toHaveProperty('problem');
    const look = JSON.parse(String((await ports.vault.get(`drills/${ready.run}.json`))?.body)) as RunOf<'look-back'>;
    expect([look.snapshot, look.state]).toEqual([name(2), 'passed']);
    // The one that failed stays: nothing of a database that was left behind is deleted.
    expect(ports.database[which].has(name(1))).toBe(true);
    expect(ports.database.snapshots.get(name(2))?.pointId).not.toBe(ports.database.snapshots.get(name(1))?.pointId);
  });

  it('fails again and again ends at five of them with what to do, and goes on once that is done', async () => {
    for (const n of [1, 2, 3, 4, 5]) await fails('snapshots', n);
    const stuck = await goOn();
    expect(stuck.problem).toBe(
      `RDS reports snapshot ${name(5)} as failed: 5 of them failed. Mend what RDS says of it, then delete ${name(5)}: it is taken again`,
    );
    expect([await goOn(), ports.database.snapshots.has(name(6))]).toEqual([stuck, false]);
    ports.database.snapshots.delete(name(5));
    expect(await untilReady()).toMatchObject({ state: 'ready', snapshot: name(5) });
  });
});
