import { describe, expect, it } from 'vitest';
import { commandLine } from '../../src/core/command-line.ts';
import { finding, findingRules, findingSchema, mostUrgentFirst } from '../../src/core/findings.ts';
import { nextCommand } from '../../src/core/notices/of-readiness.ts';

const prod = 'config/prod.yml';

describe('what to type about a finding', () => {
  it('is said by its hint too, where there is something to type', () => {
    for (const [code, rule] of Object.entries(findingRules)) {
      if (!('next' in rule)) continue;
      expect([code, rule.hint]).toEqual([code, expect.stringContaining(`\`builder-dr ${rule.next.join(' ')}\``)]);
    }
  });

  it('names what the finding is about', () => {
    const { next } = finding('INVENTORY_SHRANK', '20261122t140000z', 'count fell');
    expect(next && commandLine(next)).toBe('builder-dr points accept 20261122t140000z');
  });

  it('is of the most urgent one that has a next step, and the status when none has', () => {
    const corrupt = finding('ARTIFACT_CORRUPT', 'replica', 'differs');
    const overdue = finding('DRILL_OVERDUE', 'drill', 'old');
    expect(corrupt.next).toBeUndefined();
    expect(nextCommand({ findings: [overdue, corrupt] }, prod)).toBe(`builder-dr drill --config ${prod}`);
    expect(nextCommand({ findings: [corrupt] }, prod)).toBe(`builder-dr status --config ${prod}`);
    const lagging = finding('REPLICATION_LAGGING', 'artifacts', 'late');
    expect(nextCommand({ findings: [overdue, lagging, finding('DRILL_FAILED', 'd', 'failed')] }, prod)).toBe(
      `builder-dr drills --config ${prod}`,
    );
  });
});

describe('a finding in a document', () => {
  const { next: _next, ...older } = finding('ARTIFACT_MISSING', 'replica', '3 are missing', { count: 3 });

  it('of the version before has no next step, and is read', () => {
    expect(findingSchema.parse(older)).toEqual(older);
  });

  it('of another version may name a command that this one does not know', () => {
    const other = { ...older, code: 'NEW_CODE', next: ['repair', '--all'] };
    expect(findingSchema.parse(other)).toEqual(other);
    expect(findingSchema.safeParse({ ...older, next: [] }).success).toBe(false);
    expect(findingSchema.safeParse({ ...older, next: 'builder-dr repair' }).success).toBe(false);
  });
});

describe('the most urgent findings', () => {
  it('come first, and among equals in the order in which they were found', () => {
    const found = [
      finding('DRILL_OVERDUE', 'a', ''),
      finding('ARTIFACT_CORRUPT', 'b', ''),
      finding('COPY_STUCK', 'c', ''),
      finding('DRILL_FAILED', 'd', ''),
    ];
    expect(mostUrgentFirst(found).map((each) => each.subject)).toEqual(['b', 'd', 'a', 'c']);
  });
});
