import { describe, expect, it } from 'vitest';
import { failoverPlanText } from '../../src/cli/text/recovery.ts';
import { planFailover } from '../../src/jobs/recovery/failover.ts';
import { protectedWorld } from '../setup/memory-recovery.ts';
import { testPolicy } from '../setup/policy.ts';

describe('the last line of a plan', () => {
  it.each([
    ['what loses least', {}, ''],
    ['a switchover, which loses nothing only as such', { planned: true }, ' --planned'],
  ])('starts %s, with the configuration that the plan was made with', async (_what, asked, options) => {
    const { ports, ids } = await protectedWorld();
    const plan = await planFailover(ports, testPolicy, { point: 'latest', planned: false, ...asked });
    const line = `Type next: builder-dr failover start --confirm ${ids[0]}${options} --config 'my files/prod.yml'`;
    expect(failoverPlanText(plan, 'my files/prod.yml').split('\n').at(-1)).toBe(line);
  });

  it('starts the point that was asked for, and no newer one', async () => {
    const { ports, ids } = await protectedWorld();
    const plan = await planFailover(ports, testPolicy, { point: ids[1] ?? '', planned: false });
    const last = failoverPlanText(plan, 'prod.yml').split('\n').at(-1);
    expect(last).toBe(`Type next: builder-dr failover start --confirm ${ids[1]} --point ${ids[1]} --config prod.yml`);
  });

  it('starts nothing when nothing can be restored', async () => {
    const { ports } = await protectedWorld(0);
    const plan = await planFailover(ports, testPolicy, { point: 'latest', planned: false });
    expect([plan.start, failoverPlanText(plan, 'prod.yml').includes('Type next')]).toEqual([null, false]);
  });
});
