import { describe, expect, it } from 'vitest';
import { pruneSchema } from '../../../src/core/points/prune-record.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { planPrune, prune } from '../../../src/jobs/points/prune.ts';
import { readDocument } from '../../../src/jobs/vault/documents.ts';
import { agedWorld, plantPoint, remains, retaining } from '../../setup/retention-world.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const careful = (rules: Parameters<typeof retaining>[0]) => retaining({ confirmAbovePercent: 20, ...rules });
const aDay = () => agedWorld([...Array(24).keys()].map((n) => ({ hours: 24 - n })));
const recordOf = async (ports: MemoryPorts) => (await readDocument(ports.vault, vaultKeys.prune, pruneSchema))?.value;

/** A world in which a policy is in force already. */
async function settled(rules: Parameters<typeof retaining>[0]) {
  const world = await aDay();
  const policy = careful(rules);
  await prune(world.ports, policy, (await planPrune(world.ports, policy)).unconfirmed?.id);
  return world;
}

describe('the first prune under a policy that removes much', () => {
  it('waits, removes nothing, and says what it would remove', async () => {
    const { ports } = await aDay();
    const before = remains(ports);
    const { unconfirmed } = await prune(ports, careful({ last: 10 }));
    expect(unconfirmed).toMatchObject({ points: 14, ofPoints: 24, primarySnapshots: 8, ofPrimarySnapshots: 24 });
    expect(remains(ports)).toEqual({ ...before, vault: [...before.vault, 'prune.json'] });
    expect((await recordOf(ports))?.unconfirmed).toMatchObject({ id: unconfirmed?.id });
  });

  it('removes exactly what was confirmed', async () => {
    const { ports, ids } = await aDay();
    const { unconfirmed } = await planPrune(ports, careful({ last: 10 }));
    const report = await prune(ports, careful({ last: 10 }), unconfirmed?.id);
    expect(report).toMatchObject({ removed: ids.slice(0, 14), unconfirmed: undefined });
    expect(await recordOf(ports)).toMatchObject({ applied: { policy: { last: 10 } } });
    expect((await recordOf(ports))?.unconfirmed).toBeUndefined();
  });

  it('is refused when the plan is another by now', async () => {
    const { ports, clock } = await aDay();
    const { unconfirmed } = await planPrune(ports, careful({ last: 10 }));
    await plantPoint(ports, clock.now, {});
    const late = prune(ports, careful({ last: 10 }), unconfirmed?.id);
    await expect(late).rejects.toMatchObject({ code: 'NOT_CONFIRMED', hint: expect.stringContaining('--confirm') });
    const otherPolicy = prune(ports, careful({ last: 9 }), unconfirmed?.id);
    await expect(otherPolicy).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(ports.database.removed).toEqual([]);
  });

  it('cannot be confirmed while nothing may be removed', async () => {
    const { ports } = await aDay();
    const { unconfirmed } = await planPrune(ports, careful({ last: 10 }));
    ports.database.dark = true;
    const now = prune(ports, careful({ last: 10 }), unconfirmed?.id);
    await expect(now).rejects.toMatchObject({ code: 'NOT_CONFIRMED', message: expect.stringContaining('primary') });
  });

  it('needs no word where it removes little', async () => {
    const { ports, ids } = await agedWorld([3, 2, 1].map((hours) => ({ hours })));
    const little = careful({ last: 3, primarySnapshots: 3 });
    expect(await prune(ports, little)).toMatchObject({ unconfirmed: undefined, expired: [] });
    await plantPoint(ports, ports.clock(), {});
    expect((await prune(ports, little)).removed).toEqual([ids[0]]);
  });
});

describe('a policy that is in force', () => {
  it('removes fifty points in a pass, says how many are left, and goes on with the next', async () => {
    const { ports } = await agedWorld([...Array(60).keys()].map((n) => ({ hours: 60 - n })));
    const all = retaining({ last: 2 });
    expect(await prune(ports, all)).toMatchObject({ removed: { length: 50 }, left: 8 });
    expect(await prune(ports, all)).toMatchObject({ removed: { length: 8 }, left: 0 });
  });

  it('goes on by itself, however much there is to remove after an outage', async () => {
    const { ports, clock } = await settled({ last: 10 });
    for (let n = 0; n < 10; n += 1) {
      clock.passMinutes(60);
      await plantPoint(ports, clock.now, {});
    }
    expect((await prune(ports, careful({ last: 10 }))).removed).toHaveLength(10);
  });

  it('waits again after an edit; until then only what both policies remove goes', async () => {
    const { ports, clock, ids } = await settled({ last: 10, primarySnapshots: 9 });
    clock.passMinutes(60);
    await plantPoint(ports, clock.now, {});
    const report = await prune(ports, careful({ last: 3, primarySnapshots: 9 }));
    expect(report.unconfirmed).toMatchObject({ points: 8, ofPoints: 11 });
    expect(report.removed).toEqual([ids[14]]);
    const wider = await prune(ports, careful({ last: 20, primarySnapshots: 9 }));
    expect(wider).toMatchObject({ unconfirmed: undefined, removed: [] });
  });

  it('is not forgotten by a prune that died between its confirmation and the first removal', async () => {
    const { ports } = await aDay();
    const policy = careful({ last: 10 });
    const { unconfirmed } = await planPrune(ports, policy);
    const dying = { ...ports, database: { ...ports.database, snapshotUse: () => Promise.reject(new Error('killed')) } };
    await expect(prune(dying, policy, unconfirmed?.id)).rejects.toThrow('killed');
    expect((await prune(ports, policy)).removed).toHaveLength(14);
  });
});
