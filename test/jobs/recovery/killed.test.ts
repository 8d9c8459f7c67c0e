import { describe, expect, it } from 'vitest';
import type { ProductionRun, Run } from '../../../src/core/recovery/run.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { readSiteFence } from '../../../src/jobs/recovery/site-fence.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { readRuns } from '../../../src/jobs/vault/runs.ts';
import { dyingPorts, Killed } from '../../setup/dying.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { drill, start } from '../../setup/recovery-requests.ts';
import { restartsInService } from '../../setup/restarts.ts';
import type { MemoryPorts } from '../../world/ports.ts';

describe('a process that dies at any call, and is followed by another', () => {
  async function killed(work: (n: number, when: 'before' | 'after') => Promise<boolean>): Promise<number> {
    let moments = 0;
    for (const when of ['before', 'after'] as const) {
      for (let n = 1; await work(n, when); n += 1) moments += 1;
    }
    return moments;
  }
  /** Runs rounds with ports that die at their n-th call; answers whether they did. */
  async function dies(
    ports: MemoryPorts,
    n: number,
    when: 'before' | 'after',
    act: (doomed: MemoryPorts) => Promise<unknown>,
  ) {
    const doomed = dyingPorts(ports, n, when) as MemoryPorts;
    try {
      await act(doomed);
      for (let round = 0; round < 12; round += 1) {
        await advance(doomed, testPolicy);
        settle(ports);
      }
      return false;
    } catch (error) {
      if (
        error instanceof Killed ||
        JSON.stringify(String(error)).includes('at call') ||
        String(error).includes('after call')
      )
        return true;
      throw error;
    }
  }

  it('a failover takes the fence of a called-off one over, and the groups of before are not forgotten', async () => {
    const moments = await killed(async (n, when) => {
      const { ports, ids, clock } = await protectedWorld(1);
      await start(ports, ids[0] ?? '');
      settle(ports);
      await advance(ports, testPolicy);
      await abortFailover(ports, testPolicy);
      clock.now = new Date(clock.now.getTime() + 60_000);
      const died = await dies(ports, n, when, (doomed) => start(doomed, ids[0] ?? ''));
      if ((await readDirection(ports.vault)).direction === 'primary→dr') await start(ports, ids[0] ?? '');
      const second = (await readRuns(ports.vault)).runs.findLast((each) => each.state !== 'aborted');
      const run = await finishRun(ports, second as ProductionRun);
      const groups = (await readSiteFence(ports.vault))?.groups;
      expect([n, when, run.state, groups]).toEqual([n, when, 'done', ['sg-builder']]);
      expect(ports.fence.state.groups.map((each) => each.id)).toEqual(['sg-fence']);
      return died;
    });
    expect(moments).toBeGreaterThan(50);
  });

  it('a drill ends as passed, with one restore, and leaves nothing', async () => {
    const moments = await killed(async (n, when) => {
      const { ports } = await protectedWorld(1);
      const died = await dies(ports, n, when, (doomed) => drill(doomed));
      const run = await finishRun(ports, await drill(ports));
      const [point] = (await readPoints(ports.vault)).points;
      expect([n, when, run.state, point?.state]).toEqual([n, when, 'passed', 'proven']);
      expect(new Set(ports.instances.restores).size).toBe(ports.instances.restores.length);
      expect([ports.instances.held.size, ports.secrets.values.size]).toEqual([0, 0]);
      return died;
    });
    expect(moments).toBeGreaterThan(100);
  });

  it('a failover ends as done, with one instance, one cut-over and the fence closed', async () => {
    const moments = await killed(async (n, when) => {
      const { ports, ids } = await protectedWorld(1);
      const served = restartsInService(ports);
      const died = await dies(ports, n, when, (doomed) => start(doomed, ids[0] ?? ''));
      const { direction } = await readDirection(ports.vault);
      if (direction === 'primary→dr')
        await start(ports, ids[0] ?? '').catch((error) => Promise.reject(new Error(`${n} ${when}: ${error}`)));
      const [run] = [...ports.vault.documents.keys()].filter((key) => /^failovers\/[^/]+\.json$/.test(key));
      const ended = await finishRun(ports, JSON.parse(ports.vault.documents.get(run ?? '')?.body.toString() ?? ''));
      const [point] = (await readPoints(ports.vault)).points;
      expect([n, when, ended.state, point?.state]).toEqual([n, when, 'done', 'proven']);
      expect(ports.instances.held.size).toBe(1);
      expect([served(), [...ports.instances.held.values()][0]?.backupRetentionDays]).toEqual([[], 7]);
      expect(await readDirection(ports.vault)).toMatchObject({ direction: 'none', epoch: 1 });
      expect(ports.fence.state.groups).toEqual([{ id: 'sg-fence', status: 'active' }]);
      return died;
    });
    expect(moments).toBeGreaterThan(150);
  });

  it('three runs at once of everything end the same', async () => {
    const { ports, ids } = await protectedWorld(1);
    const [run] = await Promise.all([1, 2, 3].map(() => start(ports, ids[0] ?? '')));
    for (let round = 0; round < 12; round += 1) {
      await Promise.all([1, 2, 3].map(() => advance(ports, testPolicy)));
      settle(ports);
    }
    expect((await readRun(ports, run as Run)).state).toBe('done');
    expect([ports.instances.held.size, (await readDirection(ports.vault)).epoch]).toEqual([1, 1]);
  });
});
