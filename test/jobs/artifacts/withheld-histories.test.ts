import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDeletions } from '../../../src/jobs/artifacts/deletion-marks.ts';
import { DeletionHistory, type HistoryStep, historyKeys } from '../../setup/deletion-history.ts';

/** `HISTORIES=10000 npm test -- test/jobs/artifacts/withheld-histories.test.ts` for the long run. */
const numRuns = Number(process.env['HISTORIES'] ?? 300);

/** How often each step comes: what is rare alone needs many together. */
const weights: [HistoryStep['does'], number][] = [
  ['upload', 3],
  ['delete', 4],
  ['deliver', 4],
  ['deliver twice', 1],
  ['lose event', 1],
  ['reconcile', 6],
  ['cut reconcile', 1],
  ['drain', 2],
  ['heal', 1],
  ['whole point', 3],
  ['begin point', 1],
  ['take data', 2],
  ['list point', 2],
  ['prove point', 1],
  ['expire point', 3],
  ['remove', 6],
  ['lifecycle', 1],
];
const step: fc.Arbitrary<HistoryStep> = fc.record({
  does: fc.oneof(...weights.map(([does, weight]) => ({ arbitrary: fc.constant(does), weight }))),
  key: fc.nat(1),
  pick: fc.nat(11),
  minutes: fc.constantFrom(1, 7, 12, 30),
});
const histories = fc.array(step, { minLength: 8, maxLength: 40 });

describe('any history of uploads, deletes, events, listings, points and removals', () => {
  it('never takes from the replica what an unexpired point refers to (I3)', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const history = await DeletionHistory.begun();
        for (const [index, each] of steps.entries()) {
          await history.step(each);
          expect(await history.lost(), `after step ${index}: ${each.does}`).toEqual([]);
        }
      }),
      { numRuns },
    );
  });

  it('ends: when no point is left, the replica holds what the primary has, and nothing is remembered', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const history = await DeletionHistory.begun();
        for (const each of steps) await history.step(each);
        for (const point of history.points) await history.expire(point);
        const { ports, clock } = history;
        for (let round = 0; round < 4; round += 1) {
          clock.passMinutes(60);
          await history.reconcile();
          await history.step({ does: 'drain', key: 0, pick: 0, minutes: 1 });
          await history.remove();
        }
        history.lifecycle(32);
        history.lifecycle(1);
        const held = await Promise.all(historyKeys.map(async (key) => ((await ports.replica.head(key)) ? [key] : [])));
        expect(held.flat()).toEqual(history.alive);
        for (const key of historyKeys) {
          if (!history.alive.includes(key)) expect(ports.replica.versions.of(key)).toEqual([]);
        }
        expect((await readDeletions(ports.vault))?.value).toMatchObject({ withheld: 0, hidden: 0, mass: [] });
        expect((await ports.vault.list('deletions')).length).toBeLessThanOrEqual(8);
      }),
      { numRuns: Math.ceil(numRuns / 3) },
    );
  });
});
