import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/core/policy.ts';
import { isConfirmed } from '../../../src/core/recovery/fence.ts';
import { isMoving } from '../../../src/core/recovery/lifecycle.ts';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { abortFailover, unfence } from '../../../src/jobs/recovery/call-off.ts';
import { startFailover } from '../../../src/jobs/recovery/failover.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { updateRun } from '../../../src/jobs/vault/runs.ts';
import { protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';

const policy: Policy = { ...testPolicy, fenceProofSeconds: 30 };
const repeated = (times: number, value: boolean) => Array.from({ length: times }, () => value);

/** A world whose tick comes once a minute. */
async function ticking() {
  const { ports, ids, clock } = await protectedWorld(1);
  const request = { point: 'latest', confirm: ids[0], acceptUnfenced: false, acceptFindings: false };
  const start = (more: object = {}) => startFailover(ports, policy, { ...request, planned: false, ...more } as never);
  const tick = async (run: ProductionRun) => {
    settle(ports);
    clock.passMinutes(1);
    await advance(ports, policy);
    return readRun(ports, run);
  };
  const finish = async (begun: ProductionRun) => {
    let run = await readRun(ports, begun);
    for (let n = 0; isMoving(run); n += 1) {
      if (n > 60) throw new Error(`does not end: ${JSON.stringify(run.history)}`);
      run = await tick(run);
    }
    return run;
  };
  return { ports, clock, start, tick, finish };
}

describe('a policy that reads back before it is enforced everywhere', () => {
  it.each([
    ['late', repeated(6, true)],
    ['by turns', [false, true, false, true, false, false, true]],
    ['after a row of denials', [...repeated(3, false), true]],
  ])('(%s) is not called a fence while a write succeeds, and DR does not come in force', async (_name, spread) => {
    const { ports, start, tick, finish } = await ticking();
    ports.fence.spread = spread;
    let run = await start();
    let open = ports.fence.probes.lastIndexOf('written');
    for (let n = 0; n < 3; n += 1) {
      run = await tick(run);
      open = Math.max(open, ports.fence.probes.lastIndexOf('written'));
      const since = ports.fence.probes.length - 1 - open;
      if (run.fence.bucket.confirmedAt) expect(since).toBeGreaterThanOrEqual(4);
      if (!isConfirmed(run.fence)) expect((await readDirection(ports.vault)).direction).toBe('primary→dr');
    }
    run = await finish(run);
    expect([run.state, isConfirmed(run.fence)]).toEqual(['done', true]);
    expect(ports.fence.probes.slice(-4)).toEqual(repeated(4, true).map(() => 'denied-by-resource-policy'));
  });

  it('holds up no restore: it is proven while that runs', async () => {
    const { ports, start, tick } = await ticking();
    ports.fence.spread = repeated(8, true);
    let run = await start();
    while (run.state === 'fencing') run = await tick(run);
    expect([run.state, run.fence.database.confirmedAt !== undefined, run.fence.bucket.confirmedAt]).toEqual([
      'restoring',
      true,
      undefined,
    ]);
    expect(run.fence.bucket.waitsFor).toContain('a write still succeeded at');
  });

  it('costs no pass more than the groups and the reboot, where it is enforced at once', async () => {
    const { start, tick } = await ticking();
    let run = await start();
    const passes: boolean[][] = [];
    while (!isConfirmed(run.fence)) {
      run = await tick(run);
      passes.push([run.fence.database, run.fence.bucket].map((half) => half.confirmedAt !== undefined));
    }
    expect(passes).toEqual([
      [false, true],
      [true, true],
    ]);
  });

  it('is waited for when all else is verified, without verifying again, and for a limited time', async () => {
    const { ports, start, finish } = await ticking();
    ports.fence.spread = repeated(1_000, true);
    const blocked = await finish(await start());
    expect([blocked.state, blocked.blocked?.resume.acceptUnfenced]).toEqual(['blocked', true]);
    expect(blocked.blocked?.reason).toContain('a write still succeeded at');
    expect(blocked.history.filter((each) => each.state === 'healing+verifying')).toHaveLength(1);
    expect((await readDirection(ports.vault)).direction).toBe('primary→dr');
    const run = await finish(await start({ acceptUnfenced: true }));
    expect([run.state, run.fence.bucket.confirmedAt]).toEqual(['done', undefined]);
  });

  it('is tried once more right before the cut-over: a write that succeeds then keeps DR out of force', async () => {
    const { ports, start, tick, finish } = await ticking();
    let inspect: (() => Promise<void>) | undefined;
    const { start: ask } = ports.inspection;
    ports.inspection.start = async (request) => {
      inspect ??= () => ask(request);
      if (request.what === 'smoke') await ask(request);
    };
    let run = await start();
    while (!isConfirmed(run.fence) || run.state !== 'inspecting') run = await tick(run);
    // Somebody takes the statement out and puts it back: it reads as before.
    const fenced = ports.fence.policy;
    await ports.fence.setBucketPolicy(undefined);
    ports.fence.spread = [true, true];
    await ports.fence.setBucketPolicy(fenced);
    await inspect?.();
    run = await tick(run);
    // Backups are turned on and a login is tried first; the last look comes after that.
    while (run.state === 'healing+verifying' && run.fence.bucket.confirmedAt) run = await tick(run);
    expect([run.state, run.fence.bucket.confirmedAt]).toEqual(['healing+verifying', undefined]);
    expect((await readDirection(ports.vault)).direction).toBe('primary→dr');
    expect((await finish(run)).state).toBe('done');
  });
});

describe('a denial for another reason', () => {
  it('is no proof, does not stop the recovery, and is named before the cut-over', async () => {
    const { ports, start, finish } = await ticking();
    ports.fence.unwritable = 'because no identity-based policy allows the s3:PutObject action';
    const blocked = await finish(await start());
    expect([blocked.state, blocked.attempts[0]?.outcome]).toEqual(['blocked', 'passed']);
    expect(blocked.blocked?.reason).toContain('no identity-based policy allows the s3:PutObject action');
    expect(ports.fence.policy).toContain('BuilderDrFence');
    const run = await finish(await start({ acceptUnfenced: true }));
    expect([run.state, run.fence.bucket.confirmedAt]).toEqual(['done', undefined]);
  });

  it('before the fence leaves later denials unproven, until the fence is taken away and raised again', async () => {
    const { ports, start, finish } = await ticking();
    ports.fence.unwritable = 'KMS.AccessDenied';
    expect((await finish(await start())).state).toBe('blocked');
    ports.fence.unwritable = undefined;
    expect((await finish(await start())).blocked?.reason).toContain('which proves nothing');
    await abortFailover(ports, policy);
    for (let n = 0; n < 3; n += 1) {
      settle(ports);
      await unfence(ports, policy);
    }
    expect((await finish(await start())).state).toBe('done');
  });
});

describe('the write before the fence', () => {
  it('is tried again where it was throttled, and where the policy of a fence lifted just now still denies it', async () => {
    const { ports, start, tick, finish } = await ticking();
    const first = await start();
    await tick(first);
    ports.fence.spread = [true, true];
    await abortFailover(ports, policy);
    ports.fence.spread = [];
    const { writeProbe } = ports.fence;
    let throttled = 0;
    ports.fence.writeProbe = async () => {
      throttled += 1;
      if (throttled === 2) throw new DrError('THROTTLED', 'SlowDown');
      return writeProbe();
    };
    const second = await start();
    expect(second.fence.bucket.waitsFor).toContain('a policy of the bucket denies writes already');
    const done = await finish(second);
    expect([done.state, done.fence.bucket.confirmedAt !== undefined]).toEqual(['done', true]);
    expect(throttled).toBeGreaterThan(2);
  });

  it('that was not possible is made good by hand: the statement is taken out, and put back by the next pass', async () => {
    const { ports, start, tick, finish } = await ticking();
    ports.fence.unwritable = 'explicit deny in a service control policy';
    const run = await finish(await start());
    ports.fence.unwritable = undefined;
    const seen = await tick(run);
    expect(seen.fence.bucket.problem).toContain('take BuilderDrFence out');
    ports.fence.policy = undefined;
    for (let n = 0; n < 2; n += 1) await tick(run);
    expect((await finish(await start())).state).toBe('done');
  });
});

describe('a fence that is confirmed', () => {
  const DENIED = 'denied-by-resource-policy';
  it('wrote before it denied, and leaves nothing of that when it is taken away', async () => {
    const { ports, start, tick } = await ticking();
    const run = await start();
    expect(ports.fence.probes).toEqual(['written', DENIED, DENIED]);
    ports.fence.leftProbe = true;
    await abortFailover(ports, policy);
    const lifted = await tick(run);
    expect([ports.fence.leftProbe, lifted.fence.bucket.probe]).toEqual([false, undefined]);
  });

  it.each([
    ['throttled', new DrError('THROTTLED', 'SlowDown')],
    ['refused', new DrError('ACCESS_DENIED', 'not authorized to perform: s3:GetBucketPolicy')],
    ['dark', new DrError('SITE_UNREACHABLE', 'TimeoutError', { site: 'primary' })],
  ])('stays confirmed by a look that is %s', async (_name, error) => {
    const { ports, start, finish, tick } = await ticking();
    const run = await finish(await start());
    ports.fence.refused = error;
    const seen = await tick(run);
    expect(isConfirmed(seen.fence)).toBe(true);
    ports.fence.refused = undefined;
    const { database, bucket } = (await tick(run)).fence;
    expect([database.problem, bucket.problem, database.waitsFor, bucket.waitsFor]).toEqual(
      repeated(4, true).map(() => undefined),
    );
  });

  it('is tried no more once DR is in force, unless somebody opens it', async () => {
    const { ports, start, finish, tick } = await ticking();
    const run = await finish(await start());
    const tried = ports.fence.probes.length;
    for (let n = 0; n < 3; n += 1) await tick(run);
    expect(ports.fence.probes).toHaveLength(tried);
    ports.fence.policy = undefined;
    expect((await tick(run)).fence.bucket.confirmedAt).toBeUndefined();
    expect((await tick(run)).fence.bucket.confirmedAt).toBeDefined();
  });

  it('by version 0.1, which tried no write, holds and is carried on', async () => {
    const { ports, start, finish, tick } = await ticking();
    const run = await finish(await start());
    await updateRun(ports, run, (now) => {
      const { probe: _unknown, ...bucket } = now.fence.bucket;
      return { ...now, fence: { ...now.fence, bucket } };
    });
    expect(isConfirmed((await tick(run)).fence)).toBe(true);
  });
});
