import { describe, expect, it } from 'vitest';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import { planFailover } from '../../../src/jobs/recovery/failover.ts';
import { keyFile, nodeFile } from '../../setup/memory-cycle.ts';
import { finishRun, protectedWorld } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { drill, start, wrongOwner } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

async function worldThatRejects(points: number) {
  const world = await protectedWorld(points, 0);
  await escrowKeys(world.ports, [keyFile, nodeFile]);
  expect((await readiness(world.ports, testPolicy)).recoverable).toBe(true);
  world.ports.inspection.answer = wrongOwner;
  expect((await finishRun(world.ports, await drill(world.ports))).state).toBe('failed');
  world.clock.passMinutes(1);
  return world;
}

async function told(ports: MemoryPorts) {
  const { recoverable, point, rpoMinutes, findings } = await readiness(ports, testPolicy);
  const text = (code: string) => findings.find((each) => each.code === code)?.text;
  return { recoverable, point, rpoMinutes, rejected: text('POINT_REJECTED'), none: text('NO_PROTECTED_POINT') };
}
const plan = (ports: MemoryPorts) => planFailover(ports, testPolicy, { point: 'latest', planned: false });

describe('a point that a drill has rejected', () => {
  it('gives way to the next older one, whose loss is told, and it is said why', async () => {
    const { ports, ids } = await worldThatRejects(2);
    const said = await told(ports);
    expect(said).toMatchObject({ recoverable: true, point: ids[1], rpoMinutes: 121 });
    expect(said.rejected).toMatch(
      new RegExp(`takes point ${ids[1]}.*${ids[0]} \\(drill .* found DATABASE_OWNER_WRONG`),
    );
  });

  it('is what a failover to the latest leaves out, as planned and as started, and takes where it is named', async () => {
    const { ports, ids } = await worldThatRejects(2);
    const planned = await plan(ports);
    expect([planned.confirm, planned.candidates.map((each) => each.point)]).toEqual([ids[1], [ids[1]]]);
    expect(planned.leftOut).toMatchObject([
      { point: ids[0], rejected: expect.stringContaining('DATABASE_OWNER_WRONG') },
    ]);
    await expect(start(ports, ids[0] ?? '')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    ports.inspection.answer = (report) => report;
    const run = await finishRun(ports, await start(ports, ids[0] ?? '', { point: ids[0] ?? '' }));
    expect([run.state, run.attempts.map((each) => each.point)]).toEqual(['done', [ids[0]]]);
  });

  it('and is the only one makes the site not recoverable; a failover may still try it', async () => {
    const { ports, ids } = await worldThatRejects(1);
    const said = await told(ports);
    expect(said).toMatchObject({ recoverable: false, point: null, rpoMinutes: null });
    expect(said.none).toContain('DATABASE_OWNER_WRONG');
    expect(await plan(ports)).toMatchObject({ confirm: ids[0], leftOut: [] });
  });

  it('is taken again once a later drill of it has passed', async () => {
    const { ports, ids } = await worldThatRejects(2);
    ports.inspection.answer = (report) => report;
    const request = { kind: 'drill', point: ids[0] ?? '', readAll: false, at: ports.clock() } as const;
    expect((await finishRun(ports, await startDrill(ports, testPolicy, request))).state).toBe('passed');
    expect(await told(ports)).toMatchObject({ recoverable: true, point: ids[0], rejected: undefined });
    expect((await plan(ports)).confirm).toBe(ids[0]);
  });

  it('is what a drill of the latest tries again', async () => {
    const { ports, ids } = await worldThatRejects(2);
    expect((await drill(ports)).candidates).toEqual([ids[0]]);
  });
});

describe('a drill that failed', () => {
  it('for nothing that is about its point rejects none', async () => {
    const { ports, clock, ids } = await protectedWorld(2, 0);
    await escrowKeys(ports, [keyFile, nodeFile]);
    ports.inspection.answer = () => undefined;
    const run = await drill(ports);
    clock.passMinutes(testPolicy.drillDeadlineMinutes);
    expect((await finishRun(ports, run)).state).toBe('failed');
    expect(await told(ports)).toMatchObject({ recoverable: true, point: ids[0], rejected: undefined });
  });
});
