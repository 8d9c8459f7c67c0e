import type { Finding } from '../findings.ts';
import { minutesBetween } from '../ids.ts';
import type { Point } from '../points/documents.ts';
import type { Policy } from '../policy.ts';
import type { RestoredInstance } from '../ports/recovery.ts';
import type { Comparison, Recovery, StepOutcome } from './documents.ts';
import { isConfirmed, unconfirmed } from './fence.ts';
import { comparisonFindings, isDisqualifying } from './report-findings.ts';
import { block, current, isDrill, move, nextCandidate, reject, withAttempt } from './run.ts';

/** What one observation changes in a run. All of them may be applied twice. */

export function restoreAsked(run: Recovery, className: string, now: Date): Recovery {
  if (run.state !== 'restoring' || current(run).restore?.className === className) return run;
  const refused = current(run).restore?.refused ?? [];
  return withAttempt(run, { restore: { askedAt: now.toISOString(), className, refused } });
}

/** AWS has none of this class now: the next one is tried. */
export function capacityRefused(run: Recovery, className: string, why: string, now: Date): Recovery {
  if (run.state !== 'restoring') return run;
  const before = current(run).restore;
  const refused = [...(before?.refused ?? []).filter((each) => each.className !== className), { className, why }];
  return withAttempt(run, { restore: { askedAt: before?.askedAt ?? now.toISOString(), className: '', refused } });
}

/** A restored instance must run the very engine of its snapshot, or the drill proved another one. */
export function instanceSeen(run: Recovery, facts: RestoredInstance, expectedEngine: string, now: Date): Recovery {
  if (run.state !== 'restoring' || current(run).available) return run;
  if (['failed', 'incompatible-restore', 'incompatible-parameters', 'incompatible-network'].includes(facts.status)) {
    return reject(run, now, `RDS reports the restored instance as ${facts.status}`);
  }
  if (facts.status !== 'available' || facts.host === undefined || facts.port === undefined) return run;
  if (facts.engineVersion !== expectedEngine) {
    return reject(run, now, `the restored engine is ${facts.engineVersion}, the snapshot's was ${expectedEngine}`);
  }
  const { engineVersion, host, port, masterUser, className } = facts;
  return withAttempt(run, {
    available: { at: now.toISOString(), engineVersion, host, port, masterUser, className },
  });
}

export function passwordSet(run: Recovery, secret: string, now: Date): Recovery {
  if (run.state !== 'restoring' || current(run).password) return run;
  return withAttempt(run, { password: { secret, setAt: now.toISOString() } });
}

/** The instance is available and nothing is pending: it can be looked into. */
export function passwordSettled(run: Recovery, facts: RestoredInstance, now: Date): Recovery {
  const { password } = current(run);
  if (run.state !== 'restoring' || !password || facts.pending || facts.status !== 'available') return run;
  const settled = withAttempt(run, { password: { ...password, settledAt: now.toISOString() } });
  return move(settled, 'inspecting', now, `the instance is available, as ${facts.className}`);
}

export function inspectionAsked(run: Recovery, report: string, now: Date): Recovery {
  if (run.state !== 'inspecting') return run;
  const tries = (current(run).inspection?.tries ?? 0) + 1;
  return withAttempt(run, { inspection: { askedAt: now.toISOString(), tries, report } });
}

/** The report is there: what it says decides whether the artifacts are looked at. */
export function inspected(run: Recovery, findings: Finding[], rows: Record<string, number>, now: Date): Recovery {
  const { inspection } = current(run);
  if (run.state !== 'inspecting' || !inspection) return run;
  const done = withAttempt(run, { inspection: { ...inspection, doneAt: now.toISOString() }, findings, rows });
  const bad = findings.filter(isDisqualifying);
  // A drill goes on to find everything there is to find; a failover must not lose time on a point it cannot use.
  if (!isDrill(run) && bad.length > 0 && !run.wanted.acceptFindings) {
    return reject(done, now, bad.map((each) => each.code).join(', '));
  }
  return move(done, isDrill(run) ? 'verifying' : 'healing+verifying', now, 'the database was inspected');
}

/** Rows and objects were compared: the verdict on this point. */
export function compared(run: Recovery, comparison: Comparison, healed: number, now: Date): Recovery {
  if (run.state !== 'verifying' && run.state !== 'healing+verifying') return run;
  const before = current(run);
  const findings = [...before.findings, ...comparisonFindings(comparison, before.point)] as Finding[];
  const found = withAttempt(run, { comparison, healed, findings });
  const bad = findings.filter(isDisqualifying);
  const passed = bad.length === 0;
  if (isDrill(run)) return drillVerdict(found, findings, now);
  if (!passed && !run.wanted.acceptFindings) return reject(found, now, bad.map((each) => each.code).join(', '));
  return passFence(withAttempt(found, { outcome: passed ? 'passed' : 'accepted' }), now);
}

/** What an alarm test plants, and must find. */
const PLANTED = ['ARTIFACT_CORRUPT', 'ARTIFACT_MISSING', 'BUILDER_KEY_USELESS'] as const;

function drillVerdict(run: Recovery, findings: Finding[], now: Date): Recovery {
  const critical = findings.filter((each) => each.severity === 'critical').map((each) => each.code);
  const unseen = PLANTED.filter((code) => !critical.includes(code));
  const good = run.wanted.alarmTest ? unseen.length === 0 : critical.length === 0;
  // An alarm test proves the alarm, never the point.
  const outcome = good && !run.wanted.alarmTest ? 'passed' : 'rejected';
  const why = run.wanted.alarmTest
    ? `planted faults ${good ? 'were found' : `were NOT found: ${unseen.join(', ')}`}`
    : [...new Set(critical)].join(', ') || 'everything fits together';
  return move(withAttempt(run, { outcome, why }), 'cleaning-up', now, why);
}

/** Why a drill that is being cleaned up has failed; undefined when it passed. */
export function drillFailure(run: Recovery): string | undefined {
  const { outcome, why, findings } = current(run);
  if (!run.wanted.alarmTest) return outcome === 'rejected' || !outcome ? (why ?? 'stopped') : undefined;
  const seen = PLANTED.every((code) => findings.some((each) => each.code === code));
  return seen ? undefined : (why ?? 'stopped');
}

/** I5: no cut-over while the fence is unconfirmed, unless the operator said so by name. */
function passFence(run: Recovery, now: Date): Recovery {
  const sure = isConfirmed(run.fence);
  if (sure || (run.wanted.acceptUnfenced && !run.wanted.planned)) {
    return move(
      run,
      'cutting-over',
      now,
      sure ? 'verified, and the primary is fenced' : 'verified; unfenced, as accepted',
    );
  }
  const why = `the fence is unconfirmed (${unconfirmed(run.fence)})`;
  const resume = `stop Builder at the primary by hand, then {"action":"start","confirm":"${current(run).point}","acceptUnfenced":true}`;
  return block(run, now, why, resume);
}

/**
 * The fence has had its time: a primary that is silent or refuses costs nothing more here, one that obeys is waited
 * for. The fence is tried again in every later run, and the cut-over asks for it.
 */
export function fencingOver(run: Recovery, policy: Policy, now: Date): Recovery {
  if (run.state !== 'fencing') return run;
  const began = run.history.findLast((each) => each.state === 'fencing')?.at ?? run.requestedAt;
  const late = minutesBetween(began, now) >= policy.fenceMinutes;
  const sure = isConfirmed(run.fence);
  const halves = [run.fence?.database, run.fence?.bucket];
  const stuck = halves.every((half) => half?.confirmedAt !== undefined || half?.problem !== undefined);
  if (!sure && !late && (run.wanted.planned || !stuck)) return run;
  const why = sure ? 'the primary is fenced' : `the fence is unconfirmed (${unconfirmed(run.fence)})`;
  if (!run.wanted.planned) return nextCandidate(run, now, why);
  if (sure) return move(run, 'capturing-final', now, why);
  return block(run, now, `${why}; a planned switchover needs both sites`, 'mend the primary site, or abort');
}

/** The final point of a switchover is protected: it is the only candidate. */
export function finalSeen(run: Recovery, point: Point, now: Date): Recovery {
  if (run.state !== 'capturing-final') return run;
  if (point.state === 'failed' || point.state === 'suspect') {
    const why = `the final point ${point.id} is ${point.state}: ${point.history.at(-1)?.why}`;
    return block(run, now, why, 'abort, which takes the fence away, and begin again');
  }
  if (point.state !== 'protected' && point.state !== 'proven') return run;
  return nextCandidate({ ...run, candidates: [point.id] }, now, 'the final point is protected');
}

export function cutOverDone(run: Recovery, epoch: number, steps: StepOutcome[], now: Date): Recovery {
  if (run.state !== 'cutting-over') return run;
  const cut = { ...run, cutOver: { at: now.toISOString(), epoch, steps } };
  const failed = steps.filter((each) => !each.ok).map((each) => each.name);
  const why = failed.length > 0 ? `cut over; by hand: ${failed.join(', ')}` : 'cut over';
  return move(cut, 'smoke-testing', now, why);
}

export function smokeAsked(run: Recovery, report: string, now: Date): Recovery {
  if (run.state !== 'smoke-testing') return run;
  return { ...run, smoke: { askedAt: now.toISOString(), tries: (run.smoke?.tries ?? 0) + 1, report } };
}

export function smokeSeen(run: Recovery, findings: Finding[], now: Date): Recovery {
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

/** A drill's instance and secret are gone: its verdict. */
export function cleanedUp(run: Recovery, now: Date, failure: string | undefined): Recovery {
  if (run.state !== 'cleaning-up') return run;
  return move(run, failure === undefined ? 'passed' : 'failed', now, failure ?? 'everything fits together');
}

/** A drill past its deadline stops where it is and is cleaned up. */
export function pastDeadline(run: Recovery, now: Date): Recovery {
  const early = run.deadlineAt === undefined || now.getTime() < new Date(run.deadlineAt).getTime();
  if (early || !['restoring', 'inspecting', 'verifying'].includes(run.state)) return run;
  return reject(run, now, `the deadline ${run.deadlineAt} passed while ${run.state}`);
}
