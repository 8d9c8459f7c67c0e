import { describe, expect, it } from 'vitest';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { beginPass } from '../../../src/jobs/pass.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { raiseFence } from '../../../src/jobs/recovery/fencing.ts';
import { readSiteFence } from '../../../src/jobs/recovery/site-fence.ts';
import { updateRun } from '../../../src/jobs/vault/runs.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start, wrongOwner } from '../../setup/recovery-requests.ts';

describe('a failover that is started while the fence of one that was called off still stands', () => {
  it.each([0, 1, 2, 3])(
    'takes the fence over, with what was there before it (%d runs after the call)',
    async (runs) => {
      const { ports, ids, clock } = await protectedWorld();
      const original = ports.fence.state.groups.map((each) => each.id);
      const first = await start(ports, ids[0] ?? '');
      settle(ports);
      await advance(ports, testPolicy);
      await abortFailover(ports, testPolicy);
      for (let n = 0; n < runs; n += 1) {
        await advance(ports, testPolicy);
        if (n % 2 === 0) settle(ports);
      }
      clock.now = new Date(clock.now.getTime() + 60_000);
      const second = await finishRun(ports, await start(ports, ids[0] ?? ''));
      expect([second.state, (await readSiteFence(ports.vault))?.groups]).toEqual(['done', original]);
      for (let n = 0; n < 4; n += 1) {
        await advance(ports, testPolicy);
        settle(ports);
      }
      expect(ports.fence.state.groups.map((each) => each.id)).toEqual(['sg-fence']);
      expect((await readRun(ports, first)).fence?.wanted).toBe(false);
      expect((await readRun(ports, second)).fence?.database.confirmedAt).toBeDefined();
    },
  );
});

describe('a fence', () => {
  it('that the primary refuses does not stop the restore, and stops the cut-over', async () => {
    const { ports, ids } = await protectedWorld();
    ports.fence.refused = new DrError('ACCESS_DENIED', 'not authorized to perform rds:ModifyDBInstance');
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([blocked.state, current(blocked).outcome]).toEqual(['blocked', 'passed']);
    expect(blocked.blocked?.reason).toContain('rds:ModifyDBInstance');
    ports.fence.refused = undefined;
    await advance(ports, testPolicy);
    for (let n = 0; n < 4; n += 1) {
      settle(ports);
      await advance(ports, testPolicy);
    }
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, ports.fence.reboots, ports.instances.restores.length]).toEqual(['done', 1, 1]);
  });

  it('that somebody opens again is closed again, rebooted again, and not called confirmed in between', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    ports.fence.state = { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] };
    ports.fence.policy = undefined;
    await advance(ports, testPolicy);
    expect((await readRun(ports, run)).fence?.database.confirmedAt).toBeUndefined();
    for (let n = 0; n < 4; n += 1) {
      settle(ports);
      await advance(ports, testPolicy);
    }
    expect((await readRun(ports, run)).fence?.database.confirmedAt).toBeDefined();
    expect([ports.fence.reboots, ports.fence.policy]).toEqual([2, expect.stringContaining('BuilderDrFence')]);
  });

  it('of an old failover leaves the live primary alone once protection flows as before', async () => {
    const { ports, ids } = await protectedWorld();
    await finishRun(ports, await start(ports, ids[0] ?? ''));
    const home = { schema: 'direction/1', direction: 'primary→dr', epoch: 2, changedAt: '2026-11-22T15:00:00.000Z' };
    await ports.vault.put('direction.json', JSON.stringify(home), (await ports.vault.get('direction.json'))?.etag);
    ports.fence.state = { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] };
    ports.fence.policy = undefined;
    await advance(ports, testPolicy);
    expect([ports.fence.state.groups, ports.fence.policy]).toEqual([
      [{ id: 'sg-builder', status: 'active' }],
      undefined,
    ]);
  });

  it('of a run that read its record before another one swapped the groups keeps what was there at first', async () => {
    const { ports, ids } = await protectedWorld();
    ports.inspection.answer = wrongOwner;
    const stale = await start(ports, ids[0] ?? '');
    const before = { ...stale, fence: { wanted: true, database: {}, bucket: {} } };
    settle(ports);
    await raiseFence(await beginPass(ports, testPolicy), before);
    expect((await readSiteFence(ports.vault))?.groups).toEqual(['sg-builder']);
  });

  it('that can be closed at last when everything is verified does not block the cut-over', async () => {
    const { ports, ids } = await protectedWorld();
    const { setBucketPolicy } = ports.fence;
    ports.fence.setBucketPolicy = async () =>
      Promise.reject(new DrError('ACCESS_DENIED', 'not authorized: s3:PutBucketPolicy'));
    ports.inspection.answer = (report) => {
      ports.fence.setBucketPolicy = setBucketPolicy;
      return report;
    };
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, run.history.map((each) => each.state).includes('blocked')]).toEqual(['done', false]);
  });

  it('of an old primary that was set aside leaves alone what bears its name next', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    await updateRun(ports, run, (now) => ({
      ...now,
      fence: { ...now.fence, bucket: { ...now.fence.bucket, handedOver: true } },
    }));
    ports.fence.state = { status: 'available', groups: [{ id: 'sg-new', status: 'active' }] };
    ports.fence.policy = undefined;
    await advance(ports, testPolicy);
    expect([ports.fence.state.groups, ports.fence.policy]).toEqual([[{ id: 'sg-new', status: 'active' }], undefined]);
  });

  it('keeps the groups of before, whoever swaps them first', async () => {
    const { ports, ids } = await protectedWorld();
    await Promise.all([1, 2].map(() => start(ports, ids[0] ?? '')));
    for (let n = 0; n < 10; n += 1) {
      settle(ports);
      await Promise.all([1, 2, 3].map(() => advance(ports, testPolicy)));
    }
    expect((await readSiteFence(ports.vault))?.groups).toEqual(['sg-builder']);
  });

  it('of a called-off failover is taken away also when the primary was dark just then', async () => {
    const { ports, ids } = await protectedWorld();
    ports.inspection.answer = wrongOwner;
    await finishRun(ports, await start(ports, ids[0] ?? ''));
    ports.fence.dark = true;
    const { kept, remove } = await abortFailover(ports, testPolicy);
    expect(kept).toHaveLength(2);
    expect(remove[0]).toContain('delete-db-instance --region us-west-2');
    expect(ports.fence.policy).toContain('BuilderDrFence');
    ports.fence.dark = false;
    for (let n = 0; n < 3; n += 1) {
      await advance(ports, testPolicy);
      settle(ports);
    }
    expect(ports.fence.state.groups).toEqual([{ id: 'sg-builder', status: 'active' }]);
    expect(JSON.parse(ports.fence.policy ?? '').Statement).toEqual([{ Sid: 'Theirs', Effect: 'Allow' }]);
    expect([...ports.instances.held.values()].map((each) => each.tags['builder-dr:role'])).toEqual([
      'aborted',
      'aborted',
    ]);
  });
});
