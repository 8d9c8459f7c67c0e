import { beforeEach, describe, expect, it } from 'vitest';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { abortFailover, unfence } from '../../../src/jobs/recovery/call-off.ts';
import { failoverStatus } from '../../../src/jobs/recovery/leftovers.ts';
import { finishRun, protectedWorld, readRun } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

/** Two that were started at once: the first had not written its record when the second one looked, and is overtaken. */
describe('of two failovers that were started at once', () => {
  let ports: MemoryPorts;
  let first: ProductionRun;
  let overtaken: ProductionRun;

  beforeEach(async () => {
    const world = await protectedWorld(1);
    ports = world.ports;
    const [point = ''] = world.ids;
    const { put } = ports.vault;
    let began: ProductionRun | undefined;
    const slow = async (key: string, body: string, etag: string | undefined) => {
      if (key.startsWith('failovers/') && !began) {
        world.clock.passMinutes(1);
        began = await start(ports, point);
        world.clock.passMinutes(-1);
      }
      return put(key, body, etag);
    };
    overtaken = await start({ ...ports, vault: { ...ports.vault, put: slow } }, point);
    if (!began) throw new Error('nothing was begun meanwhile');
    first = began;
    world.clock.passMinutes(2);
    expect((await ports.vault.list('failovers/')).filter(({ key }) => key.endsWith('.json'))).toHaveLength(2);
  });

  it('the one that was overtaken ends before it has touched anything, and says by which', () => {
    expect([overtaken.state, overtaken.attempts, overtaken.history.at(-1)?.why]).toEqual([
      'aborted',
      [],
      `it is not in hand: failover ${first.id} is`,
    ]);
  });

  it('the one that goes on is called off', async () => {
    const { run } = await abortFailover(ports, testPolicy);
    expect([run.id, (await readRun(ports, first)).state]).toEqual([first.id, 'aborted']);
  });

  it('the one that goes on keeps its fence', async () => {
    await expect(unfence(ports, testPolicy)).rejects.toMatchObject({ code: 'BAD_USAGE' });
  });

  it('the status is of the one that goes on, also when it is done', async () => {
    expect((await failoverStatus(ports))[0]?.id).toBe(first.id);
    await finishRun(ports, first);
    expect((await failoverStatus(ports)).map((each) => [each.id === first.id, each.state])).toEqual([
      [true, 'done'],
      [false, 'aborted'],
    ]);
    await expect(abortFailover(ports, testPolicy)).rejects.toMatchObject({ code: 'BAD_USAGE' });
  });
});
