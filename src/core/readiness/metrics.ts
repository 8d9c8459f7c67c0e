import type { VerifiedIndex } from '../artifacts/documents.ts';
import { minutesBetween } from '../ids.ts';
import { isInFlight } from '../points/point.ts';
import type { Metric } from '../ports/all.ts';
import { rtoSeconds } from '../recovery/lifecycle.ts';
import { rtoRun } from '../recovery/rehearsals.ts';
import type { StatusRecord } from './documents.ts';
import type { Observations } from './observations.ts';

/** That readiness was assessed at all. */
export const HEARTBEAT: Metric = { name: 'Heartbeat', value: 1, unit: 'Count' };

/** Nothing unverified is nothing old. */
function oldestUnverified({ oldestUnverifiedAt }: VerifiedIndex, now: Date): number {
  return oldestUnverifiedAt === undefined ? 0 : minutesBetween(oldestUnverifiedAt, now);
}

/** The numbers of one assessment. What is not known is not put. */
export function statusMetrics(status: StatusRecord, seen: Observations, now: Date): Metric[] {
  const count = (name: string, value: number | undefined): Metric[] =>
    value === undefined ? [] : [{ name, value, unit: 'Count' }];
  const bytes = (name: string, value: number | undefined): Metric[] =>
    value === undefined ? [] : [{ name, value, unit: 'Bytes' }];
  const minutes = (name: string, value: number | null | undefined): Metric[] =>
    value == null ? [] : [{ name, value, unit: 'Minutes' }];
  const measured = rtoRun(seen.runs);
  const copying = seen.points.filter((each) => isInFlight(each) && each.database.state === 'copying');
  return [
    HEARTBEAT,
    ...count('NotReady', status.status === 'NOT_READY' ? 1 : 0),
    ...count('CriticalFindings', status.findings.filter((each) => each.severity === 'critical').length),
    ...minutes('RpoMinutes', status.rpoMinutes),
    ...minutes('RtoMinutes', measured && rtoSeconds(measured, now) / 60),
    ...count('ArtifactsMissing', seen.replica?.missing.count),
    ...count('ArtifactsVerified', seen.verified?.ok),
    ...bytes('VerifiedBytes', seen.verified?.okBytes),
    ...minutes('OldestUnverifiedMinutes', seen.verified && oldestUnverified(seen.verified, now)),
    ...count('ArtifactsUnverified', seen.verified?.unverified.count),
    ...count('CopiesInFlight', copying.length),
  ];
}
