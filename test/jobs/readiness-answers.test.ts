import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/errors.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { protectedWorld } from '../setup/memory-recovery.ts';
import { testPolicy } from '../setup/policy.ts';

async function toldWhile(refuse: (world: Awaited<ReturnType<typeof protectedWorld>>) => void) {
  const world = await protectedWorld();
  refuse(world);
  const { findings } = await readiness(world.ports, testPolicy);
  expect(world.ports.notifier.messages.length).toBe(1);
  return findings.map(({ code, subject }) => `${code} ${subject}`);
}

describe('readiness, when the primary region answers with errors', () => {
  it.each(['REMOTE_FAILED', 'ACCESS_DENIED', 'CREDENTIALS_REFUSED', 'NOT_FOUND'] as const)(
    'tells people so, and does not die of it (%s)',
    async (code) => {
      const found = await toldWhile(({ ports }) => {
        ports.database.source = async () => {
          throw new DrError(code, 'describe the instance: 503');
        };
      });
      expect(found).toContain('PRIMARY_UNREACHABLE us-east-1');
    },
  );

  it('calls one that is asked too often not unreachable', async () => {
    const found = await toldWhile(({ ports }) => {
      ports.database.source = async () => {
        throw new DrError('THROTTLED', 'describe the instance: Rate exceeded');
      };
    });
    expect(found.filter((each) => each.startsWith('PRIMARY_UNREACHABLE'))).toEqual([]);
  });

  it('tells the rest where a quota is not answered', async () => {
    const found = await toldWhile(({ ports }) => {
      ports.database.snapshotQuota = async () => {
        throw new DrError('REMOTE_FAILED', 'describe the quotas: 503');
      };
    });
    expect(found).toContain('QUOTA_UNKNOWN us-east-1');
  });

  it('dies of a defect of its own, which no error of AWS is', async () => {
    const { ports } = await protectedWorld();
    ports.database.source = async () => {
      throw new TypeError('x is not a function');
    };
    await expect(readiness(ports, testPolicy)).rejects.toThrow(TypeError);
  });
});
