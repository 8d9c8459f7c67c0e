import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/core/policy.ts';
import { isProduction, type ProductionRun } from '../../../src/core/recovery/run.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { startFailover } from '../../../src/jobs/recovery/failover.ts';
import { protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';

type World = Awaited<ReturnType<typeof protectedWorld>>;

const asked = (confirm: string, planned = false) => ({
  point: 'latest',
  confirm,
  planned,
  acceptUnfenced: false,
  acceptFindings: false,
});

async function untilBlocked(
  { ports, clock }: World,
  policy: Policy,
  run: ProductionRun,
  goesOn = () => settle(ports),
): Promise<ProductionRun> {
  for (let n = 0; n < 200; n += 1) {
    const now = await readRun(ports, run);
    if (!isProduction(now)) break;
    if (now.state === 'blocked' || now.state === 'done') return now;
    clock.passMinutes(1);
    await advance(ports, policy).catch(() => undefined);
    goesOn();
  }
  throw new Error('it does not end');
}

describe('what a failover gives a time of its own', () => {
  it.each([false, true])(
    'the fence, has that time whatever counts as stuck, and is what is named (planned: %s)',
    async (planned) => {
      const world = await protectedWorld();
      const policy = { ...testPolicy, failoverStuckMinutes: 10, fenceMinutes: 25 };
      const rests = 'maintenance';
      world.ports.fence.rests = rests;
      world.ports.fence.state = { ...world.ports.fence.state, status: rests };
      const run = await startFailover(world.ports, policy, asked(world.ids[0] ?? '', planned));
      const blocked = await untilBlocked(world, policy, run);
      expect([blocked.state, blocked.blocked?.reason]).toEqual([
        'blocked',
        expect.stringContaining('the fence is unconfirmed'),
      ]);
    },
  );

  it('the change of backups, has that time, and the failover goes on when it is started again', async () => {
    const world = await protectedWorld();
    const policy = { ...testPolicy, failoverStuckMinutes: 10 };
    const stays = () => {
      world.ports.fence.finish();
      for (const each of world.ports.instances.held.values()) {
        const asking = each.retentionAsked;
        each.retentionAsked = undefined;
        world.ports.instances.finish();
        if (asking !== undefined) Object.assign(each, { retentionAsked: asking, pending: true });
      }
    };
    const run = await startFailover(world.ports, policy, asked(world.ids[0] ?? ''));
    const blocked = await untilBlocked(world, policy, run, stays);
    expect([blocked.state, blocked.blocked?.reason]).toEqual([
      'blocked',
      expect.stringContaining('RDS has not turned them on in 30 minutes'),
    ]);
    const again = await startFailover(world.ports, policy, asked(world.ids[0] ?? ''));
    expect((await untilBlocked(world, policy, again, stays)).state).toBe('done');
  });
});
