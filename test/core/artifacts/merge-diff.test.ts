import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, mergeDiff, SampleCounter } from '../../../src/core/artifacts/merge-diff.ts';

async function* paged(keys: string[], size: number): AsyncIterable<{ key: string }[]> {
  for (let start = 0; start < keys.length; start += size) yield keys.slice(start, start + size).map((key) => ({ key }));
}

const sorted = (keys: Iterable<string>) => [...new Set(keys)].sort(compareKeys);

describe('comparing two listings', () => {
  it('orders keys as their UTF-8 bytes do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
      { numRuns: 2_000 },
    );
  });

  it('puts a character beyond the basic plane after one at its end, unlike JavaScript', () => {
    expect(compareKeys('\u{1F600}', '\uFFFD')).toBe(1);
    expect(compareKeys('\uFFFD', '\u{1F600}')).toBe(-1);
  });

  it('finds what is on the left, on the right and on both sides, wherever the pages break', async () => {
    const keys = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        keys,
        keys,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 7 }),
        async (l, r, p, q) => {
          const [left, right] = [sorted(l), sorted(r)];
          const seen = { left: [] as string[], right: [] as string[], both: [] as string[] };
          await mergeDiff(paged(left, p), paged(right, q), (each) => {
            seen[each.side].push(each.side === 'right' ? each.right.key : each.left.key);
          });
          expect(seen.left).toEqual(left.filter((key) => !right.includes(key)));
          expect(seen.right).toEqual(right.filter((key) => !left.includes(key)));
          expect(seen.both).toEqual(left.filter((key) => right.includes(key)));
        },
      ),
    );
  });

  it('skips empty pages', async () => {
    async function* gaps() {
      yield [];
      yield [{ key: 'a' }];
      yield [];
      yield [{ key: 'b' }];
    }
    const seen: string[] = [];
    await mergeDiff(gaps(), paged(['b'], 1), (each) => seen.push(each.side));
    expect(seen).toEqual(['left', 'both']);
  });

  it('counts all and keeps ten samples', () => {
    const counter = new SampleCounter();
    for (let n = 0; n < 25; n += 1) counter.add(`k${n}`);
    expect(counter.result.count).toBe(25);
    expect(counter.result.samples).toHaveLength(10);
  });
});
