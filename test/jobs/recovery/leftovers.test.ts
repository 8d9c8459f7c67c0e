import { describe, expect, it } from 'vitest';
import { failoverStatusText } from '../../../src/cli/text/recovery.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { failoverStatus } from '../../../src/jobs/recovery/leftovers.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start, wrongOwner } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const said = async (ports: MemoryPorts) =>
  (await readiness(ports, testPolicy)).findings
    .filter((each) => each.code === 'LEFTOVER_INSTANCE')
    .map((each) => each.subject);
const listed = async (ports: MemoryPorts) =>
  (await failoverStatus(ports)).flatMap((each) => {
    if (!('leftovers' in each)) return [];
    return 'unknown' in each.leftovers ? [each.leftovers.unknown] : each.leftovers.map(({ instance }) => instance);
  });

/** A failover that rejects its first point and serves the second one. */
async function servedByTheSecond(): Promise<{ ports: MemoryPorts; first: string; second: string }> {
  const { ports, ids } = await protectedWorld(2);
  ports.inspection.answer = (report) =>
    report.run.includes('failover') && ports.inspection.asked.length === 1 ? wrongOwner(report) : report;
  const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
  const [first = '', second = ''] = run.attempts.map((each) => each.instance);
  expect([run.state, run.attempts.map((each) => each.outcome)]).toEqual(['done', ['rejected', 'passed']]);
  return { ports, first, second };
}

describe('what failovers left behind', () => {
  it('is named by readiness and by the status while another instance serves, until it is deleted', async () => {
    const { ports, first } = await servedByTheSecond();
    expect([await said(ports), await listed(ports)]).toEqual([[first], [first]]);
    const text = failoverStatusText(await failoverStatus(ports), ports);
    expect(text).toContain(`left behind: ${first}: failover`);
    expect(text).toContain(
      `    aws rds delete-db-instance --region us-west-2 --db-instance-identifier ${first} --skip-final-snapshot`,
    );
    ports.instances.held.delete(first);
    expect([await said(ports), await listed(ports)]).toEqual([[], []]);
  });

  it('is all of one that was called off, while it was never in force', async () => {
    const { ports, ids } = await protectedWorld(1);
    const run = await start(ports, ids[0] ?? '');
    for (let n = 0; n < 3; n += 1) {
      settle(ports);
      await advance(ports, testPolicy);
    }
    expect(await said(ports)).toEqual([]);
    const { kept } = await abortFailover(ports, testPolicy);
    expect(kept).toEqual([`hbdr-failover-${run.id}`]);
    expect(await said(ports)).toEqual(kept);
  });

  it('is not known where the direction cannot be read, and readiness names no instance', async () => {
    const { ports } = await servedByTheSecond();
    const held = await ports.vault.get('direction.json');
    await ports.vault.put('direction.json', 'not json', held?.etag);
    expect(await said(ports)).toEqual([]);
    expect(await listed(ports)).toEqual([expect.stringContaining('direction.json')]);
  });

  it('is not asked to be known for the status: a failover is told without it', async () => {
    const { ports } = await servedByTheSecond();
    ports.instances.list = async () => {
      throw new DrError('THROTTLED', 'list instances in the DR region: Throttling');
    };
    const [last] = await failoverStatus(ports);
    expect(last).toMatchObject({ state: 'done', leftovers: { unknown: expect.stringContaining('Throttling') } });
    expect(failoverStatusText(last ? [last] : [], ports)).toContain('left behind is not known');
  });

  it('is found by its tag also when its run is older than those that are read', async () => {
    const { ports, first } = await servedByTheSecond();
    const { list } = ports.vault;
    ports.vault.list = async (prefix) => (prefix === 'failovers/' ? [] : list(prefix));
    expect(await said(ports)).toEqual([first]);
  });
});

describe('calling off a failover', () => {
  it('that is done by the time says so, marks nothing, and prints no line that deletes what serves', async () => {
    const { ports, ids } = await protectedWorld(1);
    const run = await start(ports, ids[0] ?? '');
    const { put } = ports.vault;
    let stalled = false;
    // The abort has read the failover on its way; until it writes, the failover goes on to its end.
    const slow: MemoryPorts = {
      ...ports,
      vault: {
        ...ports.vault,
        put: async (key, body, etag) => {
          if (key === 'direction.json' && !stalled) {
            stalled = true;
            for (let n = 0; n < 12; n += 1) {
              settle(ports);
              await advance(ports, testPolicy);
            }
          }
          return put(key, body, etag);
        },
      },
    };
    await expect(abortFailover(slow, testPolicy)).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining('is done: one is called off before its cut-over only'),
    });
    expect([stalled, (await readRun(ports, run)).state]).toEqual([true, 'done']);
    const [serving] = [...ports.instances.held.values()];
    expect(serving?.tags['builder-dr:role']).toBe('failover');
    expect([await said(ports), await listed(ports)]).toEqual([[], []]);
  });
});
