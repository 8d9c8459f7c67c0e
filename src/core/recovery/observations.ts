import type { Finding } from '../findings.ts';
import { latestOf, minutesBetween, waitedMinutes } from '../ids.ts';
import type { Point } from '../points/documents.ts';
import type { Policy } from '../policy.ts';
import type { RowComparisonResult } from './documents.ts';
import { closedAfter, isConfirmed, isOnItsWay, unconfirmed } from './fence.ts';
import { block, current, move, nextCandidate, reject, withAttempt } from './lifecycle.ts';
import { comparisonFindings, isDisqualifying, PLANTED, passedWhy, withoutComparison } from './report-findings.ts';
import { isProduction, isScratch, type ProductionRun, type Run, type RunOf, type ScratchRun } from './run.ts';

/** What one observation changes in a run. All of them may be applied twice. */

export function restoreAsked<R extends Run>(run: R, className: string, now: Date): R {
  if (run.state !== 'restoring' || current(run).restore?.className === className) return run;
  const refused = current(run).restore?.refused ?? [];
  return withAttempt(run, { restore: { askedAt: now.toISOString(), className, refused } });
}

/** AWS has none of this class now, or does not offer it: the next one is tried. */
export function capacityRefused<R extends Run>(run: R, className: string, why: string, now: Date): R {
  if (run.state !== 'restoring') return run;
  const before = current(run).restore;
  const refused = [...(before?.refused ?? []).filter((each) => each.className !== className), { className, why }];
  return withAttempt(run, { restore: { askedAt: before?.askedAt ?? now.toISOString(), className: '', refused } });
}

export function passwordSet<R extends Run>(run: R, secret: string, now: Date): R {
  if (run.state !== 'restoring' || current(run).password) return run;
  return withAttempt(run, { password: { secret, setAt: now.toISOString() } });
}

export function inspectionAsked<R extends Run>(run: R, report: string, now: Date): R {
  if (run.state !== 'inspecting') return run;
  const tries = (current(run).inspection?.tries ?? 0) + 1;
  return withAttempt(run, { inspection: { askedAt: now.toISOString(), tries, report } });
}

/** The report is there: what it says decides whether the artifacts are looked at. */
export function inspected<R extends Run>(run: R, findings: Finding[], rows: Record<string, number>, now: Date): R {
  const { inspection } = current(run);
  if (run.state !== 'inspecting' || !inspection) return run;
  const upgrade = current(run).findings.filter((each) => each.code === 'ENGINE_UPGRADED');
  const done = withAttempt(run, {
    inspection: { ...inspection, doneAt: now.toISOString() },
    findings: [...upgrade, ...findings],
    rows,
  });
  // A drill goes on to find everything there is to find; a failover must not lose time on a point it cannot use.
  if (isScratch(done)) return move(done, 'verifying', now, 'the database was inspected');
  const bad = findings.filter(isDisqualifying);
  if (isProduction(done) && bad.length > 0 && !done.acceptFindings) {
    return reject(done, now, bad.map((each) => each.code).join(', '));
  }
  return move(done, 'healing+verifying', now, 'the database was inspected');
}

/** Not all could be read in one pass: the next one reads on. */
export function someRead<R extends Run>(run: R, left: number, now: Date): R {
  if (!isProduction(run) || left >= (current(run).reading?.left ?? Number.POSITIVE_INFINITY)) return run;
  return withAttempt(run, { reading: { at: now.toISOString(), left } });
}

/** Large artifacts are healed over several passes: `left` parts are still to come. */
export function someCopied<R extends Run>(run: R, left: number, now: Date): R {
  if (!isProduction(run) || left >= (current(run).copying?.left ?? Number.POSITIVE_INFINITY)) return run;
  return withAttempt(run, { copying: { at: now.toISOString(), left } });
}

type Patience = Pick<Policy, 'fenceMinutes'>;

/** Rows and objects were compared: the verdict on this point. */
export function compared<R extends RunOf<'drill' | 'alarm-test'> | ProductionRun>(
  run: R,
  comparison: RowComparisonResult,
  healed: number,
  now: Date,
): R {
  if (run.state !== 'verifying' && run.state !== 'healing+verifying') return run;
  const before = current(run);
  const findings = [
    ...withoutComparison(before.findings, before.point),
    ...comparisonFindings(comparison, before.point),
  ];
  const found = withAttempt(run, { comparison, healed, findings });
  if (!isProduction(found)) return scratchVerdict(found, findings, now);
  const bad = findings.filter(isDisqualifying);
  if (bad.length > 0 && !found.acceptFindings) return reject(found, now, bad.map((each) => each.code).join(', '));
  const outcome = bad.length === 0 ? 'passed' : 'accepted';
  return withAttempt(found, { outcome, awaitsFenceSince: undefined });
}

/** Verified, its backups settled, connected to since: what is left to ask for is the fence, which was looked at just now. */
export function readyToCutOver<R extends ProductionRun>(run: R, policy: Patience, now: Date): R {
  if (run.state !== 'healing+verifying') return run;
  const { outcome, backups, connection } = current(run);
  const verified = outcome === 'passed' || outcome === 'accepted';
  if (!verified || !backups?.outcome || (backups.askedAt && !connection?.doneAt)) return run;
  return passFence(run, policy, now);
}

const criticalCodes = (findings: Finding[]) =>
  findings.filter((each) => each.severity === 'critical').map((each) => each.code);

/** What an alarm test plants, and must find. */
/** An alarm test proves the alarm, never the point: its attempt is rejected either way. */
function scratchVerdict<R extends Run>(run: R, findings: Finding[], now: Date): R {
  const critical = criticalCodes(findings);
  const unseen = PLANTED.filter((code) => !critical.includes(code));
  const alarm = run.kind === 'alarm-test';
  const why = alarm
    ? `planted faults ${unseen.length === 0 ? 'were found' : `were NOT found: ${unseen.join(', ')}`}`
    : [...new Set(critical)].join(', ') || passedWhy(current(run));
  const outcome = critical.length === 0 && !alarm ? 'passed' : 'rejected';
  return move(withAttempt(run, { outcome, why }), 'cleaning-up', now, why);
}

/** Why a run that is being cleaned up has failed; undefined when it passed. */
export function scratchFailure(run: ScratchRun): string | undefined {
  const { outcome, why, findings } = current(run);
  if (run.kind !== 'alarm-test') return outcome === 'rejected' || !outcome ? (why ?? 'stopped') : undefined;
  const seen = PLANTED.every((code) => findings.some((each) => each.code === code));
  return seen ? undefined : (why ?? 'stopped');
}

/** Whether the fence, as it was read back, keeps two sites from taking writes, or its operator has said that it need not. */
export const mayCutOver = (run: ProductionRun): boolean =>
  isConfirmed(run.fence) || (run.kind === 'failover' && run.acceptUnfenced);

/** The primary is open although a pass before this one had found it closed: it is decided anew, by one more start. */
export function fenceFell<R extends ProductionRun>(run: R, taken: NonNullable<R['taken']>, now: Date): R {
  if (run.state !== 'cutting-over' || run.cutOver) return run;
  const why = `the fence no longer stands (${unconfirmed(run.fence)})`;
  return { ...move(run, 'healing+verifying', now, why), taken };
}

/** I5: no cut-over while the fence is unconfirmed, unless the operator said so by name. */
function passFence<R extends ProductionRun>(run: R, policy: Patience, now: Date): R {
  const sure = isConfirmed(run.fence);
  if (sure && run.kind === 'switchover' && finalOutdated(run)) {
    const why = `the primary was open, and was fenced again after the final point ${run.finalPoint} was captured: what was written meanwhile is not in it`;
    return block(run, now, why, 'find out who opened the primary; started as below, another final point is captured');
  }
  if (sure || (run.kind === 'failover' && run.acceptUnfenced)) {
    const why = sure ? 'verified, and the primary is fenced' : 'verified; unfenced, as accepted';
    return move(run, 'cutting-over', now, why);
  }
  // What obeys is waited for: nothing of the restore has to be done again.
  const since = current(run).awaitsFenceSince;
  const begins = since === undefined || since > now.toISOString();
  if (begins && isOnItsWay(run.fence)) return withAttempt(run, { awaitsFenceSince: now.toISOString() });
  if (since !== undefined && minutesBetween(since, now) < policy.fenceMinutes) return run;
  return blockUnfenced(withAttempt(run, { awaitsFenceSince: undefined }), now);
}

function blockUnfenced<R extends ProductionRun>(run: R, now: Date): R {
  const why = `the fence is unconfirmed (${unconfirmed(run.fence)})`;
  if (run.kind === 'switchover') return block(run, now, why, 'mend the primary site: a planned switchover needs both');
  return block(run, now, why, 'stop Builder at the primary by hand', { acceptUnfenced: true });
}

/**
 * The fence has had its time: a primary that is silent or refuses, or needs a time that RDS or S3 do not tell, costs
 * nothing more here: the restore goes on meanwhile. One that obeys is waited for. The fence is tried again in every
 * later pass, and the cut-over asks for it.
 */
export function fencingOver<R extends ProductionRun>(run: R, policy: Patience, now: Date): R {
  if (run.state !== 'fencing') return run;
  const began = run.history.findLast((each) => each.state === 'fencing')?.at ?? run.requestedAt;
  const late = waitedMinutes(began, now) >= policy.fenceMinutes;
  const sure = isConfirmed(run.fence);
  const halves = [run.fence.database, run.fence.bucket];
  const stuck = halves.every((half) => half.confirmedAt !== undefined || (half.problem ?? half.waitsFor) !== undefined);
  const planned = run.kind === 'switchover';
  if (!sure && !late && (planned || !stuck)) return run;
  const why = sure ? 'the primary is fenced' : `the fence is unconfirmed (${unconfirmed(run.fence)})`;
  if (!planned) return nextCandidate(run, now, why);
  if (sure) return move(run, 'capturing-final', now, why);
  const doFirst = 'mend the primary site, or call it off: `builder-dr failover abort`';
  return block(run, now, `${why}; a planned switchover needs both sites`, doFirst);
}

/** A switchover loses nothing: a final point of before the fence that stands is none. */
export const finalOutdated = (run: ProductionRun): boolean =>
  run.kind === 'switchover' && run.finalPoint !== undefined && closedAfter(run.fence, run.finalPoint);

/** The instant of the final point: of the record alone, so that asked for twice it is the same one. */
export function finalDueAt({ history, requestedAt, fence: { database, bucket } }: RunOf<'switchover'>): string {
  const began = history.findLast((each) => each.state === 'capturing-final')?.at ?? requestedAt;
  return latestOf([began, database.confirmedAt, bucket.confirmedAt]) ?? began;
}

/** The final point of a switchover is protected: it is the only candidate. */
export function finalSeen(run: RunOf<'switchover'>, point: Point, now: Date): RunOf<'switchover'> {
  if (run.state !== 'capturing-final') return run;
  if (point.state === 'failed' || point.state === 'suspect') {
    const why = `the final point ${point.id} is ${point.state}: ${point.history.at(-1)?.why}`;
    const doFirst =
      point.state === 'suspect'
        ? `find out who deleted artifacts; if it was meant: \`builder-dr points accept ${point.id}\``
        : 'look at the primary database: the next start captures another final point';
    return block(run, now, why, doFirst);
  }
  if (point.state !== 'protected' && point.state !== 'proven') return run;
  return nextCandidate({ ...run, candidates: [point.id] }, now, 'the final point is protected');
}

export function smokeAsked<R extends ProductionRun>(run: R, report: string, now: Date): R {
  if (run.state !== 'smoke-testing') return run;
  return { ...run, smoke: { askedAt: now.toISOString(), tries: (run.smoke?.tries ?? 0) + 1, report } };
}

export function smokeSeen<R extends ProductionRun>(run: R, findings: Finding[], now: Date): R {
  if (run.state !== 'smoke-testing' || !run.smoke) return run;
  const tested = {
    ...run,
    smoke: { ...run.smoke, doneAt: now.toISOString() },
    findings: [...run.findings, ...findings],
  };
  const why =
    findings.length > 0 ? `cut over, but ${findings.map((each) => each.code).join(', ')}` : 'Builder can serve';
  return move(tested, 'done', now, why);
}

/** The scratch instance and its secret are gone: the verdict. */
export function cleanedUp<R extends ScratchRun>(run: R, now: Date, failure: string | undefined): R {
  if (run.state !== 'cleaning-up') return run;
  return move(run, failure === undefined ? 'passed' : 'failed', now, failure ?? passedWhy(current(run)));
}

/** A scratch run past its deadline stops where it is and is cleaned up. */
export function pastDeadline<R extends Run>(run: R, now: Date): R {
  if (!isScratch(run) || now.getTime() < new Date(run.deadlineAt).getTime()) return run;
  if (!['restoring', 'inspecting', 'verifying'].includes(run.state)) return run;
  return reject(run, now, `the deadline ${run.deadlineAt} passed while ${run.state}`);
}
