import type { Point } from '../points/documents.ts';
import { isOver } from './lifecycle.ts';
import { isRealDrill, isScratch, type Run } from './run.ts';
import { remembers } from './site-fence.ts';

/** Of each kind so many stay where status, times and medians are read from: `drills.realEvery` counts as many at most. */
const NEWEST_KEPT = 12;

/** Nothing is left to do for it: a scratch run that is over, or a failover called off whose fence is gone. */
const rests = (run: Run): boolean =>
  isOver(run) && (isScratch(run) || (run.state !== 'done' && !run.fence.wanted && !remembers(run)));

/**
 * Runs that may go into the archive with their evidence: at rest, none of the newest of their kind nor its newest that
 * passed, nor the newest real drill that did, and no point that is kept is among those that they tried. What cut over
 * stays: it says what is in force.
 */
export function archivableRuns(runs: Run[], points: Point[]): Run[] {
  const kept = new Set(points.filter((each) => each.state !== 'expired').map((each) => each.id));
  const newest = [...Map.groupBy(runs, (run) => run.kind).values()].flatMap((ofKind) => [
    ...ofKind.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, NEWEST_KEPT),
    ofKind.findLast((each) => each.state === 'passed'),
    ofKind.findLast((each) => each.state === 'passed' && isRealDrill(each)),
  ]);
  return runs.filter(
    (run) => rests(run) && !newest.includes(run) && !run.attempts.some((each) => kept.has(each.point)),
  );
}
