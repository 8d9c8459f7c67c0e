import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fence } from '../../../src/core/recovery/documents.ts';
import { bucketSeenOpen, type ProbeSeen, probed, probedBefore } from '../../../src/core/recovery/fence-proof.ts';

const written: ProbeSeen = { result: 'written' };
const denied: ProbeSeen = { result: 'denied-by-resource-policy' };
const otherwise: ProbeSeen = { result: 'denied-otherwise', detail: 'no identity-based policy allows it' };
const unanswered: ProbeSeen = { result: 'unanswered', detail: 'SlowDown' };
const HOUR = 3_600;
const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 14, 0, second));
const told = (half: Fence['bucket'], ...seen: [ProbeSeen, number][]) =>
  seen.reduce((now, [what, second]) => probed(now, what, at(second), 30), half);
const proofOf = (...seen: [ProbeSeen, number][]) => told(probedBefore({}, written, at(0)), ...seen);

describe('the proof that a bucket denies writes', () => {
  it('is four denials over thirty seconds, and nothing less', () => {
    expect(proofOf([denied, 1], [denied, 2], [denied, 3], [denied, 30]).confirmedAt).toBeUndefined();
    expect(proofOf([denied, 1], [denied, 60], [denied, 61]).confirmedAt).toBeUndefined();
    const proven = proofOf([denied, 1], [denied, 2], [denied, 3], [denied, 31]);
    expect([proven.confirmedAt, proven.problem, proven.waitsFor]).toEqual([at(31).toISOString(), undefined, undefined]);
  });

  it('begins again with every write that succeeds, and is undone by one', () => {
    const [a, b, c] = [
      [denied, 1],
      [denied, 2],
      [denied, 3],
    ] as [ProbeSeen, number][];
    const again = proofOf(a as never, b as never, c as never, [written, 30], [denied, 40]);
    expect([again.confirmedAt, again.probe?.denied?.times]).toEqual([undefined, 1]);
    const proven = proofOf(a as never, b as never, c as never, [denied, 40]);
    expect(told(proven, [written, 50])).toMatchObject({
      confirmedAt: undefined,
      probe: { openAt: at(50).toISOString() },
    });
  });

  it.each([otherwise, unanswered])('neither grows nor falls by $result, and what stands stands', (seen) => {
    const half = proofOf([denied, 1], [denied, 2], [seen, 3], [denied, 32]);
    expect([half.confirmedAt, half.probe?.denied?.times]).toEqual([undefined, 3]);
    const proven = told(half, [denied, 33]);
    expect(told(proven, [seen, 40])).toBe(proven);
  });

  it('needs a write that succeeded before: else it says why there is none, and stays a problem', () => {
    const before = probedBefore({}, otherwise, at(0));
    const half = told(before, [denied, 1], [denied, 2], [denied, 3], [denied, 60]);
    expect(half.confirmedAt).toBeUndefined();
    expect(half.problem).toContain('no identity-based policy allows it');
    expect(told({}, [denied, 1]).problem).toContain('nobody wrote it before the fence');
  });

  it('does not count what was seen before the bucket was open for the last time, however late it is told', () => {
    const open = bucketSeenOpen(proofOf([denied, 1], [denied, 2], [denied, 3]), at(100));
    expect(told(open, [denied, 50]).probe?.denied).toBeUndefined();
    expect(told(open, [denied, 101]).probe?.denied).toMatchObject({ times: 1 });
  });

  it('is not undone by a write, or a look at an open bucket, that was begun before the denials', () => {
    const proven = proofOf([denied, 10], [denied, 11], [denied, 12], [denied, 60]);
    expect(told(proven, [written, 5])).toBe(proven);
    expect(bucketSeenOpen(proven, at(5))).toBe(proven);
  });

  it('does not wait for the clock of whoever saw the bucket open, which was hours ahead', () => {
    const open = bucketSeenOpen(probedBefore({}, written, at(0)), at(5 * HOUR));
    expect(told(open, [denied, 1], [denied, 2], [denied, 61], [denied, 62]).confirmedAt).toBe(at(62).toISOString());
  });

  it('does not count the hours between two clocks as time in which writes were denied', () => {
    const half = proofOf(
      [denied, 1],
      [denied, 2],
      [denied, 5 * HOUR],
      [denied, 5 * HOUR + 1],
      [denied, 3],
      [denied, 4],
    );
    expect(half.confirmedAt).toBeUndefined();
    expect(told(half, [denied, 60], [denied, 61]).confirmedAt).toBe(at(61).toISOString());
  });

  it('is undone by a write of one whose clock is hours behind', () => {
    const proven = proofOf(
      [denied, 5 * HOUR],
      [denied, 5 * HOUR + 1],
      [denied, 5 * HOUR + 60],
      [denied, 5 * HOUR + 61],
    );
    expect(proven.confirmedAt).toBeDefined();
    expect(told(proven, [written, 62]).confirmedAt).toBeUndefined();
  });

  it('that version 0.1 did not ask for is not demanded of what it confirmed, and a write undoes it all the same', () => {
    const old = { confirmedAt: at(0).toISOString(), originalPolicy: null };
    expect(told(old, [denied, 10], [otherwise, 11], [unanswered, 12]).confirmedAt).toBe(old.confirmedAt);
    expect(told(old, [written, 13]).confirmedAt).toBeUndefined();
  });

  it('holds for any history: confirmed is only what was denied four times over thirty seconds since the last write', () => {
    const seen = fc.constantFrom(written, denied, denied, denied, otherwise, unanswered);
    fc.assert(
      fc.property(fc.array(fc.tuple(seen, fc.integer({ min: 0, max: 10 })), { maxLength: 30 }), (steps) => {
        let half = probedBefore({}, written, at(0));
        let now = 0;
        let denials: number[] = [];
        let wasProven = false;
        for (const [what, later] of steps) {
          now += later + 1;
          half = probed(half, what, at(now), 30);
          if (what === written) denials = [];
          if (what === denied) denials.push(now);
          const proves = denials.length >= 4 && (denials.at(-1) ?? 0) - (denials[0] ?? 0) >= 30;
          wasProven = what === written ? false : wasProven || proves;
          expect(half.confirmedAt !== undefined).toBe(wasProven);
        }
      }),
    );
  });
});
