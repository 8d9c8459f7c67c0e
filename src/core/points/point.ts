import { DrError } from '../../errors.ts';
import { minutesBetween } from '../ids.ts';
import type { Policy } from '../policy.ts';
import type { SnapshotFacts } from '../ports/database.ts';
import type { Point, PointState } from './documents.ts';
import { excusedOf } from './excused.ts';

/** Every legal change of state; anything else throws. */
const transitions: Record<PointState, readonly PointState[]> = {
  capturing: ['captured', 'failed'],
  captured: ['listing+copying', 'suspect', 'failed'],
  'listing+copying': ['protected', 'suspect', 'failed'],
  suspect: ['listing+copying', 'expired'],
  protected: ['proven', 'expired'],
  proven: ['expired'],
  failed: ['expired'],
  expired: [],
};

/** States in which `advance` still has something to do. */
export function isInFlight(point: Point): boolean {
  return ['capturing', 'captured', 'listing+copying'].includes(point.state);
}

/** States in which a point holds everything a failover needs. */
export function isProtected(point: Point): boolean {
  return point.state === 'protected' || point.state === 'proven';
}

/** Moves a point on and notes when and why. Throws ILLEGAL_TRANSITION. */
export function transition(point: Point, to: PointState, now: Date, why: string): Point {
  if (!transitions[point.state].includes(to)) {
    throw new DrError('ILLEGAL_TRANSITION', `point ${point.id} cannot go from ${point.state} to ${to}`, {
      hint: 'This is a defect in the product; the document was left as it is.',
    });
  }
  return { ...point, state: to, history: [...point.history, { at: now.toISOString(), state: to, why }] };
}

export function fail(point: Point, now: Date, code: string, message: string): Point {
  if (!isInFlight(point)) return point;
  const failed = transition(point, 'failed', now, message);
  return { ...failed, failure: { at: now.toISOString(), code, message } };
}

/** The engine accepted CreateDBSnapshot, or already had this point's snapshot. */
export function captureAccepted(point: Point, now: Date): Point {
  if (point.database.state !== 'capturing' || point.database.acceptedAt) return point;
  return { ...point, database: { state: 'capturing', acceptedAt: now.toISOString() } };
}

/** The engine refused for now: retried until the deadline, then the point fails. */
export function captureRefused(point: Point, error: DrError, now: Date): Point {
  if (point.database.state !== 'capturing' || point.database.acceptedAt) return point;
  if (now.getTime() >= new Date(point.deadlineAt).getTime()) {
    return fail(point, now, error.code, `no capture before ${point.deadlineAt}: ${error.message}`);
  }
  return { ...point, database: { ...point.database, waiting: waitingFor(point.database.waiting, error, now) } };
}

/** `since` when it waits for this: another reason begins anew. */
function waitingFor(before: { code: string; since: string } | undefined, error: DrError, now: Date) {
  const { code, message } = error;
  return { code, message, since: before?.code === code ? before.since : now.toISOString() };
}

/** Whether what is not there has not been for so long that it is gone: AWS does not show at once what it accepted. */
function isGone(since: string, policy: Policy, now: Date): boolean {
  return minutesBetween(since, now) >= policy.unseenMinutes;
}

/** What the primary region says of the snapshot; undefined when it shows none. */
export function snapshotSeen(point: Point, facts: SnapshotFacts | undefined, policy: Policy, now: Date): Point {
  if (point.database.state !== 'capturing' || !isInFlight(point)) return point;
  if (!facts) {
    const { acceptedAt } = point.database;
    if (!acceptedAt || !isGone(acceptedAt, policy, now)) return point;
    return fail(point, now, 'NOT_FOUND', 'the snapshot is gone from the primary region');
  }
  if (facts.status === 'failed') return fail(point, now, 'REMOTE_FAILED', 'RDS reports the snapshot as failed');
  if (facts.status !== 'available' || !facts.dataAt) return captureAccepted(point, now);
  const captured: Point = {
    ...point,
    database: {
      state: 'captured',
      snapshotArn: facts.arn,
      dataAt: facts.dataAt.toISOString(),
      engineVersion: facts.engineVersion,
      encrypted: facts.encrypted,
      sizeGib: facts.sizeGib,
      capturedAt: now.toISOString(),
    },
  };
  return transition(captured, 'captured', now, 'the snapshot is available');
}

export type Inventory = { key: string; count: number; bytes: number };

/** The artifacts were listed after the snapshot became available; a great fall makes the point suspect. */
export function artifactsListed(
  point: Point,
  found: Inventory,
  previous: Point | undefined,
  policy: Policy,
  now: Date,
): Point {
  if (point.artifacts.state !== 'pending' || point.database.state === 'capturing' || !isInFlight(point)) return point;
  const listed: Point = { ...point, artifacts: { state: 'listed', ...found, listedAt: now.toISOString() } };
  const shrunk = shrinkage(found, previous, policy);
  if (shrunk && !point.acceptedAt) return transition(listed, 'suspect', now, shrunk);
  return beginCopying(listed, now, 'the artifacts are listed');
}

/** Why an inventory is doubted, held against that of the point before it; undefined when it is not. */
function shrinkage(found: Pick<Inventory, 'count' | 'bytes'>, previous: Point | undefined, policy: Policy) {
  if (!previous || previous.artifacts.state === 'pending') {
    // Nothing says that there never were any, and the database may have rows of them.
    return found.count > 0 ? undefined : 'INVENTORY_SHRANK: no artifacts were listed, and no point before had none';
  }
  const kept = 1 - policy.shrinkPercent / 100;
  for (const measure of ['count', 'bytes'] as const) {
    const before = previous.artifacts[measure];
    if (found[measure] < before * kept) {
      return `INVENTORY_SHRANK: ${measure} fell from ${before} in ${previous.id} to ${found[measure]}`;
    }
  }
  return undefined;
}

/** What a point is judged by: the newest before it that is protected, or that an operator has accepted. */
export function judgedBy(point: Point, points: Point[]): Point | undefined {
  const stands = (each: Point): boolean =>
    isProtected(each) || (each.acceptedAt !== undefined && (isInFlight(each) || each.state === 'failed'));
  const before = points.filter((each) => each.id !== point.id && dataInstant(each) < dataInstant(point));
  return newestFirst(before.filter(stands))[0];
}

/** A suspect point goes on once what was accepted since shows that it fell no further. */
export function judgedAgain(point: Point, previous: Point | undefined, policy: Policy, now: Date): Point {
  const { state, artifacts } = point;
  if (state !== 'suspect' || artifacts.state === 'pending' || !previous) return point;
  if (shrinkage(artifacts, previous, policy)) return point;
  return transition(point, 'listing+copying', now, `judged again: it fell no further than ${previous.id}`);
}

function beginCopying(point: Point, now: Date, why: string): Point {
  return point.state === 'captured' ? transition(point, 'listing+copying', now, why) : point;
}

/** An operator accepts a suspect point: it goes on from where it stopped. */
export function accept(point: Point, now: Date): Point {
  const accepted = transition(point, 'listing+copying', now, 'accepted by the operator');
  return { ...accepted, acceptedAt: now.toISOString() };
}

/** An operator says that the rows which a look at `seenAt` found gone were meant to go, whichever clock was ahead. */
export function acceptRows(point: Point, seenAt: string, now: Date): Point {
  const at = now.toISOString();
  const history = [...point.history, { at, state: point.state, why: 'its fallen rows are accepted by the operator' }];
  return { ...point, acceptedAt: at > seenAt ? at : seenAt, history };
}

export function copyAccepted(point: Point, now: Date): Point {
  if (point.database.state !== 'captured' || !isInFlight(point)) return point;
  const { waiting: _over, ...database } = point.database;
  const at = now.toISOString();
  const copying: Point = {
    ...point,
    database: { ...database, state: 'copying', startedAt: at, percent: 0, progressAt: at },
  };
  return beginCopying(copying, now, 'the copy to the DR region has started');
}

/** The copy was refused for now (quota, key): waits, and becomes a finding when overdue. A source that is gone fails it. */
export function copyRefused(point: Point, error: DrError, policy: Policy, now: Date): Point {
  if (point.database.state !== 'captured' || !isInFlight(point)) return point;
  const waiting = waitingFor(point.database.waiting, error, now);
  if (error.code === 'NOT_FOUND' && isGone(waiting.since, policy, now)) {
    return fail(
      point,
      now,
      error.code,
      `the snapshot is gone from the primary region before it was copied: ${error.message}`,
    );
  }
  return { ...point, database: { ...point.database, waiting } };
}

/** What the DR region says of the copy; one that vanished is started again, also after it was there. */
export function copySeen(point: Point, facts: SnapshotFacts | undefined, policy: Policy, now: Date): Point {
  const { database } = point;
  if (database.state === 'copied' && isInFlight(point) && !facts) {
    const { copyArn: _arn, copiedAt: _at, ...captured } = database;
    return { ...point, database: { ...captured, state: 'captured' } };
  }
  if (database.state !== 'copying' || !isInFlight(point)) return point;
  const { startedAt, percent, progressAt: _progressAt, ...captured } = database;
  if (!facts && !isGone(startedAt, policy, now)) return point;
  if (!facts) return { ...point, database: { ...captured, state: 'captured' } };
  if (facts.status === 'failed') return fail(point, now, 'REMOTE_FAILED', 'RDS reports the copy as failed');
  if (facts.status === 'available') {
    const copied = { ...captured, state: 'copied' as const, copyArn: facts.arn, copiedAt: now.toISOString() };
    return settle({ ...point, database: copied }, now);
  }
  if (facts.percent <= percent) return point;
  return { ...point, database: { ...database, percent: facts.percent, progressAt: now.toISOString() } };
}

/** Which revisions of Builder's key are in escrow now. */
export function keysSeen(point: Point, revisions: string[], now: Date): Point {
  if (!isInFlight(point) || revisions.length === 0 || point.keys.state === 'escrowed') return point;
  return settle({ ...point, keys: { state: 'escrowed', at: now.toISOString(), revisions } }, now);
}

/** What has its database, its artifacts and its keys is protected. */
export function settle(point: Point, now: Date): Point {
  const whole =
    point.database.state === 'copied' && point.artifacts.state === 'complete' && point.keys.state === 'escrowed';
  if (!whole || point.state !== 'listing+copying') return point;
  const { uncopyable } = excusedOf(point);
  const but = uncopyable.size > 0 ? ` but for ${uncopyable.size} that nobody can copy` : '';
  return transition(point, 'protected', now, `database copied, artifacts complete${but}, keys escrowed`);
}

/** Minutes that the copy has shown no progress, or could not start; undefined when neither applies. */
export function copyIdleMinutes(point: Point, now: Date): number | undefined {
  const { database } = point;
  if (!isInFlight(point)) return undefined;
  if (database.state === 'copying') return minutesBetween(database.progressAt, now);
  return database.state === 'captured' ? minutesBetween(database.capturedAt, now) : undefined;
}

/**
 * The instant of the point's data: the database's own (`OriginalSnapshotCreateTime`), where there is one; else when it was
 * asked for, or failed if that was before: the clock of whoever asked may have been wrong.
 */
export function dataInstant({ database, requestedAt, failure }: Point): string {
  if ('dataAt' in database) return database.dataAt;
  return failure && failure.at < requestedAt ? failure.at : requestedAt;
}

/** By the instants of their data: a clock that ran ahead makes no point newer. */
export function newestFirst(points: Point[]): Point[] {
  const order = (a: Point, b: Point): number => {
    const [x, y] = [dataInstant(a), dataInstant(b)];
    if (x === y) return a.id < b.id ? 1 : -1;
    return x < y ? 1 : -1;
  };
  return points.toSorted(order);
}
