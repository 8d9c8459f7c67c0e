import { finding } from '../findings.ts';
import { latestOf, minutesBetween } from '../ids.ts';
import type { Point } from '../points/documents.ts';
import type { Policy } from '../policy.ts';
import { CONNECT_MINUTES, PENDING_MINUTES } from './backups.ts';
import { block, isMoving, isOver, move } from './lifecycle.ts';
import type { ProductionRun } from './run.ts';

type Limits = Pick<Policy, 'failoverStuckMinutes' | 'copyStuckMinutes' | 'fenceMinutes'>;

function pointProgressAt({ database, artifacts, history }: Point): string | undefined {
  return latestOf([
    history.at(-1)?.at,
    database.state === 'copying' ? database.progressAt : undefined,
    artifacts.state === 'replicating' ? artifacts.progressAt : undefined,
  ]);
}

/**
 * When a failover last came further: another state, a request that was accepted, a state of its instance that was not
 * seen before, artifacts that were read, parts that were copied. Each can happen so often and not more, so that waiting ends.
 * What is ahead of `now` a clock that was wrong has noted, and says nothing of when that was.
 */
export function progressAt(run: ProductionRun, now: Date, finalPoint?: Point): string {
  const attempt = run.attempts.at(-1);
  const came = [
    ...run.history.map(({ at }) => at),
    attempt?.restore?.askedAt,
    attempt?.available?.at,
    attempt?.password?.setAt,
    attempt?.inspection?.askedAt,
    attempt?.reading?.at,
    attempt?.copying?.at,
    attempt?.backups?.askedAt,
    attempt?.connection?.since,
    attempt?.connection?.doneAt,
    attempt?.awaitsFenceSince,
    run.smoke?.askedAt,
    ...Object.values(attempt?.states ?? {}),
    finalPoint && pointProgressAt(finalPoint),
  ];
  const until = now.toISOString();
  return latestOf(came.filter((each) => each !== undefined && each <= until)) ?? run.requestedAt;
}

/** What has a time of its own has all of it: the copy of a final point, the fence, the restart that backups take. */
function limitOf({ state }: ProductionRun, { failoverStuckMinutes, copyStuckMinutes, fenceMinutes }: Limits): number {
  if (state === 'capturing-final') return Math.max(failoverStuckMinutes, copyStuckMinutes);
  if (state === 'fencing') return Math.max(failoverStuckMinutes, fenceMinutes);
  if (state !== 'healing+verifying') return failoverStuckMinutes;
  return Math.max(failoverStuckMinutes, fenceMinutes, PENDING_MINUTES, CONNECT_MINUTES);
}

function isStuck(run: ProductionRun, limits: Limits, now: Date, finalPoint?: Point): boolean {
  return isMoving(run) && minutesBetween(progressAt(run, now, finalPoint), now) >= limitOf(run, limits);
}

/** What it waits for, as far as the record knows. */
export function waitsFor(run: ProductionRun, now: Date, finalPoint?: Point): string {
  const attempt = run.attempts.at(-1);
  const since = progressAt(run, now, finalPoint);
  const [status] = Object.entries(attempt?.states ?? {})
    .sort(([, a], [, b]) => (a < b ? -1 : 1))
    .at(-1) ?? [undefined];
  const instance = attempt && status && run.state === 'restoring' ? [`${attempt.instance} is ${status}`] : [];
  const error = run.errors.findLast((each) => each.at >= since)?.message ?? run.errors.at(-1)?.message;
  return [...instance, ...(error === undefined ? [] : [error])].join('; ') || 'nothing was refused';
}

function doFirstOf(run: ProductionRun): string {
  const instance = run.attempts.at(-1)?.instance;
  if (run.state === 'restoring' && instance !== undefined) {
    return `look at ${instance} in the RDS console of the DR region: once it is deleted (its deletion protection off first) it is restored anew; started as below it is waited for again`;
  }
  if (run.state === 'inspecting') return 'look at the function inspect-database, its network and its log';
  if (run.state === 'capturing-final') return `look at what the final point waits for: \`builder-dr points\``;
  return 'look at the errors of `builder-dr failover status` and at the log of advance, and mend what they name';
}

/**
 * Nothing waits without a limit: a failover that came no further is blocked for its operator. Once DR is in force it
 * cannot be: then what could not be tested is said, and the failover is done.
 */
export function stuckFor<R extends ProductionRun>(run: R, limits: Limits, now: Date, finalPoint?: Point): R {
  if (!isStuck(run, limits, now, finalPoint)) return run;
  const why = `no progress for ${limitOf(run, limits)} minutes while ${run.state}: ${waitsFor(run, now, finalPoint)}`;
  if (run.state === 'cutting-over') return run;
  if (run.state !== 'smoke-testing') return block(run, now, why, doFirstOf(run));
  const subject = run.attempts.at(-1)?.instance ?? run.id;
  const untested = finding('BUILDER_CREDENTIALS_UNUSABLE', subject, `Builder's access could not be tested: ${why}`);
  return move({ ...run, findings: [...run.findings, untested] }, 'done', now, `cut over, but ${untested.code}`);
}

/** A failover that waits for its operator, or comes no further: nobody else takes it on. */
export function needsOperator(run: ProductionRun, limits: Limits, now: Date, finalPoint?: Point): boolean {
  return !isOver(run) && (run.state === 'blocked' || isStuck(run, limits, now, finalPoint));
}

/** The final point of a switchover that has one. */
export const finalPointOf = (run: ProductionRun, points: Point[]): Point | undefined =>
  run.kind === 'switchover' ? points.find((each) => each.id === run.finalPoint) : undefined;
