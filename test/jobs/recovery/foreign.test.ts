import { expect, it } from 'vitest';
import { advance } from '../../../src/jobs/advance.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { drill, start } from '../../setup/recovery-requests.ts';

it.each(['failover', 'drill'])(
  'an instance that is not of this %s, under the name of its own, is neither used nor removed',
  async (kind) => {
    const { ports, ids, clock } = await protectedWorld(1);
    const run = kind === 'drill' ? await drill(ports) : await start(ports, ids[0] ?? '');
    const name = `hbdr-${kind}-${run.id}`;
    ports.instances.held.clear();
    await ports.instances.restore({
      name,
      snapshot: 'theirs',
      className: 'db.m7g.large',
      storageGib: 20,
      multiAz: false,
      deletionProtection: false,
      backupRetentionDays: 0,
      tags: { 'builder-dr:run': 'failovers/theirs.json' },
    } as never);
    settle(ports);
    for (let n = 0; n < 8; n += 1) {
      clock.passMinutes(1);
      await advance(ports, testPolicy);
      settle(ports);
    }
    const now = await readRun(ports, run);
    expect(now.attempts.some((each) => each.available)).toBe(false);
    expect([...ports.instances.held.keys()]).toContain(name);
    if (kind === 'drill') return;
    const report = await abortFailover(ports, testPolicy);
    expect(report.remove).toEqual([]);
  },
);
