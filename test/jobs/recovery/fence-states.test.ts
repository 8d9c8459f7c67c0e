import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/jobs/advance.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

/** A primary in this state, for as long as nobody changes it. */
async function primaryIn(status: string) {
  const world = await protectedWorld(1);
  world.ports.fence.rests = status;
  world.ports.fence.state = { ...world.ports.fence.state, status };
  return world;
}

describe('a primary whose state does not keep RDS from changing it', () => {
  it.each(['available', 'storage-initialization', 'storage-optimization'])('(%s) is fenced in it', async (status) => {
    const { ports, ids } = await primaryIn(status);
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, ports.fence.reboots, run.fence.database.confirmedAt !== undefined]).toEqual(['done', 1, true]);
    expect(run.history.map((each) => each.state)).not.toContain('blocked');
  });

  it.each(['backing-up', 'storage-full'])(
    '(%s) is closed in it, and rebooted as soon as RDS lets it',
    async (status) => {
      const { ports, ids, clock } = await primaryIn(status);
      let run = await start(ports, ids[0] ?? '');
      for (let n = 0; n < 3; n += 1) {
        settle(ports);
        await advance(ports, testPolicy);
      }
      run = await readRun(ports, run);
      expect([ports.fence.state.groups, ports.fence.reboots]).toEqual([[{ id: 'sg-fence', status: 'active' }], 0]);
      // The restore did not wait for it: only the fence is missing by now.
      expect([run.state, run.attempts[0]?.outcome]).toEqual(['healing+verifying', 'passed']);
      expect(run.fence.database.waitsFor).toContain(`the primary instance is ${status}, and RDS refuses for now`);
      expect(run.fence.database.problem).toBeUndefined();
      ports.fence.rests = 'available';
      clock.passMinutes(1);
      run = await finishRun(ports, run);
      expect([run.state, ports.fence.reboots]).toEqual(['done', 1]);
    },
  );

  it('is waited for no longer than the policy says, and the word is then what RDS said', async () => {
    const { ports, ids, clock } = await primaryIn('backing-up');
    let run = await start(ports, ids[0] ?? '');
    for (let n = 0; n < 6; n += 1) {
      settle(ports);
      await advance(ports, testPolicy);
    }
    clock.passMinutes(testPolicy.fenceMinutes - 1);
    await advance(ports, testPolicy);
    expect((await readRun(ports, run)).state).toBe('healing+verifying');
    clock.passMinutes(1);
    await advance(ports, testPolicy);
    run = await readRun(ports, run);
    expect([run.state, run.blocked?.resume.acceptUnfenced]).toEqual(['blocked', true]);
    expect(run.blocked?.reason).toContain('the primary instance is backing-up, and RDS refuses for now');
  });
});

describe('a primary that RDS takes no change of', () => {
  it.each(['modifying', 'upgrading', 'maintenance', 'starting', 'stopping'])(
    '(%s) is asked in every pass, and fenced once RDS lets it',
    async (status) => {
      const { ports, ids } = await primaryIn(status);
      const run = await start(ports, ids[0] ?? '');
      expect((await readRun(ports, run)).fence.database.waitsFor).toContain(`the primary instance is ${status}`);
      ports.fence.state = { ...ports.fence.state, status: 'available' };
      ports.fence.rests = 'available';
      const done = await finishRun(ports, run);
      expect([done.state, ports.fence.reboots]).toEqual(['done', 1]);
    },
  );

  it.each([
    ['stopped', 'RDS starts it again after seven days'],
    ['failed', 'RDS cannot recover it'],
    ['inaccessible-encryption-credentials', 'its KMS key is gone'],
    ['inaccessible-encryption-credentials-recoverable', 'once the key is back'],
  ])('(%s) does not keep the restore waiting, and its operator decides before the cut-over', async (status, why) => {
    const { ports, ids } = await primaryIn(status);
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([blocked.state, blocked.attempts[0]?.outcome]).toEqual(['blocked', 'passed']);
    expect(blocked.blocked?.reason).toContain(why);
    const run = await finishRun(ports, await start(ports, ids[0] ?? '', { acceptUnfenced: true }));
    expect(run.state).toBe('done');
    // It is started again, and fenced by the passes that go on.
    ports.fence.state = { ...ports.fence.state, status: 'available' };
    ports.fence.rests = 'available';
    for (let n = 0; n < 4; n += 1) {
      await advance(ports, testPolicy);
      settle(ports);
    }
    expect((await readRun(ports, run)).fence.database.confirmedAt).toBeDefined();
  });

  it('gets its groups back once RDS lets it, when the failover is called off', async () => {
    const { ports, ids } = await protectedWorld(1);
    const run = await start(ports, ids[0] ?? '');
    settle(ports);
    await advance(ports, testPolicy);
    ports.fence.rests = 'modifying';
    settle(ports);
    await abortFailover(ports, testPolicy);
    expect((await readRun(ports, run)).fence.database.waitsFor).toContain('the primary instance is modifying');
    ports.fence.rests = 'available';
    for (let n = 0; n < 3; n += 1) {
      settle(ports);
      await advance(ports, testPolicy);
    }
    expect([ports.fence.state.groups, (await readRun(ports, run)).fence.database]).toEqual([
      [{ id: 'sg-builder', status: 'active' }],
      {},
    ]);
  });
});
