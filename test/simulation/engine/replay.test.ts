import { describe, expect, it } from 'vitest';
import { historyOf } from './generate.ts';
import type { History } from './history.ts';
import { play } from './play.ts';

const SEEDS = [3, 8, 21];

describe('a history of the simulation', () => {
  it('is the same each time that it is made of a seed, and another one of another seed', () => {
    expect(historyOf(7)).toEqual(historyOf(7));
    expect(historyOf(7)).not.toEqual(historyOf(8));
  });

  it.each(SEEDS)('plays the same way twice, call by call: seed %i', async (seed) => {
    const once = await play(historyOf(seed));
    const again = await play(JSON.parse(JSON.stringify(historyOf(seed))) as History);
    expect(once.calls).toBeGreaterThan(500);
    expect(again.digest).toBe(once.digest);
  });

  it('plays in another way when one call fails', async () => {
    const history = historyOf(3);
    const first = history.actions.findIndex((each) => each.do === 'run');
    const actions = history.actions.map((each, n) =>
      n === first && each.do === 'run' ? { ...each, faults: [{ at: 2, kind: 'lost' as const }] } : each,
    );
    expect((await play({ ...history, actions })).digest).not.toBe((await play(history)).digest);
  });
});
