import { expect, it } from 'vitest';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { finishRun, protectedWorld, readRun } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

/** The rule that wakes the passes cannot be turned on. */
const withoutTick = (ports: MemoryPorts): MemoryPorts => ({
  ...ports,
  signals: {
    ...ports.signals,
    setTick: async () => {
      throw new DrError('THROTTLED', 'the tick is refused', { subject: 'hbdr-tick' });
    },
  },
});

it('a failover whose tick cannot be turned on is started, goes as far as it can, says so, and is carried on', async () => {
  const { ports, ids } = await protectedWorld(1);
  const run = await start(withoutTick(ports), ids[0] ?? '');
  expect(run.state).toBe('fencing');
  expect(run.errors.map(({ message }) => message)).toEqual([expect.stringContaining('the tick is refused')]);
  expect((await finishRun(ports, await readRun(ports, run))).state).toBe('done');
});

it('a pass whose tick cannot be set has done all the rest, and fails by name', async () => {
  const { ports, ids } = await protectedWorld(1);
  await start(ports, ids[0] ?? '');
  await expect(advance(withoutTick(ports), testPolicy)).rejects.toMatchObject({
    code: 'PARTIAL_FAILURE',
    message: expect.stringContaining('the tick is refused'),
  });
});
