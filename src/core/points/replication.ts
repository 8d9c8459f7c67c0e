import { minutesBetween } from '../ids.ts';
import type { Point } from './documents.ts';
import { fail, isInFlight, settle } from './point.ts';

/**
 * `deletedInWindow`: keys that are gone at the primary too, so that no copy can bring them. `uncopyable`: keys whose
 * objects nobody can read as they are, the primary's own Builder neither. A point waits for neither, and names both.
 */
export type Coverage = { missing: number; deletedInWindow: string[]; uncopyable?: string[]; asked?: boolean };

/** Deleted artifacts that one point names. Of one that lost more there is little left to protect: the next one begins anew. */
export const MOST_DELETED = 10_000;

/** How much of the point's inventory the replica holds. */
export function coverageSeen(point: Point, coverage: Coverage, now: Date): Point {
  const { artifacts } = point;
  if ((artifacts.state !== 'listed' && artifacts.state !== 'replicating') || !isInFlight(point)) return point;
  const { key, count, bytes, listedAt } = artifacts;
  const inventory = { key, count, bytes, listedAt };
  const at = now.toISOString();
  const { missing, deletedInWindow, uncopyable = [], asked = false } = coverage;
  if (deletedInWindow.length >= MOST_DELETED) {
    const why = `${deletedInWindow.length} of its artifacts were deleted at the primary before they were copied`;
    return fail(point, now, 'NOT_FOUND', why);
  }
  if (missing > 0) return stillMissing(point, artifacts, missing, asked ? now : undefined, now);
  const without = { deletedInWindow, ...(uncopyable.length > 0 ? { uncopyable } : {}) };
  return settle({ ...point, artifacts: { state: 'complete', ...inventory, completeAt: at, ...without } }, now);
}

type Incomplete = Extract<Point['artifacts'], { state: 'listed' | 'replicating' }>;

/** Only fewer than ever is progress: what comes and goes again would else keep a point in flight for ever. */
function stillMissing(point: Point, before: Incomplete, missing: number, askedAt: Date | undefined, now: Date): Point {
  const { key, count, bytes, listedAt } = before;
  const known = before.state === 'replicating' ? before : undefined;
  if (known?.missing === missing && !askedAt) return point;
  const least = known?.least ?? known?.missing ?? Number.POSITIVE_INFINITY;
  const progressAt = known && missing >= least ? known.progressAt : now.toISOString();
  const times = known?.asked?.times ?? 0;
  const asked = askedAt ? { times: times + 1, at: askedAt.toISOString() } : known?.asked;
  const artifacts: Point['artifacts'] = {
    ...{ state: 'replicating', key, count, bytes, listedAt, missing, least: Math.min(least, missing), progressAt },
    ...(asked ? { asked } : {}),
  };
  return { ...point, artifacts };
}

/** Asked for by each pass so often, for a large one comes over several attempts; then after one minute, two, four and so on, an hour at most. */
const ASKED_AT_ONCE = 10;
const MOST_WAIT_MINUTES = 60;

/** Whether what is missing is worth asking for again: a queue tries each message some times by itself. */
export function isAskedAgain({ artifacts }: Point, now: Date): boolean {
  const asked = artifacts.state === 'replicating' ? artifacts.asked : undefined;
  if (!asked || asked.times < ASKED_AT_ONCE) return true;
  const wait = Math.min(MOST_WAIT_MINUTES, 2 ** (asked.times - ASKED_AT_ONCE));
  const waited = minutesBetween(asked.at, now);
  // Asked for by a clock that ran ahead: nobody knows when.
  return waited >= wait || waited < 0;
}
