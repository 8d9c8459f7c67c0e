import { DrError } from '../../errors.ts';
import type { CommandArguments } from '../command-line.ts';
import type { Finding } from '../findings.ts';
import { addMinutes, pointIdAt, snapshotName } from '../ids.ts';
import type { Point } from '../points/documents.ts';
import { isProtected, newestFirst } from '../points/point.ts';
import type { Policy } from '../policy.ts';
import type { Attempt } from './documents.ts';
import { instanceName, kinds } from './kinds.ts';
import {
  isProduction,
  isScratch,
  type ProductionRun,
  type Run,
  type RunKind,
  type RunOf,
  type RunState,
  type StartRequest,
} from './run.ts';
import { endStates } from './run-end.ts';

/** Whether the run has ended; a blocked failover waits for its operator and has not. */
export const isOver = (run: Run): boolean => endStates.includes(run.state);
/** Whether `advance` has something to do for the run itself (its fence is another matter). */
export const isMoving = (run: Run): boolean => !isOver(run) && run.state !== 'blocked';
/** Whether the direction is changed by this run, or about to be: it can no longer be called off. */
export const isCutOver = (run: Run): boolean => ['cutting-over', 'smoke-testing', 'done'].includes(run.state);
/** The oldest failover that is not over. Which one may act, the direction alone says. */
export const failoverNotOver = (runs: Run[]): ProductionRun | undefined =>
  runs.filter(isProduction).find((each) => !isOver(each));

const lastChangeAt = (run: Run): string => run.history.at(-1)?.at ?? run.requestedAt;

/** Whether it was called off before it had touched anything, while an older one went on. */
function gaveWay(run: ProductionRun, failovers: ProductionRun[]): boolean {
  if (run.state !== 'aborted' || run.attempts.length > 0) return false;
  return failovers.some((each) => each.id < run.id && (!isOver(each) || lastChangeAt(each) >= lastChangeAt(run)));
}

/** The failovers, first the one that an operator means: the one in hand, else the newest; last those that gave way to another. */
export function failoversInOrder(runs: Run[], inHand: string | undefined): ProductionRun[] {
  const failovers = runs.filter(isProduction).toReversed();
  const rank = (run: ProductionRun): number => {
    if (run.id === inHand) return 0;
    return isOver(run) ? (gaveWay(run, failovers) ? 3 : 2) : 1;
  };
  return failovers.toSorted((a, b) => rank(a) - rank(b));
}

/** Moves a run on and notes when and why. Throws ILLEGAL_TRANSITION. */
export function move<R extends Run>(run: R, to: RunState, now: Date, why: string): R {
  if (!kinds[run.kind].transitions[run.state]?.includes(to)) {
    throw new DrError('ILLEGAL_TRANSITION', `${run.kind} ${run.id} cannot go from ${run.state} to ${to}`, {
      hint: 'This is a defect in the product; the document was left as it is.',
    });
  }
  return { ...run, state: to, history: [...run.history, { at: now.toISOString(), state: to, why }] };
}

/** What is asked for, with the fields that only its kind has. */
type Asked =
  | { kind: 'drill'; point: string; readAll: boolean; real?: boolean }
  | { kind: 'alarm-test'; point: string }
  | { kind: 'look-back'; point: string; failover: string }
  | { kind: 'failover'; point: string; acceptUnfenced: boolean; acceptFindings: boolean }
  | { kind: 'switchover'; point: string; acceptFindings: boolean };

/** The record of a new run, named by its request time to the second. */
export function plannedRun<K extends RunKind>(
  asked: Asked & { kind: K },
  at: Date,
  candidates: string[],
  policy: Pick<Policy, 'drillDeadlineMinutes'>,
): RunOf<K> {
  const begun = {
    schema: 'run/1',
    id: pointIdAt(at),
    requestedAt: at.toISOString(),
    state: 'planned',
    candidates,
    attempts: [],
    findings: [],
    errors: [],
    history: [{ at: at.toISOString(), state: 'planned', why: kinds[asked.kind].begins }],
  };
  const own =
    kinds[asked.kind].target === 'scratch'
      ? { deadlineAt: addMinutes(at, policy.drillDeadlineMinutes).toISOString() }
      : { fence: { wanted: true, database: {}, bucket: {} } };
  return { ...begun, ...asked, ...own } as unknown as RunOf<K>;
}

/**
 * The points that a run for `wanted` may use, the best first: the newest that is protected and has its copy, then
 * the older ones, down to the newest proven one. A point asked for by its id is the only one. `copies`: names of the
 * snapshots that lie in the DR region now. `rejected`: taken only where there is no other, for it may be mended by now.
 * Throws POINT_UNKNOWN, or BAD_USAGE when that point cannot be restored.
 */
export function candidatesFor(
  wanted: string,
  points: Point[],
  copies: ReadonlySet<string>,
  rejected: { has: (id: string) => boolean } = new Set(),
): Point[] {
  const restorable = newestFirst(points.filter((each) => isProtected(each) && copies.has(snapshotName(each.id))));
  if (wanted === 'latest') {
    const good = restorable.filter(({ id }) => !rejected.has(id));
    const taken = good.length > 0 ? good : restorable;
    const proven = taken.findIndex((each) => each.state === 'proven');
    return proven === -1 ? taken : taken.slice(0, proven + 1);
  }
  const known = points.find((each) => each.id === wanted);
  if (!known) {
    throw new DrError('POINT_UNKNOWN', `no recovery point ${wanted}`, {
      subject: wanted,
      hint: '`builder-dr points` lists them.',
    });
  }
  if (restorable.includes(known)) return [known];
  throw new DrError('BAD_USAGE', `point ${wanted} is ${known.state} and cannot be restored`, {
    subject: wanted,
    hint: '`builder-dr failover plan` lists the points that can be.',
  });
}

/** The attempt that is being worked on. */
export function current(run: Run): Attempt {
  const found = run.attempts.at(-1);
  if (found) return found;
  throw new DrError('ILLEGAL_TRANSITION', `${run.kind} ${run.id} is ${run.state} without an attempt`);
}

/** Changes the attempt that is being worked on. */
export function withAttempt<R extends Run>(run: R, change: Partial<Attempt>): R {
  return { ...run, attempts: [...run.attempts.slice(0, -1), { ...current(run), ...change }] };
}

/** Begins with the next candidate; a run without one is over (a drill) or waits for its operator (a failover). */
export function nextCandidate<R extends Run>(run: R, now: Date, why: string): R {
  const [point, ...candidates] = run.candidates;
  if (point === undefined) return withoutCandidate(run, now, why);
  const attempts = [...run.attempts, { point, instance: instanceName(run), findings: [] }];
  return move({ ...run, candidates, attempts }, 'restoring', now, `${why}: point ${point}`);
}

function withoutCandidate<R extends Run>(run: R, now: Date, why: string): R {
  if (!isProduction(run)) return move(run, 'failed', now, `${why}: no point can be restored`);
  const reason = `${why}: no other point is left`;
  const newest = run.attempts.toSorted((a, b) => (a.point < b.point ? 1 : -1));
  const tried = newest.find((each) => each.inspection?.doneAt)?.point;
  if (tried === undefined) {
    // What kept all of them from being restored was not the points: it goes on with the one that loses least.
    const best = newest.length > 1 && newest[0] ? { point: newest[0].point, confirm: newest[0].point } : {};
    return block(run, now, reason, 'make the point restorable; `builder-dr points` says what it lacks', best);
  }
  const doFirst =
    'heal what the findings name and start without --accept-findings; started as below, the point is taken as it is';
  return block(run, now, reason, doFirst, { point: tried, confirm: tried, acceptFindings: true });
}

/** The request that goes on with this run as it is. */
function resumeOf(run: ProductionRun): StartRequest {
  return {
    point: run.point,
    confirm: run.attempts.at(-1)?.point ?? run.candidates[0] ?? run.point,
    planned: run.kind === 'switchover',
    acceptUnfenced: run.kind === 'failover' && run.acceptUnfenced,
    acceptFindings: run.acceptFindings,
  };
}

/** What to type for such a request. */
export function startArguments({ confirm, point, planned, acceptUnfenced, acceptFindings }: StartRequest) {
  return [
    'failover',
    'start',
    '--confirm',
    confirm,
    ...(point === 'latest' ? [] : ['--point', point]),
    ...(planned ? ['--planned'] : []),
    ...(acceptUnfenced ? ['--accept-unfenced'] : []),
    ...(acceptFindings ? ['--accept-findings'] : []),
  ] as const satisfies CommandArguments;
}

/** What to type to take a failover out of hand whatever its record says. */
export const releaseArguments = (id: string): CommandArguments => ['failover', 'release', '--confirm', id];

/** Stops for the operator: what to do first, and the exact request that then takes the run on. */
export function block<R extends ProductionRun>(
  run: R,
  now: Date,
  reason: string,
  doFirst: string,
  differently: Partial<StartRequest> = {},
): R {
  const resume = { ...resumeOf(run), ...differently };
  return { ...move(run, 'blocked', now, reason), blocked: { at: now.toISOString(), reason, doFirst, resume } };
}

/** The attempt is no good: a failover takes the next older candidate, a drill cleans up. */
export function reject<R extends Run>(run: R, now: Date, why: string): R {
  const rejected = withAttempt(run, { outcome: 'rejected', why });
  if (isScratch(run)) return move(rejected, 'cleaning-up', now, why);
  return nextCandidate(rejected, now, `point ${current(run).point} was rejected (${why})`);
}

/** Called off by its operator, its fence no longer wanted. */
export function abort<R extends ProductionRun>(run: R, now: Date, why: string): R {
  const { blocked: _over, ...rest } = run;
  const aborted = move(rest as R, 'aborted', now, why);
  return { ...aborted, fence: { ...aborted.fence, wanted: false } };
}

/** Notes an error once; the same one again changes nothing. */
export function noteError<R extends Run>(run: R, message: string, now: Date): R {
  if (run.errors.at(-1)?.message === message) return run;
  return { ...run, errors: [...run.errors.slice(-19), { at: now.toISOString(), message }] };
}

/** All that was found, each once. */
export function allFindings(run: Run): Finding[] {
  return [...run.findings, ...run.attempts.flatMap((each) => each.findings)];
}

/** Seconds spent in each state, the time blocked not counted. States that came twice are added up. */
export function phaseSeconds(run: Run, now: Date): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [index, { at, state }] of run.history.entries()) {
    if (endStates.includes(state) || state === 'blocked') continue;
    const next = run.history[index + 1]?.at ?? now.toISOString();
    const seconds = (new Date(next).getTime() - new Date(at).getTime()) / 1000;
    found[state] = Number(((found[state] ?? 0) + seconds).toFixed(1));
  }
  return found;
}

/** From "go" to the answer: the whole run but for the time blocked and the cleaning up. */
export function rtoSeconds(run: Run, now: Date): number {
  const phases = Object.entries(phaseSeconds(run, now)).filter(([name]) => name !== 'cleaning-up');
  return Number(phases.reduce((sum, [, seconds]) => sum + seconds, 0).toFixed(1));
}
