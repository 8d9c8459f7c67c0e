import type { Message } from './ports.ts';
import { allFindings, isDrill, phaseSeconds, rtoSeconds } from './recovery.ts';
import type { Recovery } from './recovery-documents.ts';

const SUBJECT_LIMIT = 100;

/** States that people are told of. */
const tellable = {
  drill: ['passed', 'failed'],
  failover: ['fencing', 'restoring', 'blocked', 'cutting-over', 'done', 'aborted', 'failed'],
};

export function mustTell(run: Recovery): boolean {
  const states = isDrill(run) ? tellable.drill : tellable.failover;
  return states.includes(run.state) && run.told !== toldAs(run);
}

/** What `told` holds once people heard of the state as it is now. */
export function toldAs(run: Recovery): string {
  return `${run.state} ${run.history.length}`;
}

function next(run: Recovery): string {
  if (run.blocked && run.state === 'blocked') return run.blocked.resumeWith;
  if (run.state === 'done') return 'docs/runbook.md, "On the Builder nodes"; then builder-dr failback plan';
  if (run.state === 'failed') return isDrill(run) ? 'builder-dr drills' : 'builder-dr failover status';
  return isDrill(run) ? 'builder-dr status' : 'builder-dr failover status';
}

/** The message about a step of a drill or failover: where it is, numbers against targets, what to type next. */
export function recoveryMessage(
  run: Recovery,
  facts: { stage: string; rtoTargetMinutes: number; minutesLost: number | undefined; now: Date },
): Message {
  const { stage, now } = facts;
  const what = isDrill(run) ? (run.wanted.alarmTest ? 'alarm test' : 'drill') : 'failover';
  const kind = run.wanted.alarmTest ? 'alarm' : isDrill(run) ? 'drill' : 'failover';
  const point = run.attempts.at(-1)?.point ?? run.candidates[0] ?? 'none';
  const last = run.history.at(-1);
  const phases = Object.entries(phaseSeconds(run, now)).map(([name, seconds]) => `  ${name.padEnd(18)} ${seconds} s`);
  const findings = allFindings(run);
  const rejected = run.attempts.filter((each) => each.outcome === 'rejected' && !isDrill(run));
  const byHand = run.cutOver?.steps.filter((each) => !each.ok) ?? [];
  const body = [
    `Builder disaster recovery, stage ${stage}: ${what} ${run.id} is ${run.state}`,
    `${last?.why ?? ''}`,
    '',
    `Recovery point:      ${point}`,
    `Data lost (RPO):     ${facts.minutesLost === undefined ? 'unknown' : `${facts.minutesLost.toFixed(1)} min`}`,
    `Time so far (RTO):   ${(rtoSeconds(run, now) / 60).toFixed(1)} min, target ${facts.rtoTargetMinutes} min`,
    ...(run.fence ? [`Fence:               ${fenceText(run)}`] : []),
    ...rejected.map((each) => `Rejected:            ${each.point}: ${each.why}; ${each.instance} is kept`),
    '',
    ...phases,
    '',
    ...findings.flatMap((each) => [
      `${each.severity.toUpperCase()} ${each.code} (${each.subject})`,
      `  ${each.text}`,
      `  What to do: ${each.hint}`,
    ]),
    ...byHand.map((each) => `By hand: ${each.name}: ${each.manual ?? each.detail}`),
    '',
    `Type next: ${next(run)}`,
  ].join('\n');
  const subject = `[builder-dr ${stage}] ${what} ${run.state}: ${last?.why ?? ''}`.slice(0, SUBJECT_LIMIT);
  return { subject, body, attributes: { kind, status: run.state, stage, id: run.id } };
}

export function fenceText(run: Recovery): string {
  const half = (name: string, part: { confirmedAt?: string | undefined; problem?: string | undefined } | undefined) =>
    part?.confirmedAt
      ? `${name} closed at ${part.confirmedAt}`
      : `${name} NOT confirmed${part?.problem ? ` (${part.problem})` : ''}`;
  if (run.fence && !run.fence.wanted) return 'taken away';
  return `${half('database', run.fence?.database)}; ${half('bucket', run.fence?.bucket)}`;
}
