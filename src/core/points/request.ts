import { addMinutes, instantOfPointId, pointIdAt, slotStart } from '../ids.ts';
import type { Policy } from '../policy.ts';
import type { Point, PointKind } from './documents.ts';
import { SINGLE_AZ_LEAST_MINUTES } from './primary.ts';

/** Who asks for a point: `request` is the name of one asking by hand, so that the same one is known again. */
export type PointRequest = { kind: PointKind; at: Date; request?: string };

/** Seconds after the one that was asked for which a point may be named by, where others have been asked for in those. */
const SECONDS = 60;

/** The first seconds of slots are names of scheduled points: slots as policy has them, and as a Single-AZ primary does. */
const isSlotStart = (at: Date, policy: Policy): boolean =>
  [policy.captureIntervalMinutes, SINGLE_AZ_LEAST_MINUTES].some(
    (minutes) => slotStart(at, minutes).getTime() === at.getTime(),
  );

/**
 * The point that a request asks for, named by its slot when scheduled and by its second when by hand; then under the
 * names that it takes where another request has those. None by hand has the name of a slot: a slot's point has another
 * only where an older version gave that away.
 */
export function requestedPoints({ kind, at, request }: PointRequest, policy: Policy): Point[] {
  const scheduled = kind === 'scheduled';
  const from = scheduled ? slotStart(at, policy.captureIntervalMinutes) : instantOfPointId(pointIdAt(at));
  const why = scheduled ? `slot of ${policy.captureIntervalMinutes} minutes` : `${kind} request`;
  const seconds = Array.from({ length: SECONDS }, (_, n) => new Date(from.getTime() + n * 1000));
  return seconds
    .filter((each) => scheduled || !isSlotStart(each, policy))
    .map((named) => ({
      schema: 'point/1',
      id: pointIdAt(named),
      kind,
      requestedAt: named.toISOString(),
      ...(scheduled || request === undefined ? {} : { request }),
      deadlineAt: addMinutes(scheduled ? from : at, policy.captureIntervalMinutes).toISOString(),
      state: 'capturing',
      database: { state: 'capturing' },
      artifacts: { state: 'pending' },
      keys: { state: 'missing' },
      history: [{ at: at.toISOString(), state: 'capturing', why }],
    }));
}

/** Whether a point is what was asked for, and not another's. Final points of before say not by whom they were asked for. */
export function isRequested(point: Point, { kind, request }: Pick<Point, 'kind' | 'request'>): boolean {
  if (point.kind !== kind || kind === 'scheduled') return point.kind === kind;
  return point.request === request || (kind === 'final' && point.request === undefined);
}
