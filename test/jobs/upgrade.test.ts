import { describe, expect, it } from 'vitest';
import { current } from '../../src/core/recovery/lifecycle.ts';
import { isProduction, type Run } from '../../src/core/recovery/run.ts';
import { advance } from '../../src/jobs/advance.ts';
import { startFailover } from '../../src/jobs/recovery/failover.ts';
import { readDirection } from '../../src/jobs/vault/direction.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { finishRun, readRun, settle } from '../setup/memory-recovery.ts';
import { testPolicy } from '../setup/policy.ts';
import { newestRun, recordedMoments, worldOf } from '../setup/recorded-world.ts';
import type { MemoryPorts } from '../world/ports.ts';

const moments = recordedMoments();
const of = (...scenarios: string[]) => moments.filter((each) => scenarios.includes(each.scenario));

async function passes(ports: MemoryPorts, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await advance(ports, testPolicy);
    settle(ports);
  }
}

async function document(ports: MemoryPorts, prefix: string) {
  const key = [...ports.vault.documents.keys()].filter((each) => each.startsWith(prefix) && each.endsWith('.json'));
  return JSON.parse((await ports.vault.get(key.sort().at(-1) ?? ''))?.body ?? 'null');
}

/** Resumes a blocked failover by the very request that its record holds. */
async function resumed(ports: MemoryPorts, blocked: Run): Promise<Run> {
  const request = isProduction(blocked) ? blocked.blocked?.resume : undefined;
  if (!request) throw new Error(`failover ${blocked.id} does not say how it goes on`);
  return finishRun(ports, await startFailover(ports, testPolicy, request));
}

describe('what version 0.1.0 had begun is finished', () => {
  it.each(of('point'))('$name: the point is protected', async (moment) => {
    const { ports } = worldOf(moment);
    await passes(ports, 6);
    const { points, unreadable } = await readPoints(ports.vault);
    expect([points.map((each) => each.state), unreadable]).toEqual([['protected', 'protected'], []]);
  });

  it.each(of('drill'))('$name: the drill passes, and leaves nothing', async (moment) => {
    const { ports } = worldOf(moment);
    const run = await finishRun(ports, await newestRun(ports, ['drill']));
    expect([run.kind, run.state, ports.instances.held.size]).toEqual(['drill', 'passed', 0]);
  });

  it.each(of('alarm-test', 'inspecting'))('$name: the alarm test ends by its deadline, as one', async (moment) => {
    const { ports, clock } = worldOf(moment);
    clock.passMinutes(testPolicy.drillDeadlineMinutes);
    const run = await newestRun(ports, ['alarm-test']);
    for (let n = 0; n < 6; n += 1) {
      await advance(ports, testPolicy).catch(() => undefined);
      settle(ports);
    }
    expect((await readRun(ports, run)).state).toBe('failed');
  });

  it.each(of('failover', 'switchover', 'smoke', 'inspecting'))('$name: the failover is done', async (moment) => {
    const { ports, clock } = worldOf(moment);
    // Whoever had been asked for a report is gone with its version: it is asked again.
    if (['inspecting', 'smoke'].includes(moment.scenario)) clock.passMinutes(20);
    const wanted = moment.scenario === 'switchover' ? 'switchover' : 'failover';
    const run = await newestRun(ports, ['failover', 'switchover']);
    const inForce = (await readDirection(ports.vault)).failover === run.id;
    const inHand = new Set<string | undefined>();
    for (let n = 0; n < 20; n += 1) {
      await advance(ports, testPolicy).catch(() => undefined);
      inHand.add((await readDirection(ports.vault)).inHand?.run);
      settle(ports);
    }
    const ended = await readRun(ports, run);
    expect([ended.kind, ended.state]).toEqual([wanted, 'done']);
    // That version had nobody in hand: the next pass takes it, unless it has cut over already.
    expect([...inHand]).toEqual(inForce ? [undefined] : [run.id, undefined]);
    expect(ports.fence.state.groups).toEqual([{ id: 'sg-fence', status: 'active' }]);
  });

  it.each(of('unfenced', 'findings', 'lacking').filter(({ name }) => name.includes('blocked')))(
    '$name: the request in its record takes the failover to its end',
    async (moment) => {
      const { ports } = worldOf(moment);
      ports.fence.dark = moment.scenario === 'unfenced';
      if (moment.scenario === 'findings') {
        ports.inspection.answer = (report) => ({
          ...report,
          tables: report.tables.map((each) => ({ ...each, owner: 'postgres' })),
        });
      }
      const run = await resumed(ports, await newestRun(ports, ['failover']));
      const outcome = moment.scenario === 'findings' ? 'accepted' : 'passed';
      expect([run.state, current(run).outcome]).toEqual(['done', outcome]);
    },
  );

  it.each(of('failback'))('$name: the old primary is set aside, though it cannot be looked into', async (moment) => {
    const { ports, clock } = worldOf(moment);
    for (let n = 0; n < 24; n += 1) {
      clock.passMinutes(20);
      await advance(ports, testPolicy).catch(() => undefined);
      settle(ports);
    }
    const lookBack = await newestRun(ports, ['look-back']);
    expect([(await document(ports, 'failbacks/')).state, lookBack.state]).toEqual(['ready', 'failed']);
    expect(ports.fence.renamed).toContain('diverged-');
  });

  it.each(of('aborted'))('$name: the fence of the failover is taken away', async (moment) => {
    const { ports } = worldOf(moment);
    await passes(ports, 4);
    expect(ports.fence.state.groups).toEqual([{ id: 'sg-builder', status: 'active' }]);
  });
});
