import { describe, expect, it } from 'vitest';
import { DeletionNotes } from '../../../src/jobs/artifacts/deletion-notes.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { DeletionHistory, type HistoryStep } from '../../setup/deletion-history.ts';
import { testPolicy } from '../../setup/policy.ts';

const KEY = 'core/a.hart';
const live = async (history: DeletionHistory, ...steps: HistoryStep['does'][]) => {
  for (const does of steps) await history.step({ does, key: 0, pick: 0, minutes: 30 });
};
const served = async ({ ports }: DeletionHistory) => (await ports.replica.head(KEY)) !== undefined;
/** The same ports, for a run whose clock is so many hours off. */
const off = ({ ports }: DeletionHistory, hours: number) => ({
  ...ports,
  clock: () => new Date(ports.clock().getTime() + hours * 3_600_000),
});

describe('an artifact whose rows may be in a point that was captured before it went and listed after', () => {
  it.each([-22, -1.5, 22])('stays although the clock was %s hours off of who noted that it went', async (hours) => {
    const history = await DeletionHistory.begun();
    await live(history, 'begin point', 'take data', 'delete');
    const notes = new DeletionNotes(off(history, hours));
    await notes.look(KEY, true);
    await notes.end();
    await live(history, 'list point', 'reconcile', 'remove');
    expect(await served(history)).toBe(true);
    await live(history, 'expire point', 'remove');
    expect(await served(history)).toBe(false);
  });

  it.each([-22, -1.5, 22])('stays although the clock was %s hours off of who listed that it is gone', async (hours) => {
    const history = await DeletionHistory.begun();
    await live(history, 'begin point', 'take data', 'delete', 'list point');
    await reconcile(off(history, hours), testPolicy);
    await live(history, 'remove');
    expect(await served(history)).toBe(true);
    await live(history, 'reconcile', 'remove');
    expect(await served(history)).toBe(true);
    await live(history, 'expire point', 'remove');
    expect(await served(history)).toBe(false);
  });

  it.each([-22, 1.5, 22])('stays although the clock was %s hours off of who saw it last', async (hours) => {
    const history = await DeletionHistory.begun();
    await live(history, 'reconcile');
    await reconcile(off(history, hours), testPolicy);
    await live(history, 'begin point', 'take data', 'delete', 'list point', 'reconcile', 'remove');
    expect(await served(history)).toBe(true);
    await live(history, 'expire point', 'remove');
    expect(await served(history)).toBe(false);
  });
});
