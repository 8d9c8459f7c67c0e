import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/errors.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { protectedWorld } from '../setup/memory-recovery.ts';
import { testPolicy } from '../setup/policy.ts';
import type { MemoryPorts } from '../world/ports.ts';

const foundOf = async (ports: MemoryPorts) =>
  (await readiness(ports, testPolicy)).findings
    .filter((each) => each.code.startsWith('QUOTA'))
    .map(({ code, subject }) => `${code} ${subject}`);

describe('readiness and the quota of snapshots', () => {
  it('reads what AWS says of it, in both regions', async () => {
    const { ports } = await protectedWorld();
    expect(await foundOf(ports)).toEqual([]);
    ports.database.quotas = { primary: { used: 91, allowed: 100 }, dr: { used: 499, allowed: 500 } };
    expect(await foundOf(ports)).toEqual(['QUOTA_NEAR us-west-2', 'QUOTA_NEAR us-east-1']);
  });

  it('goes on without a right to read it, and says so', async () => {
    const { ports } = await protectedWorld();
    ports.database.snapshotQuota = async () => {
      throw new DrError('ACCESS_DENIED', 'describe the quotas: not authorized');
    };
    expect(await foundOf(ports)).toEqual(['QUOTA_UNKNOWN us-west-2', 'QUOTA_UNKNOWN us-east-1']);
  });

  it('does not ask a primary that is silent a second time', async () => {
    const { ports } = await protectedWorld();
    const silence = new DrError('SITE_UNREACHABLE', 'TimeoutError', { site: 'primary' });
    const asked: string[] = [];
    ports.database.quotas.dr = { used: 95, allowed: 100 };
    const { snapshotQuota } = ports.database;
    ports.database.snapshotQuota = async (site) => {
      asked.push(site);
      return snapshotQuota(site);
    };
    ports.database.source = async () => {
      throw silence;
    };
    expect(await foundOf(ports)).toEqual(['QUOTA_NEAR us-west-2']);
    expect(asked).toEqual(['dr']);
  });

  it('takes the silence of a primary that falls dark in between for no error', async () => {
    const { ports } = await protectedWorld();
    const { snapshotQuota } = ports.database;
    ports.database.snapshotQuota = async (site) => {
      if (site === 'primary') throw new DrError('SITE_UNREACHABLE', 'TimeoutError', { site });
      return snapshotQuota(site);
    };
    expect(await foundOf(ports)).toEqual([]);
  });
});
