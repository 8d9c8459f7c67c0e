import { expect, it } from 'vitest';
import { beginPass } from '../../../src/jobs/pass.ts';
import { handOverBucket } from '../../../src/jobs/recovery/fence-bucket.ts';
import { readSiteFence } from '../../../src/jobs/recovery/site-fence.ts';
import { finishRun, protectedWorld } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

it('a bucket is given to the other direction although S3 still denies what a probe left, and the groups of before are forgotten', async () => {
  const { ports, ids } = await protectedWorld(1);
  const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
  ports.fence.spread = [true];
  const { fence } = await handOverBucket(await beginPass(ports, testPolicy), run);
  expect([fence.bucket.handedOver, ports.fence.policy?.includes('BuilderDrFence')]).toEqual([true, false]);
  const { groups, liftedAt } = (await readSiteFence(ports.vault)) ?? {};
  expect([groups, liftedAt]).toEqual([undefined, ports.clock().toISOString()]);
});
