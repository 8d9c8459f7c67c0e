import { describe, expect, it } from 'vitest';
import { retentionPlan } from '../../../src/core/points/retention.ts';
import { pointOf, quiet, retention } from '../../setup/retention.ts';

const now = new Date('2026-11-25T12:00:00Z');

describe('a plan for a large catalogue', () => {
  it.each(['failed', 'protected'] as const)(
    'looks at %s points some dozen times each, not at all for each',
    (state) => {
      const reads = { count: 0 };
      const points = [...Array(600).keys()].map((n) => {
        const at = new Date(now.getTime() - n * 3_600_000).toISOString();
        return Object.defineProperty(pointOf(at, n < 9 ? 'protected' : state), 'requestedAt', {
          get() {
            reads.count += 1;
            return at;
          },
        });
      });
      const rules = retention({ last: 3, hourly: 24, daily: 7, weekly: 5, monthly: 12, yearly: 3, withinDays: 2 });
      const { rows } = retentionPlan(quiet(points), rules, now);
      expect(rows.filter((each) => each.verdict === 'remove').length).toBeGreaterThan(400);
      expect(reads.count / points.length).toBeLessThan(100);
    },
  );
});
