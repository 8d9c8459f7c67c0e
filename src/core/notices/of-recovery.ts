import { type CommandArguments, commandLine } from '../command-line.ts';
import { kinds, titleOf } from '../recovery/kinds.ts';
import { allFindings, phaseSeconds, rtoSeconds, startArguments } from '../recovery/lifecycle.ts';
import { isProduction, type ProductionRun, type Run } from '../recovery/run.ts';
import { type Message, type MessageDocument, type MessageSite, messageOf, restOf, toldFindings } from './message.ts';

/** Whether people must hear of the state that the run is in. */
export function mustTell(run: Run): boolean {
  return kinds[run.kind].told.includes(run.state) && run.told !== toldAs(run);
}

/** What `told` holds once people heard of the state as it is now. */
export function toldAs(run: Run): string {
  return `${run.state} ${run.history.length}`;
}

/** What to type about a run in this state. */
function nextArguments(run: Run): CommandArguments {
  if (!isProduction(run)) return run.state === 'failed' ? ['drills'] : ['status'];
  if (run.state === 'blocked' && run.blocked) return startArguments(run.blocked.resume);
  return run.state === 'done' ? ['failback', 'plan'] : ['failover', 'status'];
}

/** Whether RDS ever took a restore of it: of what was refused nothing is kept. */
const wasMade = ({ restore, available }: Run['attempts'][number]): boolean =>
  available !== undefined || (restore !== undefined && restore.className !== '');

/** Steps that wait for a person. */
function notesOf(run: Run): string[] {
  if (!isProduction(run)) return [];
  const rejected = run.attempts.filter((each) => each.outcome === 'rejected');
  const byHand = run.cutOver?.steps.filter((each) => !each.ok) ?? [];
  return [
    ...(run.state === 'blocked' && run.blocked ? [`First: ${run.blocked.doFirst}`] : []),
    ...rejected.map(
      (each) => `Rejected: ${each.point}: ${each.why}${wasMade(each) ? `; ${each.instance} is kept` : ''}`,
    ),
    ...byHand.map((each) => `By hand: ${each.name}: ${each.manual ?? each.detail}`),
    ...(run.state === 'done' ? ['Now the Builder nodes: docs/runbook.md, "On the Builder nodes"'] : []),
  ];
}

/** The message about a step of a drill or failover: where it is, numbers against targets, what to type next. */
export function recoveryMessage(
  run: Run,
  facts: {
    site: MessageSite;
    rpoTargetMinutes: number;
    rtoTargetMinutes: number;
    minutesLost: number | undefined;
    now: Date;
  },
): Message {
  const { now } = facts;
  const { stage, configFile } = facts.site;
  const { topic } = kinds[run.kind];
  const told = toldFindings(allFindings(run));
  const title = titleOf(run);
  const point = run.attempts.at(-1)?.point ?? run.candidates[0] ?? 'none';
  const last = run.history.at(-1);
  const minutes = (seconds: number) => `${(seconds / 60).toFixed(1)} min`;
  const document: MessageDocument = {
    schema: 'notice/1',
    kind: topic,
    stage,
    id: run.id,
    status: run.state,
    tone: toneOf(run),
    title: `Builder disaster recovery, stage ${stage}: ${title} ${run.id} is ${run.state}`,
    changed: last?.why ? [last.why] : [],
    numbers: [
      { name: 'Recovery point', value: point },
      {
        name: 'Data lost (RPO)',
        value: facts.minutesLost === undefined ? 'unknown' : `${facts.minutesLost.toFixed(1)} min`,
        target: `${facts.rpoTargetMinutes} min`,
      },
      { name: 'Time so far (RTO)', value: minutes(rtoSeconds(run, now)), target: `${facts.rtoTargetMinutes} min` },
      ...(isProduction(run) ? [{ name: 'Fence', value: fenceText(run) }] : []),
      { name: 'Phases', value: phasesText(run, now) },
    ],
    ...told,
    notes: [
      ...notesOf(run),
      ...restOf(told, commandLine(isProduction(run) ? ['failover', 'status'] : ['drills'], configFile)),
    ],
    next: commandLine(nextArguments(run), configFile),
    at: now.toISOString(),
  };
  return messageOf(`[builder-dr ${stage}] ${title} ${run.state}: ${last?.why ?? ''}`, document);
}

function phasesText(run: Run, now: Date): string {
  const phases = Object.entries(phaseSeconds(run, now)).map(([name, seconds]) => `${name} ${seconds} s`);
  return phases.join(', ') || 'none yet';
}

function toneOf(run: Run): Message['tone'] {
  if (run.state === 'passed' || run.state === 'done') return 'good';
  if (run.state === 'failed' || run.state === 'blocked') return 'bad';
  return run.state === 'aborted' ? 'warning' : 'working';
}

/** How each half of the fence stands. */
export function fenceText({ fence }: ProductionRun): string {
  const half = (name: string, part: ProductionRun['fence']['bucket']) =>
    part.confirmedAt
      ? `${name} closed at ${part.confirmedAt}`
      : `${name} NOT confirmed${[part.problem ?? part.waitsFor].map((why) => (why ? ` (${why})` : '')).join('')}`;
  if (!fence.wanted) return 'taken away';
  return `${half('database', fence.database)}; ${half('bucket', fence.bucket)}`;
}
