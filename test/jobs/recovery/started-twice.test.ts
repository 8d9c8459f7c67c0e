import { beforeEach, describe, expect, it } from 'vitest';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { abortFailover, unfence } from '../../../src/jobs/recovery/failover.ts';
import { failoverStatus } from '../../../src/jobs/recovery/leftovers.ts';
import { finishRun, protectedWorld, readRun } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

/** Two that were started at once, neither seeing the other: the second one has given way. */
describe('of two failovers that were started at once', () => {
  let ports: MemoryPorts;
  let first: ProductionRun;

  beforeEach(async () => {
    const world = await protectedWorld(1);
    ports = world.ports;
    const [point = ''] = world.ids;
    first = await start(ports, point);
    world.clock.passMinutes(1);
    const { get, list } = ports.vault;
    let written = false;
    const { put } = ports.vault;
    ports.vault.list = async (prefix) => (!written && prefix === 'failovers/' ? [] : list(prefix));
    ports.vault.put = async (key, body, etag) => {
      if (/^failovers\/[^/]+\.json$/.test(key)) written = true;
      return put(key, body, etag);
    };
    await start(ports, point);
    Object.assign(ports.vault, { get, list, put });
    expect((await list('failovers/')).filter(({ key }) => key.endsWith('.json'))).toHaveLength(2);
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
