import { expect, it } from 'vitest';
import { assessReadiness } from '../../../src/core/readiness/assess.ts';
import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import { statusMetrics } from '../../../src/core/readiness/metrics.ts';
import type { Observations } from '../../../src/core/readiness/observations.ts';
import { copying, healthy, now, some } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';

function numbers(change: Partial<Observations>): Record<string, number> {
  const seen = { ...healthy, ...change };
  const status: StatusRecord = { schema: 'status/1', at: now.toISOString(), ...assessReadiness(seen, testPolicy, now) };
  return Object.fromEntries(statusMetrics(status, seen, now).map(({ name, value }) => [name, value]));
}

it('every assessment is a heartbeat, with the numbers that are known', () => {
  expect(numbers({})).toEqual({
    Heartbeat: 1,
    NotReady: 0,
    CriticalFindings: 0,
    RpoMinutes: 20,
    ArtifactsMissing: 0,
    ArtifactsVerified: 9,
    OldestUnverifiedMinutes: 0,
    ArtifactsUnverified: 0,
    CopiesInFlight: 0,
  });
});

it('a site that is not ready is a number above nothing, and what is not known is not put', () => {
  const point = healthy.points[0] as Observations['points'][0];
  const broken = numbers({ replica: { pointId: point.id, missing: some, differing: some }, points: [point, copying] });
  expect(broken).toMatchObject({ NotReady: 1, ArtifactsMissing: 3, CopiesInFlight: 1 });
  const nothing = numbers({ points: [], copies: [], verified: undefined, replica: undefined });
  expect(Object.keys(nothing)).toEqual(['Heartbeat', 'NotReady', 'CriticalFindings', 'CopiesInFlight']);
});
