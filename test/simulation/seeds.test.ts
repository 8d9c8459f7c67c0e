import { describe, expect, it } from 'vitest';
import { violationsText } from './engine/text.ts';
import { playSeed } from './engine/worker.ts';
import { PLAYED } from './kept-seeds.ts';
import { knownReason } from './known.ts';

/** Apart, so that a time-out names its seeds. */
const PARTS = 12;

describe('in histories with all faults no invariant is broken', () => {
  const each = PLAYED / PARTS;
  it.each(Array.from({ length: PARTS }, (_, n) => 1 + n * each))(`${each} seeds from %i`, async (from) => {
    const broken: string[] = [];
    let calls = 0;
    for (let seed = from; seed < from + each; seed += 1) {
      const report = await playSeed(seed);
      calls += report.calls;
      if (report.broke !== undefined) broken.push(`seed ${seed} could not be played: ${report.broke}`);
      const violations = report.violations.filter((one) => knownReason(one) === undefined);
      if (violations.length > 0) broken.push(`seed ${seed}: ${violationsText({ violations })}`);
    }
    expect(broken).toEqual([]);
    expect(calls / each).toBeGreaterThan(2_000);
  });
});
