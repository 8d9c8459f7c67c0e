import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hart, judge, payload, signer } from './subject.ts';

type Mutation = (bytes: Buffer) => Buffer;
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const place = (bytes: Buffer, at: number) => Math.floor(at * bytes.length);

/** Ways in which bytes go wrong: bits, losses, insertions, repetitions, ends, and white space where the format has some. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(share, fc.nat(7)).map(
    ([at, bit]): Mutation =>
      (bytes) => {
        const out = Buffer.from(bytes);
        if (out.length > 0) out[place(out, at)] = (out[place(out, at)] ?? 0) ^ (1 << bit);
        return out;
      },
  ),
  fc.tuple(share, share).map(
    ([from, length]): Mutation =>
      (bytes) => {
        const start = place(bytes, from);
        return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + Math.ceil(length * length * 60))]);
      },
  ),
  fc.tuple(share, fc.uint8Array({ minLength: 1, maxLength: 40 })).map(
    ([at, more]): Mutation =>
      (bytes) => {
        const start = place(bytes, at);
        return Buffer.concat([bytes.subarray(0, start), more, bytes.subarray(start)]);
      },
  ),
  fc.tuple(share, share).map(
    ([from, to]): Mutation =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, place(bytes, from)), bytes.subarray(place(bytes, to))]),
  ),
  fc.tuple(share, fc.constantFrom('\n', '\r\n', ' ', '\t', '\u0085', '\u2003', '\ufeff', '\0', '=', '-')).map(
    ([at, text]): Mutation =>
      (bytes) => {
        const start = Math.floor(at * Math.min(bytes.length, 220));
        return Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(start)]);
      },
  ),
);

/** What a reader of the format sees, found another way than the product finds it. */
function seen(bytes: Buffer): { payload: string; words: string[] } {
  let at = 0;
  for (let line = 0; line < 5 && at !== -1; line += 1) at = bytes.indexOf(10, at) + 1 || -1;
  const header = at === -1 ? '' : bytes.subarray(0, at).toString('utf8');
  return {
    payload: at === -1 ? '' : bytes.subarray(at).toString('hex'),
    words: header.split(/[\p{White_Space}]+/u).filter(Boolean),
  };
}

const original = seen(hart);
const CASES = 100_000;

describe('mutated packages and keys', () => {
  it(`in ${CASES} cases: no crash, no hang, and OK only for what still says the same`, () => {
    const verdicts = new Map<string, number>();
    const cases = fc.tuple(
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      fc.option(mutation, { freq: 4, nil: undefined }),
      fc.constantFrom(1, 5, 64, 100_000),
    );
    fc.assert(
      fc.property(cases, ([mutations, keyMutation, chunk]) => {
        const bytes = mutations.reduce((sum, each) => each(sum), hart);
        const key = keyMutation ? keyMutation(Buffer.from(signer.publicText)).toString('utf8') : signer.publicText;
        const { verdict } = judge(bytes, { key, chunk });
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
        if (verdict !== 'OK') return;
        const now = seen(bytes);
        expect(now).toEqual(original);
        expect(key.split(/\r?\n/)[3]?.trim()).toBe(signer.publicText.split('\n')[3]);
      }),
      { numRuns: CASES, interruptAfterTimeLimit: 290_000, markInterruptAsFailure: true },
    );
    // The mutations reach every failure that bytes alone can have.
    expect([...verdicts.keys()].sort()).toEqual(
      ['BAD_KEY_FILE', 'BAD_SIGNATURE', 'MALFORMED_HEADER', 'OK', 'PAYLOAD_HASH_MISMATCH', 'UNKNOWN_KEY'].sort(),
    );
    expect(payload.length).toBe(300);
  });
});
