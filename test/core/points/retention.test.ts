import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/core/points/documents.ts';
import { type RetentionFacts, retentionPlan } from '../../../src/core/points/retention.ts';
import { plannedRun } from '../../../src/core/recovery/lifecycle.ts';
import { testPolicy } from '../../setup/policy.ts';
import { histories, isKeptBySpecification, pointOf, quiet, retention } from '../../setup/retention.ts';

const now = new Date('2026-11-25T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000).toISOString();
const removed = (facts: RetentionFacts, rules: Parameters<typeof retention>[0] | undefined, at = now) =>
  retentionPlan(facts, rules && retention(rules), at).rows.flatMap((row) =>
    row.verdict === 'remove' ? row.point : [],
  );
const rowOf = (facts: RetentionFacts, rules: Parameters<typeof retention>[0], point: Point) =>
  retentionPlan(facts, retention(rules), now).rows.find((row) => row.point === point.id);

const [a, b, c] = [pointOf(hoursAgo(1)), pointOf(hoursAgo(2)), pointOf(hoursAgo(3))];
const suspect = pointOf(hoursAgo(0.5), 'suspect');
const failover = plannedRun(
  { kind: 'failover', point: 'latest', acceptFindings: false, acceptUnfenced: false },
  now,
  [],
  testPolicy,
);
const drill = plannedRun({ kind: 'drill', point: 'latest', readAll: false }, now, [c.id], testPolicy);

describe('what a retention keeps', () => {
  it.each([
    ['the newest points', { last: 2 }, [1, 2, 3], [3]],
    ['one point an hour, and an hour without one does not count', { hourly: 2 }, [0.2, 0.9, 5, 6], [0.9, 6]],
    ['the newest of a day, by UTC', { daily: 2 }, [1, 11.9, 12.1, 30], [11.9, 30]],
    ['the newest of an ISO week, which begins on Monday', { weekly: 2 }, [1, 59.9, 60.1, 300], [59.9, 300]],
    ['the newest of a month', { monthly: 2 }, [1, 48, 24 * 25, 24 * 26, 24 * 60], [48, 24 * 26, 24 * 60]],
    ['the newest of a year', { yearly: 2 }, [1, 24, 24 * 400, 24 * 401], [24, 24 * 401]],
    ['all within a time', { withinDays: 2 }, [1, 2, 3, 47, 49], [49]],
    ['what any rule keeps', { last: 1, daily: 2 }, [1, 2, 13, 14], [2, 14]],
  ] as const)('is %s', (_what, rules, ages, gone) => {
    const points = ages.map((age) => pointOf(hoursAgo(age)));
    const ids = gone.map((age) => pointOf(hoursAgo(age)).id);
    expect(removed(quiet(points), rules)).toEqual(ids);
  });

  it('is judged by the instant of the data, and not by the clock that asked for the point', () => {
    const late = pointOf(hoursAgo(0.5));
    const old = { ...late, database: { ...late.database, dataAt: hoursAgo(30) } } as Point;
    expect(removed(quiet([a, old]), { last: 1 })).toEqual([old.id]);
    expect(removed(quiet([a, b, old]), { daily: 1 })).toEqual([b.id, old.id]);
    expect(removed(quiet([a, old]), { withinDays: 1 })).toEqual([old.id]);
  });

  it('is of a period the newest proven point, else the newest protected one', () => {
    const [old, proven, newer] = [pointOf(hoursAgo(30)), pointOf(hoursAgo(29), 'proven'), pointOf(hoursAgo(28))];
    expect(removed(quiet([a, old, proven, newer]), { daily: 2 })).toEqual([newer.id, old.id]);
  });

  it('is the newest protected point even where its period has an older proven one', () => {
    const proven = pointOf(hoursAgo(5), 'proven');
    expect(removed(quiet([a, b, proven]), { yearly: 1 })).toEqual([b.id]);
  });

  it('is everything without a policy, and with one that has no rule', () => {
    expect(removed(quiet([a, b, c]), undefined)).toEqual([]);
    expect(removed(quiet([a, b, c]), {})).toEqual([]);
    expect(removed(quiet([a, b, c]), { last: 0, daily: 0 })).toEqual([]);
  });

  it.each([
    [
      'pinned by a run that is not over',
      { ...c, pins: [{ run: `drills/${drill.id}.json`, at: hoursAgo(99) }] },
      [drill],
    ],
    [
      'pinned by a start whose run is not written yet',
      { ...c, pins: [{ run: 'drills/x.json', at: hoursAgo(0.5) }] },
      [],
    ],
    ['named by a drill of before there were pins', c, [drill]],
    ['held', { ...c, hold: { reason: 'audit', at: hoursAgo(9), until: '2027-01-01T00:00:00Z' } }, []],
  ])('is a point that is %s', (_what, point, runs) => {
    expect(removed(quiet([a, b, point], { runs }), { last: 1 })).toEqual([b.id]);
  });

  it.each([
    ['a pin whose run is over', { pins: [{ run: `drills/${drill.id}.json`, at: hoursAgo(1) }] }],
    ['a pin whose run never came', { pins: [{ run: 'drills/x.json', at: hoursAgo(2) }] }],
    ['a hold that has lapsed', { hold: { reason: 'audit', at: hoursAgo(9), until: hoursAgo(1) } }],
  ])('is not what has %s', (_what, more) => {
    const over = { ...drill, candidates: [], state: 'passed' as const };
    expect(removed(quiet([a, { ...b, ...more }], { runs: [over] }), { last: 1 })).toEqual([b.id]);
  });

  it('is what is in flight, and a failed point for a while, or while nothing has cured it', () => {
    const capturing = pointOf(hoursAgo(90), 'capturing');
    const [fresh, stale] = [pointOf(hoursAgo(40), 'failed'), pointOf(hoursAgo(60), 'failed')];
    expect(removed(quiet([a, capturing, fresh, stale]), { last: 1 })).toEqual([stale.id]);
    expect(removed(quiet([stale, pointOf(hoursAgo(70), 'failed'), pointOf(hoursAgo(99))]), { last: 1 })).toEqual([
      pointOf(hoursAgo(70)).id,
    ]);
  });
});

describe('nothing at all is removed', () => {
  const written = (at: string) => ({ newestWrittenAt: new Date(at) });
  it.each([
    ['while a point is suspect', quiet([a, b, suspect])],
    ['while the primary is silent', quiet([a, b], { primarySilent: 'TimeoutError' })],
    ['while a failover is in hand', quiet([a, b], { runs: [failover] })],
    ['while a failover is blocked', quiet([a, b], { runs: [{ ...failover, state: 'blocked' as const }] })],
    ['while protection flows elsewhere', quiet([a, b], { direction: 'none' })],
    ['while a document cannot be read', quiet([a, b], { unreadable: [{ key: 'points/x.json', problem: 'not JSON' }] })],
    ['while the clock is a day before what was written', quiet([a, b], written('2026-11-26T12:00:00Z'))],
    ['while the clock is a day after what was written', quiet([a, b], written('2026-11-24T12:00:00Z'))],
  ])('%s, and every row says so', (_what, facts) => {
    const { stopped, rows } = retentionPlan(facts, retention({ last: 1 }), now);
    expect(stopped).toHaveLength(1);
    expect(rows.map((row) => row.verdict)).not.toContain('remove');
    expect(rows.map((row) => row.primarySnapshot.verdict)).not.toContain('remove');
    expect(rows.find((row) => row.point === b.id)?.reasons.join()).toContain(stopped[0]?.text);
  });

  it.each(['1970-01-01T00:00:10Z', '2038-01-19T03:14:07Z'])('by a clock that says %s', (at) => {
    const facts = quiet([a, b, c], { newestWrittenAt: now });
    expect(retentionPlan(facts, retention({ last: 1, withinDays: 1 }), new Date(at)).stopped[0]?.code).toBe('clock');
  });

  it('by a clock that is before the newest data', () => {
    const facts = quiet([a, b, c]);
    expect(retentionPlan(facts, retention({ last: 1 }), new Date(hoursAgo(12))).stopped[0]?.code).toBe('clock');
  });
});

describe('snapshots at the primary', () => {
  it('are kept of the newest two protected points, of what is used, and of what has no copy', () => {
    const heldPoint = { ...c, hold: { reason: 'audit', at: hoursAgo(9), until: '2027-01-01T00:00:00Z' } };
    const old = pointOf(hoursAgo(4));
    const copying = { ...pointOf(hoursAgo(5), 'listing+copying') };
    const gone = { ...pointOf(hoursAgo(6)), sourceRemovedAt: hoursAgo(1) };
    const { rows } = retentionPlan(quiet([a, b, heldPoint, old, copying, gone]), retention({ last: 9 }), now);
    expect(rows.map((row) => row.primarySnapshot.verdict)).toEqual(['keep', 'keep', 'keep', 'remove', 'keep', 'gone']);
  });
});

describe('a retention of any history', () => {
  const arbitraryPoint = fc.record({
    hours: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 30_000 })),
    minute: fc.integer({ min: 0, max: 59 }),
    state: fc.constantFrom<Point['state']>('protected', 'protected', 'proven', 'failed', 'capturing', 'expired'),
  });
  const arbitraryPoints = fc
    .uniqueArray(arbitraryPoint, { selector: ({ hours, minute }) => hours * 60 + minute, maxLength: 40 })
    .map((all) => all.map(({ hours, minute, state }) => pointOf(hoursAgo(hours + minute / 60), state)));
  const count = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });
  const arbitraryRules = fc
    .record({ last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count })
    .map((rules) => JSON.parse(JSON.stringify(rules)) as Parameters<typeof retention>[0])
    .filter((rules) => Object.values(rules).some((each) => each > 0));

  it('keeps what the specification keeps, no more and no less', () => {
    fc.assert(
      fc.property(arbitraryPoints, arbitraryRules, (points, rules) => {
        const policy = retention(rules);
        const { rows } = retentionPlan(quiet(points), policy, now);
        expect(rows.map((row) => row.point).toSorted()).toEqual(points.map((each) => each.id).toSorted());
        for (const row of rows) {
          expect(row.reasons.length).toBeGreaterThan(0);
          const point = points.find((each) => each.id === row.point) as Point;
          if (!['protected', 'proven'].includes(point.state)) continue;
          expect([row.point, row.verdict === 'keep']).toEqual([
            row.point,
            isKeptBySpecification(point, points, policy, now),
          ]);
        }
      }),
      { numRuns: histories(400) },
    );
  });

  it('keeps the newest protected and the newest proven point (I2), and comes to rest: what is kept is kept again', () => {
    fc.assert(
      fc.property(arbitraryPoints, arbitraryRules, (points, rules) => {
        const gone = new Set(removed(quiet(points), rules));
        const left = points.filter((each) => !gone.has(each.id));
        const newest = (of: Point[], states: Point['state'][]) =>
          of.filter((each) => states.includes(each.state)).toSorted((x, y) => (x.id < y.id ? 1 : -1))[0]?.id;
        expect(newest(left, ['protected', 'proven'])).toBe(newest(points, ['protected', 'proven']));
        expect(newest(left, ['proven'])).toBe(newest(points, ['proven']));
        expect(removed(quiet(left), rules)).toEqual([]);
      }),
      { numRuns: histories(400) },
    );
  });
});

describe('a row', () => {
  it('says every reason that keeps its point', () => {
    expect(rowOf(quiet([a, b, c]), { last: 2, hourly: 24 }, a)?.reasons).toEqual([
      'the newest protected point',
      'last 1',
      'hourly 2026-11-25T11',
    ]);
  });
});
