import { describe, expect, it } from 'vitest';
import { planDrill, startDrill } from '../../../src/jobs/recovery/drill.ts';
import { planFailover } from '../../../src/jobs/recovery/failover.ts';
import { readRuns } from '../../../src/jobs/vault/runs.ts';
import { finishRun, protectedWorld } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const scheduled = (ports: MemoryPorts) =>
  ({ kind: 'drill', point: 'latest', readAll: false, real: 'as-scheduled', at: ports.clock() }) as const;
const begin = (ports: MemoryPorts) => startDrill(ports, testPolicy, scheduled(ports));
/** What its restore was told, while it is there. */
const asked = (ports: MemoryPorts) => {
  const [held] = [...ports.instances.held.values()];
  return held && [held.className, held.request?.multiAz, held.request?.backupRetentionDays, held.deletionProtection];
};

describe('a scheduled drill', () => {
  it('is of the real thing once in four times, and its record says so', async () => {
    const { ports, clock } = await protectedWorld();
    const { restore } = ports.instances;
    const restored: unknown[] = [];
    ports.instances.restore = async (request) => {
      await restore(request);
      restored.push(asked(ports));
    };
    for (let n = 0; n < 5; n += 1) {
      clock.passMinutes(60);
      await finishRun(ports, await begin(ports));
    }
    const small = ['db.t4g.small', false, 0, false];
    expect(restored).toEqual([small, small, small, ['db.t4g.medium', true, 0, false], small]);
    const { runs } = await readRuns(ports.vault);
    expect(runs.map((each) => [each.state, each.kind === 'drill' && each.real])).toEqual(
      [undefined, undefined, undefined, true, undefined].map((real) => ['passed', real]),
    );
    expect(ports.instances.held.size).toBe(0);
  });

  it('asked for again finds its own record, also when what was due has changed meanwhile', async () => {
    const { ports, clock } = await protectedWorld();
    for (let n = 0; n < 3; n += 1) {
      clock.passMinutes(60);
      await finishRun(ports, await begin(ports));
    }
    clock.passMinutes(60);
    const request = scheduled(ports);
    const first = await startDrill(ports, testPolicy, request);
    await finishRun(ports, first);
    const again = await startDrill(ports, testPolicy, request);
    expect([again.id, again.state, again.kind === 'drill' && again.real]).toEqual([first.id, 'passed', true]);
  });

  it('is announced by the plan, which says what a failover would take, and from which run it knows', async () => {
    const { ports, clock } = await protectedWorld();
    const next = async () => (await planDrill(ports, testPolicy, { point: 'latest', real: false })).nextScheduled;
    const failover = async () =>
      (await planFailover(ports, testPolicy, { point: 'latest', planned: false })).steps.find(
        (each) => each.phase === 'restoring',
      )?.expectedFrom;
    expect([(await next()).real, await failover()]).toEqual([false, undefined]);
    for (let n = 0; n < 3; n += 1) {
      clock.passMinutes(60);
      await finishRun(ports, await begin(ports));
    }
    expect(await next()).toEqual({ real: true, why: expect.stringContaining('3 drills') });
    expect(await failover()).toMatchObject({ kind: 'small drill', className: 'db.t4g.small' });
    clock.passMinutes(60);
    const real = await begin(ports);
    await finishRun(ports, real);
    expect([(await next()).real, await failover()]).toEqual([
      false,
      { kind: 'real drill', run: real.id, className: 'db.t4g.medium' },
    ]);
  });
});

describe('a drill by hand', () => {
  it('is a small one whatever is due, and a real one when it is asked for', async () => {
    const { ports, clock } = await protectedWorld();
    for (const real of [false, false, false, false, true]) {
      clock.passMinutes(60);
      const run = await startDrill(ports, testPolicy, { ...scheduled(ports), real });
      expect(run.kind === 'drill' && run.real === true).toBe(real);
      await finishRun(ports, run);
    }
    const plan = await planDrill(ports, testPolicy, { point: 'latest', real: true });
    expect(plan.steps[0]?.does).toContain('scratch instance, Multi-AZ of class db.t4g.medium, else db.m7g.large');
  });
});
