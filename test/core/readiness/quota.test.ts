import { describe, expect, it } from 'vitest';
import { assessReadiness } from '../../../src/core/readiness/assess.ts';
import type { Observations } from '../../../src/core/readiness/observations.ts';
import { copy, healthy, now, point } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';

const told = (quotas: Observations['quotas'], policy = testPolicy) =>
  assessReadiness({ ...healthy, quotas, copies: [copy(point.id), copy('x')] }, policy, now).findings;

describe('what is said of the quota of snapshots', () => {
  it('is nothing while a tenth of it is free', () => {
    expect(told([{ region: 'us-west-2', used: 89, allowed: 100 }])).toEqual([]);
  });

  it('is used and allowed, whose, in which region, and when points stop at this pace', () => {
    const [dr, primary, ...rest] = told([
      { region: 'us-west-2', used: 952, allowed: 1_000, ours: 2 },
      { region: 'us-east-1', used: 95, allowed: 100 },
    ]);
    expect(rest).toEqual([]);
    expect(dr).toMatchObject({ code: 'QUOTA_NEAR', severity: 'warning', subject: 'us-west-2' });
    expect(dr?.text).toBe(
      '952 of the 1000 manual snapshots that this account may have in us-west-2 are used, 2 of them ours; with a point every 60 minutes, and none deleted, new points stop in 2.0 days',
    );
    expect(primary).toMatchObject({ subject: 'us-east-1', text: expect.stringContaining('stop in 0.2 days') });
  });

  it('is of the interval in which points are taken', () => {
    const [found] = told([{ region: 'r', used: 96, allowed: 100 }], { ...testPolicy, captureIntervalMinutes: 720 });
    expect(found?.text).toContain('with a point every 720 minutes, and none deleted, new points stop in 2.0 days');
  });

  it('is that none can be taken, when none is left', () => {
    const [found] = told([{ region: 'us-west-2', used: 100, allowed: 100 }]);
    expect(found?.text).toMatch(/; no new point can be taken$/);
  });

  it('is that nobody knows, and why, when it cannot be read', () => {
    expect(told([{ region: 'us-west-2', unknown: 'not authorized' }])).toMatchObject([
      {
        code: 'QUOTA_UNKNOWN',
        severity: 'warning',
        subject: 'us-west-2',
        text: expect.stringContaining('not authorized'),
      },
    ]);
  });
});
