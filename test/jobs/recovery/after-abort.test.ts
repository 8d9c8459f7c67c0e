import { expect, it } from 'vitest';
import { advance } from '../../../src/jobs/advance.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { failoverStatus } from '../../../src/jobs/recovery/leftovers.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

it('an instance that is restored after its failover was called off is listed, with the lines that remove it', async () => {
  const { ports, ids } = await protectedWorld(1);
  const run = await start(ports, ids[0] ?? '');
  settle(ports);
  // The pass that asks for the restore hears nothing for a while; meanwhile it is called off.
  const { restore } = ports.instances;
  const late = {
    ...ports,
    instances: {
      ...ports.instances,
      restore: async (...args: Parameters<typeof restore>) => {
        await abortFailover(ports, testPolicy);
        return restore(...args);
      },
    },
  };
  for (let n = 0; n < 4 && ports.instances.restores.length === 0; n += 1) {
    await advance(late, testPolicy).catch(() => undefined);
    settle(ports);
  }
  expect([ports.instances.restores.length, (await readRun(ports, run)).state]).toEqual([1, 'aborted']);
  await finishRun(ports, run);
  await advance(ports, testPolicy);
  const [instance = ''] = [...ports.instances.held.keys()];
  expect(await failoverStatus(ports)).toMatchObject([
    { id: run.id, leftovers: [{ instance, remove: [expect.any(String), expect.stringContaining(instance)] }] },
  ]);
});
