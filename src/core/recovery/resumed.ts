import { isConfirmed } from './fence.ts';
import { move, nextCandidate } from './lifecycle.ts';
import { finalOutdated } from './observations.ts';
import { isDisqualifying, withoutComparison } from './report-findings.ts';
import type { ProductionRun, RunOf, StartRequest } from './run.ts';

/** `choice`: what is taken from now on, where a point came that the failover did not know, and was confirmed. */
type Resumption = Pick<StartRequest, 'point' | 'acceptFindings' | 'acceptUnfenced'> & { choice?: string[] | undefined };

/** A switchover goes on with what it restored only while that is of its final point, and the fence stands since then. */
const needsFence = (run: RunOf<'switchover'>, point: string): boolean =>
  !isConfirmed(run.fence) || finalOutdated(run) || point !== run.finalPoint;

/** What a blocked failover does next: again from the step that it stopped at. `again`: capture another final point. */
export function resumed<R extends ProductionRun>(run: R, request: Resumption, again: boolean, now: Date): R {
  const accepting = {
    ...run,
    acceptFindings: run.acceptFindings || request.acceptFindings,
    ...(run.kind === 'failover' ? { acceptUnfenced: run.acceptUnfenced || request.acceptUnfenced } : {}),
  };
  if (run.state !== 'blocked') return accepting;
  const { blocked: _over, ...unblocked } = accepting;
  const rest = unblocked as R;
  const why = 'resumed by the operator';
  if (request.choice) return nextCandidate({ ...rest, candidates: request.choice }, now, why);
  const ofPoint = run.attempts.filter((each) => each.point === request.point);
  const chosen = ofPoint.findLast((each) => each.inspection?.doneAt) ?? ofPoint.at(-1) ?? run.attempts.at(-1);
  if (!chosen || (rest.kind === 'switchover' && (again || needsFence(rest, chosen.point)))) {
    return move(again ? { ...rest, finalPoint: undefined } : rest, 'fencing', now, why);
  }
  // What was confirmed is what is lost: a point that was not tried yet is tried, and none before it.
  const untried = run.candidates.indexOf(request.point);
  if (untried >= 0 && ofPoint.length === 0) {
    return nextCandidate({ ...rest, candidates: run.candidates.slice(untried) }, now, why);
  }
  const others = run.attempts.filter((each) => each !== chosen);
  if (chosen.inspection?.doneAt) {
    // Artifacts and connection are looked at again, and what could not be turned on is asked for again.
    const { outcome: _verdict, why: _rejected, connection: _before, comparison: _seen, backups, ...kept } = chosen;
    const asked = backups?.askedAt ? { backups: { askedAt: now.toISOString() } } : {};
    const again = backups?.outcome?.ok ? { backups } : asked;
    const findings = withoutComparison(kept.findings, chosen.point);
    const attempt = { ...kept, ...again, findings };
    if (rest.acceptFindings || !findings.some(isDisqualifying))
      return move({ ...rest, attempts: [...others, attempt] }, 'healing+verifying', now, why);
    // Its operator may have mended what the inspection found: the database is looked into again.
    const { inspection: _old, ...unseen } = attempt;
    return move({ ...rest, attempts: [...others, unseen] }, 'inspecting', now, why);
  }
  // What was seen of its instance is old: one that was deleted since is restored anew.
  const { available: _seen, password: _given, ...unseen } = chosen;
  const attempts = [...others, unseen];
  if (!chosen.outcome) return move({ ...rest, attempts }, 'restoring', now, why);
  // A point whose restore failed is tried again as a new attempt.
  return nextCandidate({ ...rest, candidates: [chosen.point, ...run.candidates] }, now, why);
}
