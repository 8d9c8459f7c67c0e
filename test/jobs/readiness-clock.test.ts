import { describe, expect, it } from 'vitest';
import { statusSchema } from '../../src/core/readiness/documents.ts';
import { historySchema } from '../../src/core/readiness/history.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { protectedWorld } from '../setup/memory-recovery.ts';
import { testPolicy } from '../setup/policy.ts';

type World = Awaited<ReturnType<typeof protectedWorld>>;

async function passed({ ports, clock }: World, minutes: number, policy = testPolicy) {
  clock.passMinutes(minutes);
  return readiness(ports, policy);
}

/** One run whose clock is as many hours ahead. */
async function aheadBy({ ports, clock }: World, hours: number): Promise<void> {
  await readiness({ ...ports, clock: () => new Date(clock.now.getTime() + hours * 3_600_000) }, testPolicy);
}

const documentOf = async ({ ports }: World, key: string): Promise<unknown> =>
  JSON.parse((await ports.vault.get(key))?.body ?? 'null');

describe('readiness after a run whose clock was ahead', () => {
  it('writes what it sees, as of its own time', async () => {
    const world = await protectedWorld();
    await aheadBy(world, 17);
    const status = await passed(world, 15);
    expect(statusSchema.parse(await documentOf(world, vaultKeys.status))).toEqual(status);
    expect(status.at).toBe(world.clock.now.toISOString());
  });

  it('tells people once that the state is as before, and is quiet then', async () => {
    const world = await protectedWorld();
    await passed(world, 0);
    await aheadBy(world, 17);
    await passed(world, 15);
    world.ports.notifier.messages.length = 0;
    for (let n = 0; n < 4; n += 1) await passed(world, 5);
    expect(world.ports.notifier.messages.map(({ subject }) => subject)).toEqual([]);
  });

  it('is heard of when the next heartbeat is due, and not a month later', async () => {
    const world = await protectedWorld();
    await passed(world, 0);
    await aheadBy(world, 30 * 24);
    await passed(world, 15);
    world.ports.notifier.messages.length = 0;
    await passed(world, 16, { ...testPolicy, heartbeatHours: 0.25 });
    expect(world.ports.notifier.messages.map(({ kind }) => kind)).toEqual(['heartbeat']);
  });

  it('keeps the readings of before, and those of now are none of that quarter of an hour to come', async () => {
    const world = await protectedWorld();
    const first = await passed(world, 0);
    await aheadBy(world, 30 * 24);
    const last = await passed(world, 15);
    const { readings } = historySchema.parse(await documentOf(world, vaultKeys.history));
    expect(readings.map(({ at }) => at)).toEqual([first.at, last.at, expect.any(String)]);
    const page = (await world.ports.vault.get(vaultKeys.statusPage))?.body ?? '';
    expect(page).not.toContain(readings[2]?.at.slice(0, 10));
  });

  it('gives way to a newer run of a right clock all the same', async () => {
    const world = await protectedWorld();
    const { ports, clock } = world;
    await passed(world, 15);
    const before = await documentOf(world, vaultKeys.status);
    let asked = 0;
    // It began a minute before, and writes now.
    const began = () => (asked++ === 0 ? new Date(clock.now.getTime() - 60_000) : clock.now);
    await readiness({ ...ports, clock: began }, testPolicy);
    expect(await documentOf(world, vaultKeys.status)).toEqual(before);
  });
});

describe('a comparison of the buckets by a clock that was ahead', () => {
  const lagging = ({ findings }: { findings: { code: string; text: string }[] }) =>
    findings.filter(({ code }) => code === 'REPLICATION_LAGGING').map(({ text }) => text);

  it('is told until the next one, which counts from its own time', async () => {
    const world = await protectedWorld();
    const { ports, clock } = world;
    await reconcile({ ...ports, clock: () => new Date(clock.now.getTime() + 20 * 3_600_000) }, testPolicy);
    expect(lagging(await passed(world, 1))).toEqual([
      expect.stringContaining('a clock that was ahead says 2026-11-23'),
    ]);
    await reconcile(ports, testPolicy);
    expect(lagging(await passed(world, 1))).toEqual([]);
    expect(await documentOf(world, vaultKeys.reconcile)).toMatchObject({
      firstAt: expect.stringMatching(/^2026-11-22/),
    });
  });

  it('that never came is told as soon as one would be too old', async () => {
    const world = await protectedWorld();
    await world.ports.vault.remove(vaultKeys.reconcile);
    expect(lagging(await passed(world, testPolicy.reconcileStaleMinutes))).toEqual([
      expect.stringContaining('never compared'),
    ]);
  });
});
