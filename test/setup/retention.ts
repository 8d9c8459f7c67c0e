import { pointIdAt, snapshotName } from '../../src/core/ids.ts';
import type { Point } from '../../src/core/points/documents.ts';
import type { RetentionFacts } from '../../src/core/points/retention.ts';
import { type RetentionPolicy, retentionSection } from '../../src/core/settings/retention.ts';
import { protectedPoint } from './observations.ts';

/** How many histories a property goes through; many more by the environment. */
export const histories = (few: number): number => Number(process.env['BUILDER_DR_TEST_HISTORIES'] ?? few);

export const retention = (rules: Partial<Record<keyof RetentionPolicy, number>>): RetentionPolicy =>
  retentionSection.parse(rules);

/** A point of that instant, in that state. */
export function pointOf(at: string, state: Point['state'] = 'protected', more: Partial<Point> = {}): Point {
  const point = { ...protectedPoint(pointIdAt(new Date(at)), at), state, ...more };
  if (state === 'capturing' || state === 'failed') point.database = { state: 'capturing' };
  if (state === 'failed') point.failure = { at, code: 'REMOTE_FAILED', message: 'failed' };
  return point;
}

export const quiet = (points: Point[], more: Partial<RetentionFacts> = {}): RetentionFacts => ({
  points,
  copies: new Set(points.map((each) => snapshotName(each.id))),
  runs: [],
  unreadable: [],
  direction: 'primary→dr',
  primarySilent: undefined,
  newestWrittenAt: undefined,
  ...more,
});

/** The specification once more, point by point and by counting: what `retentionPlan` must come to. */
export function isKeptBySpecification(point: Point, points: Point[], policy: RetentionPolicy, now: Date): boolean {
  const usable = points.filter((each) => each.state === 'protected' || each.state === 'proven');
  if (!usable.includes(point)) throw new Error('the specification of rules is of points that can be restored');
  const newer = (than: Point, of: Point[]) => of.filter((each) => each.requestedAt > than.requestedAt);
  if (newer(point, usable).length === 0) return true;
  const proven = usable.filter((each) => each.state === 'proven');
  if (point.state === 'proven' && newer(point, proven).length === 0) return true;
  if (newer(point, usable).length < (policy.last ?? 0)) return true;
  const age = now.getTime() - Date.parse(point.requestedAt);
  if (policy.withinDays !== undefined && age <= policy.withinDays * 86_400_000) return true;
  const begins = [
    [policy.hourly, (at: Date) => at.setUTCMinutes(0, 0, 0)],
    [policy.daily, (at: Date) => at.setUTCHours(0, 0, 0, 0)],
    [policy.weekly, mondayBefore],
    [policy.monthly, (at: Date) => Date.UTC(at.getUTCFullYear(), at.getUTCMonth())],
    [policy.yearly, (at: Date) => Date.UTC(at.getUTCFullYear(), 0)],
  ] as const;
  return begins.some(([count = 0, begin]) => {
    const periodOf = (each: Point) => begin(new Date(each.requestedAt));
    const mine = periodOf(point);
    const laterPeriods = new Set(usable.map(periodOf).filter((each) => each > mine));
    if (laterPeriods.size >= count) return false;
    const rivals = usable.filter((each) => periodOf(each) === mine);
    const provenRivals = rivals.filter((each) => each.state === 'proven');
    return point.state === 'proven'
      ? newer(point, provenRivals).length === 0
      : provenRivals.length === 0 && newer(point, rivals).length === 0;
  });
}

/** The Monday (UTC) that an ISO week begins with, by going back day by day. */
function mondayBefore(at: Date): number {
  at.setUTCHours(0, 0, 0, 0);
  while (at.getUTCDay() !== 1) at.setUTCDate(at.getUTCDate() - 1);
  return at.getTime();
}
