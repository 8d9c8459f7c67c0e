import { describe, expect, it } from 'vitest';
import { type Run, runSchema } from '../../../src/core/recovery/run.ts';

const at = '2026-11-22T14:00:00.000Z';
const wanted = { point: 'latest', alarmTest: false, planned: false, acceptUnfenced: false, acceptFindings: false };
const inspection = { askedAt: at, tries: 1, report: 'reports/x.json', doneAt: at };
const attempt = (point: string, more: object) => ({ point, instance: `hbdr-failover-${point}`, findings: [], ...more });
/** A failover as version 0.1 wrote it. */
const before = (change: object) => ({
  schema: 'failover/1',
  id: '20261122t140000z',
  requestedAt: at,
  state: 'blocked',
  wanted,
  candidates: [],
  attempts: [],
  fence: { wanted: true, database: {}, bucket: {} },
  blocked: { at, reason: 'why', resumeWith: 'do this, then {"action":"start"} again' },
  findings: [],
  errors: [],
  history: [{ at, state: 'planned', why: 'started by hand' }],
  ...change,
});
const resumeOf = (change: object) => {
  const run: Run = runSchema.parse(before(change));
  return 'blocked' in run ? run.blocked?.resume : undefined;
};
const plain = { point: 'latest', planned: false, acceptUnfenced: false, acceptFindings: false };

describe('what resumes a failover that version 0.1 has blocked', () => {
  it('at the fence: the point that was verified, unfenced', () => {
    const attempts = [attempt('a', { inspection, outcome: 'passed' })];
    expect(resumeOf({ attempts })).toEqual({ ...plain, confirm: 'a', acceptUnfenced: true });
  });

  it('with no point left: the first that was looked into, as it is', () => {
    const attempts = [attempt('a', { inspection, outcome: 'rejected' }), attempt('b', { outcome: 'rejected' })];
    expect(resumeOf({ attempts })).toEqual({ ...plain, point: 'a', confirm: 'a', acceptFindings: true });
  });

  it('with no point left and none looked into: the last one again', () => {
    const attempts = [attempt('a', { outcome: 'rejected' }), attempt('b', { outcome: 'rejected' })];
    expect(resumeOf({ attempts })).toEqual({ ...plain, confirm: 'b' });
  });

  it('before a restore: the point that was to be restored', () => {
    expect(resumeOf({ attempts: [attempt('a', {})] })).toEqual({ ...plain, confirm: 'a' });
  });

  it('of a switchover without its final point: the candidate that was confirmed', () => {
    const planned = { wanted: { ...wanted, planned: true }, candidates: ['a', 'b'] };
    expect(resumeOf(planned)).toEqual({ ...plain, planned: true, confirm: 'a' });
    expect(runSchema.parse(before(planned)).kind).toBe('switchover');
  });
});

it('a document that is neither of version 0.1 nor of this one is refused', () => {
  expect(runSchema.safeParse(before({ schema: 'failover/2' })).success).toBe(false);
  expect(runSchema.safeParse(before({ state: 'verifying' })).success).toBe(false);
  expect(runSchema.safeParse(before({ unheardOf: 1 })).success).toBe(false);
});
