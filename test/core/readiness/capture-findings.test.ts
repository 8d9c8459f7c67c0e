import { expect, it } from 'vitest';
import { assessReadiness } from '../../../src/core/readiness/assess.ts';
import { failedPoint, healthy, now, point } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';

it('a capture that failed, and that a clock ahead dated into the future, is cured by any point that is protected', () => {
  const at = '2026-11-23T09:00:00.000Z';
  const failure = { at, code: 'SITE_UNREACHABLE', message: 'no answer' } as const;
  const codes = (failed: typeof failedPoint) =>
    assessReadiness({ ...healthy, points: [point, failed] }, testPolicy, now).findings.map(({ code }) => code);
  expect(codes(failedPoint)).toEqual(['CAPTURE_FAILED']);
  expect(codes({ ...failedPoint, requestedAt: at, failure })).toEqual([]);
});
