import { latestOf, minutesBetween, snapshotName } from '../ids.ts';
import type { Direction } from '../recovery/direction.ts';
import { failoverNotOver, isOver } from '../recovery/lifecycle.ts';
import type { Run } from '../recovery/run.ts';
import type { RetentionPolicy } from '../settings/retention.ts';
import type { Point } from './documents.ts';
import { holdInForce, pinsInForce } from './holds.ts';
import { dataInstant, isInFlight, isProtected, newestFirst } from './point.ts';

const MINUTES_AN_HOUR = 60;
const MINUTES_A_DAY = 24 * MINUTES_AN_HOUR;

/** What is decided by: the whole catalogue, and what was seen of the world. */
export type RetentionFacts = {
  points: Point[];
  /** Names of the copies that are available in the DR region: a protected point whose copy is not there restores nothing. */
  copies: ReadonlySet<string>;
  /** All of them: a run that is not among them is over. */
  runs: Run[];
  /** Documents that cannot be read: any of them could hold a pin. */
  unreadable: { key: string; problem: string }[];
  direction: Direction['direction'];
  /** How the primary failed to answer, if it did. */
  primarySilent: string | undefined;
  /** When the newest document of the vault was written, by the vault's own clock. */
  newestWrittenAt: Date | undefined;
};

type StopCode =
  | 'no-policy'
  | 'empty-policy'
  | 'clock'
  | 'unreadable'
  | 'direction'
  | 'failover-in-hand'
  | 'suspect'
  | 'primary-silent';

/** Why nothing at all is removed now. */
export type Stop = { code: StopCode; text: string };

export type RetentionRow = {
  point: string;
  kind: Point['kind'];
  state: Point['state'];
  verdict: 'keep' | 'remove';
  reasons: string[];
  /** Its snapshot at the primary, which is kept for a shorter time. */
  primarySnapshot: { verdict: 'keep' | 'remove' | 'gone'; reason: string };
};

/** A row for every point, the newest first. */
export type RetentionPlan = { stopped: Stop[]; rows: RetentionRow[] };

/** The Monday (UTC) that the ISO week of an instant begins with. */
function mondayOf(at: string): string {
  const day = new Date(`${at.slice(0, 10)}T00:00:00Z`);
  return new Date(day.getTime() - ((day.getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10);
}

const periods = {
  hourly: (at: string) => at.slice(0, 13),
  daily: (at: string) => at.slice(0, 10),
  weekly: (at: string) => `week of ${mondayOf(at)}`,
  monthly: (at: string) => at.slice(0, 7),
  yearly: (at: string) => at.slice(0, 4),
} as const;

/** Whether no rule is set: such a policy removes nothing. */
function isEmpty(policy: RetentionPolicy): boolean {
  const { last = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0, withinDays = 0 } = policy;
  return last + hourly + daily + weekly + monthly + yearly + withinDays === 0;
}

/** By point, which rules keep it. `restorable`: what a failover could take, the newest first. */
function keptByRules(restorable: Point[], policy: RetentionPolicy, now: Date): Map<string, string[]> {
  const kept = new Map<string, string[]>();
  const keep = (point: Point | undefined, why: string): void => {
    if (point) kept.set(point.id, [...(kept.get(point.id) ?? []), why]);
  };
  keep(restorable[0], 'the newest protected point');
  keep(
    restorable.find((each) => each.state === 'proven'),
    'the newest proven point',
  );
  for (const [index, point] of restorable.slice(0, policy.last ?? 0).entries()) keep(point, `last ${index + 1}`);
  for (const [rule, periodOf] of Object.entries(periods)) {
    const count = policy[rule as keyof typeof periods] ?? 0;
    if (count === 0) continue;
    const inPeriods = Map.groupBy(restorable, (point) => periodOf(dataInstant(point)));
    for (const [period, points] of [...inPeriods].slice(0, count)) {
      keep(points.find((each) => each.state === 'proven') ?? points[0], `${rule} ${period}`);
    }
  }
  const { withinDays } = policy;
  if (withinDays === undefined) return kept;
  for (const point of restorable) {
    if (minutesBetween(dataInstant(point), now) <= withinDays * MINUTES_A_DAY) keep(point, `within ${withinDays} days`);
  }
  return kept;
}

/** How this clock is wrong, held against the newest data and the clock that the vault stamps its documents by. */
function clockProblem(
  { points, newestWrittenAt }: Pick<RetentionFacts, 'points' | 'newestWrittenAt'>,
  toleranceHours: number,
  now: Date,
): string | undefined {
  const instants = points.flatMap(({ database }) => ('dataAt' in database ? [database.dataAt] : []));
  const data = latestOf(instants);
  const tolerance = toleranceHours * MINUTES_AN_HOUR;
  const says = `this clock says ${now.toISOString()}`;
  if (data !== undefined && minutesBetween(data, now) < -tolerance) {
    return `${says}, but the newest data is of ${data}`;
  }
  if (!newestWrittenAt) return undefined;
  const written = `the newest document of the vault was written at ${newestWrittenAt.toISOString()}`;
  return Math.abs(minutesBetween(newestWrittenAt, now)) > tolerance ? `${says}, but ${written}` : undefined;
}

function stopsOf(facts: RetentionFacts, policy: RetentionPolicy | undefined, now: Date): Stop[] {
  const { points, runs, unreadable, direction, primarySilent } = facts;
  if (!policy) return [{ code: 'no-policy', text: 'the configuration has no section `retention`' }];
  const stops: Stop[] = [];
  const stop = (code: StopCode, text: string) => void stops.push({ code, text });
  if (isEmpty(policy)) stop('empty-policy', 'no rule of `retention` is set');
  const clock = clockProblem(facts, policy.clockToleranceHours, now);
  if (clock !== undefined) stop('clock', `the clock is wrong: ${clock}`);
  for (const { key } of unreadable) stop('unreadable', `${key} cannot be read, and could be a pin`);
  if (direction !== 'primary→dr') stop('direction', `protection flows ${direction}`);
  const inHand = failoverNotOver(runs);
  if (inHand) stop('failover-in-hand', `failover ${inHand.id} is in hand (${inHand.state})`);
  for (const point of points.filter((each) => each.state === 'suspect')) {
    stop('suspect', `point ${point.id} is suspect`);
  }
  if (primarySilent !== undefined) stop('primary-silent', `the primary does not answer: ${primarySilent}`);
  return stops;
}

/** The newest failure, unless a newer point has cured it. */
const uncuredOf = (newest: Point[]): Point | undefined => {
  const last = newest.find((each) => isProtected(each) || each.state === 'failed');
  return last?.state === 'failed' ? last : undefined;
};

/** Why a failed point stays yet; undefined when what it left behind may go. */
function failedStays(point: Point, uncured: Point | undefined, { failedDays }: RetentionPolicy, now: Date) {
  if (point === uncured) return 'the newest failure, which no newer point has cured';
  const at = point.failure?.at ?? point.history.at(-1)?.at ?? point.requestedAt;
  return minutesBetween(at, now) < failedDays * MINUTES_A_DAY ? `failed less than ${failedDays} days ago` : undefined;
}

/** Asked for by a clock that was wrong: it costs none of now its place, and stays until its time has come. */
const isAhead = ({ requestedAt }: Point, policy: RetentionPolicy | undefined, now: Date): boolean =>
  policy !== undefined && minutesBetween(requestedAt, now) < -policy.clockToleranceHours * MINUTES_AN_HOUR;

/** What keeps this point whatever the rules say. `moving`: the runs that are not over. */
function usesOf(point: Point, { runs }: RetentionFacts, moving: Run[], now: Date): string[] {
  const hold = holdInForce(point, now);
  const using = moving.filter((run) =>
    [...run.candidates, ...run.attempts.map((each) => each.point)].includes(point.id),
  );
  return [
    ...pinsInForce(point, runs, now).map((run) => `pinned by ${run}`),
    ...using.map((run) => `used by ${run.kind} ${run.id}`),
    ...(hold ? [`held until ${hold.until}: ${hold.reason}`] : []),
  ];
}

function reasonsToKeep(
  point: Point,
  uncured: Point | undefined,
  policy: RetentionPolicy,
  rules: Map<string, string[]>,
  uses: string[],
  now: Date,
): string[] {
  if (point.state === 'expired') return [];
  if (isInFlight(point)) return ['in flight'];
  if (point.state === 'suspect') return ['suspect'];
  if (isAhead(point, policy, now)) return ['its time is yet to come: the clock that asked for it was wrong', ...uses];
  if (point.state !== 'failed') return [...(rules.get(point.id) ?? []), ...uses];
  const stays = failedStays(point, uncured, policy, now);
  return stays === undefined ? uses : [stays, ...uses];
}

function primarySnapshotOf(
  point: Point,
  restorable: Point[],
  { primarySnapshots }: RetentionPolicy,
  kept: { verdict: RetentionRow['verdict']; uses: string[]; copies: ReadonlySet<string> },
): RetentionRow['primarySnapshot'] {
  if (point.sourceRemovedAt) return { verdict: 'gone', reason: `removed at ${point.sourceRemovedAt}` };
  if (kept.verdict === 'remove') return { verdict: 'remove', reason: 'goes with the point' };
  if (!isProtected(point) || point.database.state !== 'copied') {
    return { verdict: 'keep', reason: 'the only one: no copy is complete' };
  }
  if (!kept.copies.has(snapshotName(point.id))) {
    return { verdict: 'keep', reason: 'the only one: its copy is not in the DR region' };
  }
  if (restorable.slice(0, primarySnapshots).includes(point)) {
    return { verdict: 'keep', reason: `of the newest ${primarySnapshots} protected points` };
  }
  const [use] = kept.uses;
  return use ? { verdict: 'keep', reason: use } : { verdict: 'remove', reason: 'the copy in the DR region is kept' };
}

/** The rules, of what is protected by the catalogue, and once more of what a failover could take: what either keeps is kept. */
function keptBoth(listed: Point[], restorable: Point[], policy: RetentionPolicy, now: Date): Map<string, string[]> {
  const kept = keptByRules(listed, policy, now);
  if (restorable.length === listed.length) return kept;
  for (const [id, reasons] of keptByRules(restorable, policy, now)) {
    kept.set(id, [...new Set([...(kept.get(id) ?? []), ...reasons])]);
  }
  return kept;
}

/**
 * Keep or remove, for every point, with its reasons. Pure. What a stop holds back is kept, and says that it would go.
 * Never removed: the newest protected, the newest proven point, what is pinned, used, held, in flight or suspect.
 */
export function retentionPlan(facts: RetentionFacts, policy: RetentionPolicy | undefined, now: Date): RetentionPlan {
  const stopped = stopsOf(facts, policy, now);
  const { copies } = facts;
  const newest = newestFirst(facts.points);
  const uncured = uncuredOf(newest);
  const listed = newest.filter((each) => isProtected(each) && !isAhead(each, policy, now));
  const restorable = listed.filter((each) => copies.has(snapshotName(each.id)));
  const rules = policy ? keptBoth(listed, restorable, policy, now) : new Map<string, string[]>();
  const moving = facts.runs.filter((run) => !isOver(run));
  const because = stopped.map((each) => each.text).join('; ');
  const rows = newest.map((point): RetentionRow => {
    const { id, kind, state } = point;
    const uses = usesOf(point, facts, moving, now);
    const own = policy ? reasonsToKeep(point, uncured, policy, rules, uses, now) : [];
    const goes = own.length === 0;
    const verdict = goes && stopped.length === 0 ? 'remove' : 'keep';
    const left = state === 'expired' ? 'expired; what is left of it goes' : 'no rule keeps it';
    const reasons = goes ? [verdict === 'remove' ? left : `nothing is removed: ${because}`] : own;
    const row = { point: id, kind, state, verdict, reasons } as const;
    if (!policy || stopped.length > 0) {
      return { ...row, primarySnapshot: { verdict: point.sourceRemovedAt ? 'gone' : 'keep', reason: because } };
    }
    return { ...row, primarySnapshot: primarySnapshotOf(point, restorable, policy, { verdict, uses, copies }) };
  });
  return { stopped, rows };
}
