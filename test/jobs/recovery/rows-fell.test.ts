import { beforeEach, describe, expect, it } from 'vitest';
import { acceptPoint } from '../../../src/jobs/points/accept.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { artifactWorld, protect } from '../../setup/artifact-world.ts';
import { finishRun } from '../../setup/memory-recovery.ts';
import { type TestClock, testPolicy } from '../../setup/policy.ts';
import { codes, drill } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

let ports: MemoryPorts;
let clock: TestClock;
/** A new point whose database has so many packages, and what a drill of it came to. */
let drilled: (packages: number) => Promise<{ id: string; state: string; found: string[] }>;

beforeEach(async () => {
  const world = await artifactWorld();
  ({ ports, clock } = world);
  const first = await protect(world);
  await acceptPoint(ports, first.id);
  drilled = async (packages) => {
    ports.inspection.answer = (report) => ({
      ...report,
      tables: report.tables.map((each) => (each.name === 'origin_packages' ? { ...each, rows: packages } : each)),
    });
    const { id } = await protect(world);
    clock.passMinutes(1);
    const run = await finishRun(ports, await drill(ports));
    clock.passMinutes(1);
    return { id, state: run.state, found: codes(run) };
  };
});
const told = async () => {
  const { recoverable, point, findings } = await readiness(ports, testPolicy);
  return { recoverable, point, rejected: findings.find(({ code }) => code === 'POINT_REJECTED') };
};

describe('rows that fell because somebody meant to delete them', () => {
  it('are accepted by the point in which a drill missed them, and what comes later is held against it', async () => {
    expect((await drilled(10)).state).toBe('passed');
    const less = await drilled(5);
    expect([less.state, less.found]).toEqual(['failed', ['ROWS_FELL']]);
    const before = await told();
    expect(before.point).not.toBe(less.id);
    expect(before.rejected?.hint).toContain('builder-dr points accept ID');
    await acceptPoint(ports, less.id);
    expect(await told()).toMatchObject({ point: less.id, rejected: undefined });
    expect(await drilled(5)).toMatchObject({ state: 'passed', found: [] });
    expect(await drilled(3)).toMatchObject({ state: 'failed', found: ['ROWS_FELL'] });
  });

  it('are accepted also by a clock that is behind', async () => {
    await drilled(10);
    const { id } = await drilled(5);
    const behind = { ...ports, clock: () => new Date(clock.now.getTime() - 5 * 3_600_000) };
    await acceptPoint(behind, id);
    expect((await told()).point).toBe(id);
  });

  it('are accepted once: of a point in which none fell it is no answer', async () => {
    await drilled(10);
    const { id } = await drilled(5);
    await acceptPoint(ports, id);
    await expect(acceptPoint(ports, id)).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: `point ${id} is protected, not suspect, and no drill found ROWS_FELL in it`,
    });
  });

  it('are told with what to type where no point is left', async () => {
    await drilled(10);
    // All that the first ones had is gone.
    for (const each of [...ports.database.held.keys()]) ports.database.held.delete(each);
    const { id, state } = await drilled(5);
    expect(state).toBe('failed');
    const { recoverable, point, rejected } = await told();
    expect([recoverable, point, rejected?.samples]).toEqual([false, null, [id]]);
  });
});
