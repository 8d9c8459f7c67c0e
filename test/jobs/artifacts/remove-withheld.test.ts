import { describe, expect, it } from 'vitest';
import { canaryKey, FENCE_PROBE_KEY } from '../../../src/core/artifacts/reserved.ts';
import { retentionSection } from '../../../src/core/settings/retention.ts';
import { readDeletions } from '../../../src/jobs/artifacts/deletion-marks.ts';
import { prune } from '../../../src/jobs/points/prune.ts';
import { handle } from '../../setup/artifact-world.ts';
import { DeletionHistory, type HistoryStep } from '../../setup/deletion-history.ts';
import { testPolicy } from '../../setup/policy.ts';

/** Steps by name, half an hour apart; about the first of the two artifacts. */
const live = async (history: DeletionHistory, ...steps: HistoryStep['does'][]) => {
  for (const does of steps) await history.step({ does, key: 0, pick: 0, minutes: 30 });
};
const served = async ({ ports }: DeletionHistory) => (await ports.replica.head('core/a.hart')) !== undefined;
const known = async ({ ports }: DeletionHistory) => (await readDeletions(ports.vault))?.value;

describe('what is no artifact', () => {
  it('is never withheld, whatever lies in the replica alone', async () => {
    const history = await DeletionHistory.begun();
    for (const key of [FENCE_PROBE_KEY, canaryKey('run')]) history.ports.replica.plant(key, Buffer.from('ours'));
    await live(history, 'reconcile', 'reconcile', 'remove');
    expect(await known(history)).toMatchObject({ withheld: 0, hidden: 0, replica: 2 });
  });
});

describe('a prune', () => {
  it('takes out of the replica what its points needed, after them, and nothing while no retention is set', async () => {
    const history = await DeletionHistory.begun();
    await live(history, 'whole point', 'reconcile', 'delete', 'reconcile', 'expire point');
    await live(history, 'whole point');
    expect((await prune(history.ports, testPolicy)).replica).toBeUndefined();
    expect(await served(history)).toBe(true);
    const retention = retentionSection.parse({ last: 1 });
    expect(await prune(history.ports, { ...testPolicy, retention })).toMatchObject({ replica: { hidden: 1 } });
    expect(await served(history)).toBe(false);
  });
});

describe('an artifact that was deleted at the primary', () => {
  it('stays while a point lists it, and goes when that point has expired', async () => {
    const history = await DeletionHistory.begun();
    await live(history, 'whole point', 'reconcile', 'delete', 'reconcile', 'remove', 'remove');
    expect([await served(history), await known(history)]).toMatchObject([true, { withheld: 1, hidden: 0 }]);
    await live(history, 'expire point', 'remove');
    expect([await served(history), await known(history)]).toMatchObject([false, { withheld: 0, hidden: 1 }]);
    await live(history, 'remove');
    expect(await known(history)).toMatchObject({ withheld: 0, hidden: 0 });
  });

  it('stays while its rows may be in a point that was captured before it went and listed after', async () => {
    const history = await DeletionHistory.begun();
    await live(history, 'begin point', 'take data', 'delete', 'list point', 'reconcile', 'remove');
    expect(await served(history)).toBe(true);
    await live(history, 'expire point', 'remove');
    expect(await served(history)).toBe(false);
  });

  it('stays while the rows of a proven point name it, although no list does', async () => {
    const history = await DeletionHistory.begun();
    await live(history, 'delete', 'reconcile', 'reconcile', 'whole point');
    history.points[0]?.rows?.set('core/a.hart', { content: 'core/a.hart:x', seen: true });
    await live(history, 'prove point', 'reconcile', 'remove');
    expect(await served(history)).toBe(true);
    await live(history, 'expire point', 'remove');
    expect(await served(history)).toBe(false);
  });

  it('stays while an event that no listing has confirmed says that it lived again', async () => {
    const history = await DeletionHistory.begun();
    await live(history, 'delete', 'reconcile', 'upload', 'deliver', 'begin point', 'take data', 'delete', 'list point');
    await live(history, 'remove');
    expect(await served(history)).toBe(true);
    await live(history, 'reconcile', 'remove');
    expect(await served(history)).toBe(true);
    await live(history, 'expire point', 'remove');
    expect(await served(history)).toBe(false);
  });

  it('ends, with all that is kept of it, although it came back and went again before it was copied anew', async () => {
    const history = await DeletionHistory.begun();
    await live(history, 'delete', 'reconcile', 'remove', 'upload', 'reconcile', 'remove', 'remove', 'delete');
    await live(history, 'reconcile', 'remove', 'remove');
    expect(history.ports.replica.versions.of('core/a.hart')).toMatchObject([{ released: true }]);
    expect(await known(history)).toMatchObject({ withheld: 0, hidden: 0 });
  });

  it('stays for a point of before it went although its bytes were healed while a listing did not know yet', async () => {
    const history = await DeletionHistory.begun();
    await live(history, 'begin point', 'take data', 'delete', 'list point');
    history.clock.passMinutes(60);
    history.ports.replica.plant('core/a.hart', Buffer.from('rotten'));
    await handle(history.ports, 'core/a.hart');
    await history.step({ does: 'reconcile', key: 0, pick: 0, minutes: 1 });
    await live(history, 'reconcile', 'remove');
    expect([await served(history), (await known(history))?.withheld]).toEqual([true, 1]);
    await live(history, 'expire point', 'remove');
    expect(await served(history)).toBe(false);
  });

  it('goes although older and newer points are kept for years: they list it, or never had it', async () => {
    const history = await DeletionHistory.begun();
    history.clock.passMinutes(60);
    history.delete('core/b.hart');
    await live(history, 'reconcile', 'whole point', 'reconcile');
    await live(history, 'reconcile', 'upload', 'deliver', 'reconcile', 'delete', 'reconcile', 'whole point', 'remove');
    expect(history.points.map(({ document }) => document.state)).toEqual(['protected', 'protected']);
    expect(await served(history)).toBe(true);
    await history.expire(history.points[0] as never);
    await live(history, 'remove');
    expect(await served(history)).toBe(false);
    expect(await history.ports.replica.head('core/b.hart')).toBeUndefined();
  });
});
