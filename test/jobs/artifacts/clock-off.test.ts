import { describe, expect, it } from 'vitest';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { anHour, artifactWorld } from '../../setup/artifact-world.ts';
import { testPolicy } from '../../setup/policy.ts';

describe('a comparison of the buckets by a clock that is wrong', () => {
  it.each([
    ['ahead', 5],
    ['behind', -5],
  ])('marks no delete, and readiness says so until a right one has compared: %s', async (_how, hours) => {
    const world = await artifactWorld();
    const { ports, clock } = world;
    await anHour(world);
    const told = async () => (await readiness(ports, testPolicy)).findings.filter(({ code }) => code === 'CLOCK_WRONG');
    expect(await told()).toEqual([]);
    const off = { ...ports, clock: () => new Date(clock.now.getTime() + hours * 3_600_000) };
    const before = await ports.vault.get('deletions.json');
    await reconcile(off, testPolicy);
    expect(await ports.vault.get('deletions.json')).toEqual(before);
    expect(await told()).toMatchObject([
      {
        subject: 'reconcile',
        text: `the last comparison of the buckets marked no delete: its clock said ${off.clock().toISOString()} when the vault wrote at ${clock.now.toISOString()}`,
      },
    ]);
    await anHour(world);
    expect(await told()).toEqual([]);
  });
});
