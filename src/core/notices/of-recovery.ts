import type { Recovery } from '../recovery/documents.ts';
import { allFindings, isDrill, phaseSeconds, rtoSeconds } from '../recovery/run.ts';
import type { Message } from './message.ts';
import { messageOf, type Notice, toldFindings } from './message.ts';

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

function next(run: Recovery, stage: string): string {
  if (run.blocked && run.state === 'blocked') {
    const { resumeWith } = run.blocked;
    return resumeWith.startsWith('{')
      ? `serverless invoke -f failover --stage ${stage} -d '${resumeWith}'`
      : resumeWith;
  }
  if (run.state === 'done') return 'docs/runbook.md, "On the Builder nodes"; then builder-dr failback plan';
  if (run.state === 'failed') return isDrill(run) ? 'builder-dr drills' : 'builder-dr failover status';
  return isDrill(run) ? 'builder-dr status' : 'builder-dr failover status';
}

/** The message about a step of a drill or failover: where it is, numbers against targets, what to type next. */
export function recoveryMessage(
  run: Recovery,
  facts: {
    stage: string;
    rpoTargetMinutes: number;
    rtoTargetMinutes: number;
    minutesLost: number | undefined;
    now: Date;
  },
): Message {
  const { stage, now } = facts;
  const what = isDrill(run) ? (run.wanted.alarmTest ? 'alarm test' : 'drill') : 'failover';
  const kind = run.wanted.alarmTest ? 'alarm' : isDrill(run) ? 'drill' : 'failover';
  const point = run.attempts.at(-1)?.point ?? run.candidates[0] ?? 'none';
  const last = run.history.at(-1);
  const rejected = run.attempts.filter((each) => each.outcome === 'rejected' && !isDrill(run));
  const byHand = run.cutOver?.steps.filter((each) => !each.ok) ?? [];
  const minutes = (seconds: number) => `${(seconds / 60).toFixed(1)} min`;
  const notice: Notice = {
    schema: 'notice/1',
    kind,
    stage,
    id: run.id,
    status: run.state,
    tone: toneOf(run),
    title: `Builder disaster recovery, stage ${stage}: ${what} ${run.id} is ${run.state}`,
    changed: last?.why ? [last.why] : [],
    numbers: [
      { name: 'Recovery point', value: point },
      {
        name: 'Data lost (RPO)',
        value: facts.minutesLost === undefined ? 'unknown' : `${facts.minutesLost.toFixed(1)} min`,
        target: `${facts.rpoTargetMinutes} min`,
      },
      { name: 'Time so far (RTO)', value: minutes(rtoSeconds(run, now)), target: `${facts.rtoTargetMinutes} min` },
      ...(run.fence ? [{ name: 'Fence', value: fenceText(run) }] : []),
      { name: 'Phases', value: phasesText(run, now) },
    ],
    ...toldFindings(allFindings(run)),
    notes: [
      ...rejected.map((each) => `Rejected: ${each.point}: ${each.why}; ${each.instance} is kept`),
      ...byHand.map((each) => `By hand: ${each.name}: ${each.manual ?? each.detail}`),
    ],
    next: next(run, stage),
    at: now.toISOString(),
  };
  return messageOf(`[builder-dr ${stage}] ${what} ${run.state}: ${last?.why ?? ''}`, notice);
}

function phasesText(run: Recovery, now: Date): string {
  const phases = Object.entries(phaseSeconds(run, now)).map(([name, seconds]) => `${name} ${seconds} s`);
  return phases.join(', ') || 'none yet';
}

function toneOf(run: Recovery): Notice['tone'] {
  if (run.state === 'passed' || run.state === 'done') return 'good';
  if (run.state === 'failed' || run.state === 'blocked') return 'bad';
  return run.state === 'aborted' ? 'warning' : 'working';
}

export function fenceText(run: Recovery): string {
  const half = (name: string, part: { confirmedAt?: string | undefined; problem?: string | undefined } | undefined) =>
    part?.confirmedAt
      ? `${name} closed at ${part.confirmedAt}`
      : `${name} NOT confirmed${part?.problem ? ` (${part.problem})` : ''}`;
  if (run.fence && !run.fence.wanted) return 'taken away';
  return `${half('database', run.fence?.database)}; ${half('bucket', run.fence?.bucket)}`;
}
