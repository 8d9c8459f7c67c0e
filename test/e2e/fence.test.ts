import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { current } from '../../src/core/recovery/lifecycle.ts';
import { advance } from '../../src/jobs/advance.ts';
import { readDirection } from '../../src/jobs/vault/direction.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';
import { PRIMARY, until } from '../setup/world.ts';

let sandbox: Sandbox;
let subject: RecoveryWorld;
let worlds = 0;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  worlds += 1;
  subject = await RecoveryWorld.create(sandbox, `fence${worlds}`);
  await subject.protect();
});
afterEach(async () => {
  await sandbox.control.policySpread([]);
  await sandbox.control.rds({ changesWhileBackingUp: false });
  await subject.builder.close();
});

const primaryIs = (status: string) =>
  sandbox.control.instanceStatus(PRIMARY, subject.world.config.primary.database, status);

describe('the fence of a failover', () => {
  it('is not confirmed, and DR not in force, while Builder can still write into a bucket whose policy reads back', async () => {
    const late = [...Array.from({ length: 7 }, () => true), false, false, true, false, true];
    await sandbox.control.policySpread(late);
    const run = await subject.startFailover();
    const confirmed = await until('the bucket', async () => {
      const { bucket } = (await subject.run(run)).fence;
      if (bucket.confirmedAt) return bucket;
      expect((await readDirection(subject.ports.vault)).direction).toBe('primary→dr');
      await advance(subject.ports, subject.world.policy);
      return undefined;
    });
    expect(confirmed.problem).toBeUndefined();
    await expect(subject.world.upload('core/late.hart')).rejects.toMatchObject({ name: 'AccessDenied' });
    const done = await subject.finish(run);
    expect([done.state, current(done).comparison?.orphans]).toEqual(['done', { count: 0, samples: [] }]);
  });

  it('is closed and confirmed while the storage of the primary is optimized, which may take hours', async () => {
    await primaryIs('storage-optimization');
    const run = await subject.finish(await subject.startFailover());
    expect([run.state, run.blocked?.reason]).toEqual(['done', undefined]);
  });

  it.each([
    ['closes a primary that is backed up, and reboots it when RDS lets it', true],
    ['closes a primary that is backed up once RDS takes changes again', false],
  ])('%s; the restore does not wait', async (_what, changesWhileBackingUp) => {
    await sandbox.control.rds({ changesWhileBackingUp });
    await primaryIs('backing-up');
    const run = await subject.startFailover();
    const waiting = await until('everything but the fence', async () => {
      await advance(subject.ports, subject.world.policy);
      const now = await subject.run(run);
      return ['blocked', 'done'].includes(now.state) || now.attempts.at(-1)?.outcome ? now : undefined;
    });
    expect(waiting.state).toBe('healing+verifying');
    expect((await readDirection(subject.ports.vault)).direction).toBe('primary→dr');
    await primaryIs('available');
    expect((await subject.finish(run)).state).toBe('done');
  });
});
