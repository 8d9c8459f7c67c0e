import { describe, expect, it } from 'vitest';
import { historyOf } from './engine/generate.ts';
import { play } from './engine/play.ts';
import { shrink } from './engine/shrink.ts';
import { historyText } from './engine/text.ts';
import type { Fact, Judge, Violation } from './truth.ts';

/** An oracle that takes something for broken which is none: that a package is deleted once a drill was begun. */
const planted = (): Judge => {
  let drilled = false;
  return {
    see(fact: Fact): Violation[] {
      if (fact.what === 'document' && fact.key.startsWith('drills/')) drilled = true;
      if (fact.what !== 'row' || fact.checksum !== undefined || !drilled) return [];
      return [{ invariant: 'planted', subject: fact.key, said: 'nothing is deleted after a drill', so: 'it is' }];
    },
    atRest: () => [],
  };
};

describe('the shrinker', () => {
  it('leaves of a history what is needed to break the same, and no faults that are not', async () => {
    let seed = 1;
    while ((await play(historyOf(seed), { judge: planted })).violations.length === 0) seed += 1;
    const { history, outcome } = await shrink(historyOf(seed), { invariant: 'planted' }, { judge: planted });
    expect(outcome.violations.map(({ invariant }) => invariant)).toContain('planted');
    expect(history.actions.length).toBeLessThan(12);
    expect(history.actions.flatMap((each) => (each.do === 'run' ? each.faults : []))).toEqual([]);
    expect(historyText(history)).toMatch(/begin drill/);
    expect(historyText(history)).toMatch(/Builder: (delete|re-upload)/);
  });
});
