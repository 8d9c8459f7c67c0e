import { describe, expect, it } from 'vitest';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { finishRun, protectedWorld, readRun } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { codes, drill, start } from '../../setup/recovery-requests.ts';

describe('a restore', () => {
  it('whose prerequisites are missing starts nothing, is blocked by name, and goes on once they are there', async () => {
    const { ports, ids } = await protectedWorld();
    ports.instances.lacking = [
      { code: 'DR_NETWORK_MISSING', subject: 'builder-dr', text: 'there is no subnet group builder-dr' },
    ];
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([blocked.state, codes(blocked)]).toEqual(['blocked', ['DR_NETWORK_MISSING']]);
    expect(ports.instances.restores).toEqual([]);
    ports.instances.lacking = [];
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, current(run).point]).toEqual(['done', ids[0]]);
  });

  it('of another engine than the snapshot had proves nothing and is rejected', async () => {
    const { ports } = await protectedWorld();
    ports.instances.engineVersion = 'postgres 18.1';
    const run = await finishRun(ports, await drill(ports));
    expect(run.state).toBe('failed');
    expect(run.history.at(-1)?.why).toBe("the restored engine is postgres 18.1, the snapshot's was postgres 17.10");
    expect(ports.instances.held.size).toBe(0);
  });

  it('that is refused for now waits, says why, and is asked for again', async () => {
    const { ports } = await protectedWorld();
    const refusal = new DrError('QUOTA_EXCEEDED', 'InstanceQuotaExceeded');
    ports.instances.refuse.set('db.t4g.small', refusal);
    const run = await drill(ports);
    await advance(ports, testPolicy);
    expect((await readRun(ports, run)).errors).toMatchObject([{ message: 'InstanceQuotaExceeded' }]);
    ports.instances.refuse.clear();
    expect((await finishRun(ports, run)).state).toBe('passed');
  });

  it('is told everything that policy says, the same in drill and failover but for size and safety', async () => {
    const { ports, ids } = await protectedWorld();
    await finishRun(ports, await drill(ports));
    await finishRun(ports, await start(ports, ids[0] ?? ''));
    const made = [...ports.instances.held.values()][0]?.request;
    expect(made).toEqual({
      name: expect.stringMatching(/^hbdr-failover-/),
      snapshot: `hbdr-${ids[0]}`,
      className: 'db.t4g.medium',
      subnetGroup: 'builder-dr',
      securityGroups: ['sg-builder-dr'],
      parameterGroup: 'builder-postgres17',
      storageType: 'gp3',
      storageGib: 20,
      iops: undefined,
      throughputMibps: undefined,
      multiAz: true,
      deletionProtection: true,
      backupRetentionDays: 0,
      caCertificate: 'rds-ca-rsa2048-g1',
      logExports: ['postgresql'],
      iamAuthentication: false,
      engineLifecycleSupport: 'open-source-rds-extended-support',
      tags: { 'builder-dr:run': expect.stringMatching(/^failovers\//), 'builder-dr:role': 'failover' },
    });
  });
});
