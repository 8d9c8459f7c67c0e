import type { DrError } from '../../errors.ts';
import { minutesBetween, notAhead } from '../ids.ts';
import type { RestoredInstance } from '../ports/recovery.ts';
import type { Attempt, StepOutcome } from './documents.ts';
import { block, current, noteError, withAttempt } from './lifecycle.ts';
import { lost, stateNoted } from './restored-instance.ts';
import type { ProductionRun } from './run.ts';

/** How long RDS may refuse the change for now; after that the failover goes on without. */
const CHANGE_MINUTES = 15;
/** How long RDS has for a change that it took: going on without it, the database could restart while it serves. */
export const PENDING_MINUTES = 30;
/** How long a database that restarts may be silent. */
export const CONNECT_MINUTES = 20;

/** What is wanted of the instance, and what an operator types where it could not be had. */
export type WantedBackups = { days: number; region: string };

const settled = (run: ProductionRun): boolean =>
  run.state !== 'healing+verifying' || current(run).backups?.outcome !== undefined;

type Warning = NonNullable<Attempt['warnedOf']>[number];
const warned = (run: ProductionRun, of: Warning): boolean => current(run).warnedOf?.includes(of) ?? false;
const withWarning = <R extends ProductionRun>(run: R, of: Warning): R =>
  withAttempt(run, { warnedOf: [...new Set([...(current(run).warnedOf ?? []), of])] });

/** The one place that says how it is done by hand: after the cut-over nobody else asks for it. */
function byHand(instance: string, { days, region }: WantedBackups): string {
  return `at a time when Builder may lose its database for a minute: aws rds modify-db-instance --region ${region} --db-instance-identifier ${instance} --backup-retention-period ${days} --apply-immediately`;
}

const failed = (run: ProductionRun, detail: string, wanted: WantedBackups): StepOutcome => ({
  name: 'backups',
  ok: false,
  detail,
  manual: byHand(current(run).instance, wanted),
});

function withOutcome<R extends ProductionRun>(run: R, outcome: StepOutcome): R {
  return withAttempt(run, { backups: { ...current(run).backups, outcome } });
}

/** Noted before RDS is asked: whoever comes after this knows that the database may restart. */
export function backupsAsked<R extends ProductionRun>(run: R, now: Date): R {
  if (settled(run) || current(run).backups) return run;
  return withAttempt(run, { backups: { askedAt: now.toISOString() } });
}

/** RDS did not take it: what may pass is asked for again, anything else is a step that failed. */
export function backupsRefused<R extends ProductionRun>(run: R, error: DrError, wanted: WantedBackups, now: Date): R {
  if (settled(run)) return run;
  const noted = noteError(run, error.message, now);
  const passes = ['INVALID_STATE', 'THROTTLED', 'SITE_UNREACHABLE', 'NOT_FOUND'].includes(error.code);
  return passes ? noted : withOutcome(noted, failed(run, error.message, wanted));
}

function stillPending<R extends ProductionRun>(run: R, { name, status }: RestoredInstance, now: Date): R {
  const reason = `backups of ${name} were asked for, and RDS has not turned them on in ${PENDING_MINUTES} minutes (it is ${status}): the database may still restart for it`;
  const doFirst = `look at ${name} in the RDS console of the DR region; started as below, it serves with that risk`;
  return block(withWarning(run, 'backups'), now, reason, doFirst);
}

/** Done is what the instance itself says is done, whoever asked for it and whatever was answered. */
export function backupsSeen<R extends ProductionRun>(
  run: R,
  facts: RestoredInstance | undefined,
  wanted: WantedBackups,
  now: Date,
): R {
  if (settled(run)) return run;
  const over = lost(run, facts, now);
  if (over || !facts) return over ?? run;
  if (facts.backupRetentionDays === wanted.days && !facts.pending) {
    return withOutcome(run, { name: 'backups', ok: true, detail: `kept for ${wanted.days} days` });
  }
  const { backups } = current(run);
  const askedAt = backups?.askedAt && notAhead(backups.askedAt, now);
  if (askedAt !== backups?.askedAt) return withAttempt(run, { backups: { ...backups, askedAt } });
  const minutes = askedAt === undefined ? 0 : minutesBetween(askedAt, now);
  if (facts.pending && warned(run, 'backups')) {
    return withOutcome(run, failed(run, `RDS has not turned them on yet (the instance is ${facts.status})`, wanted));
  }
  if (facts.pending && minutes >= PENDING_MINUTES) return stillPending(run, facts, now);
  if (facts.pending || askedAt === undefined || minutes < CHANGE_MINUTES) return stateNoted(run, facts.status, now);
  const why = run.errors.findLast((each) => each.at >= askedAt)?.message ?? `the instance is ${facts.status}`;
  return withOutcome(
    run,
    failed(run, `asked for at ${askedAt}, not done in ${CHANGE_MINUTES} minutes: ${why}`, wanted),
  );
}

/** The inspector was asked for another login; the first of them begins the time that the database has. */
export function connectionAsked<R extends ProductionRun>(run: R, report: string, now: Date): R {
  if (run.state !== 'healing+verifying') return run;
  const { since = now.toISOString(), tries = 0 } = current(run).connection ?? {};
  return withAttempt(run, {
    connection: { since: notAhead(since, now), askedAt: now.toISOString(), tries: tries + 1, report },
  });
}

/** `problem`: why Builder's role could not log in; undefined when it could. */
export function connectionSeen<R extends ProductionRun>(run: R, problem: string | undefined, now: Date): R {
  const { connection, findings, instance } = current(run);
  if (run.state !== 'healing+verifying' || !connection || connection.doneAt) return run;
  const done = withAttempt(run, { connection: { ...connection, doneAt: now.toISOString() } });
  if (problem === undefined) return done;
  const noted = noteError(run, problem, now);
  if (minutesBetween(connection.since, now) < CONNECT_MINUTES) return noted;
  // Builder's role could not log in before either, or the operator has been told and accepts it.
  const known = findings.some((each) => each.code === 'BUILDER_CREDENTIALS_UNUSABLE');
  if (known || (run.acceptFindings && warned(run, 'connection'))) return noteError(done, problem, now);
  const reason = `${instance} takes no connection since backups were turned on (${CONNECT_MINUTES} minutes): ${problem}`;
  const doFirst = `look at ${instance} in the RDS console of the DR region, and at its log: it is tried again, and with --accept-findings cut over to whatever comes of that`;
  return block(withWarning(noted, 'connection'), now, reason, doFirst);
}
