import { commandLine } from '../command-line.ts';
import { mostUrgentFirst } from '../findings.ts';
import { minutesBetween } from '../ids.ts';
import type { Policy } from '../policy.ts';
import type { StatusRecord } from '../readiness/documents.ts';
import { isSameTold, missingIn, type Told } from '../readiness/told.ts';
import { type Message, type MessageSite, messageOf, restOf, toldFindings } from './message.ts';

/** Whether people must hear of this state now: it changed, or the heartbeat is due. */
export function dueMessage(status: StatusRecord, policy: Policy, now: Date): 'change' | 'heartbeat' | undefined {
  const { published } = status;
  if (!published || !isSameTold(published.told, status)) return 'change';
  return minutesBetween(published.at, now) >= policy.heartbeatHours * 60 ? 'heartbeat' : undefined;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'NO';
}

/** What is new and what is gone since people were last told. */
function changes(status: StatusRecord): string[] {
  const told = status.published?.told;
  if (!told) return ['The first assessment.'];
  const named = (findings: Told['findings']) => findings.map(({ code, subject }) => `${code} (${subject})`).join(', ');
  const fresh = missingIn(told, status);
  const gone = missingIn(status, told);
  return [
    told.status === status.status ? `Still ${told.status}.` : `Was ${told.status}.`,
    ...(fresh.length > 0 ? [`New: ${named(fresh)}`] : []),
    ...(gone.length > 0 ? [`Gone: ${named(gone)}`] : []),
  ];
}

const tones = { READY: 'good', DEGRADED: 'warning', NOT_READY: 'bad' } as const;

/** What to type about a state: the next step of its most urgent finding that has one. */
export function nextCommand({ findings }: Pick<StatusRecord, 'findings'>, configFile: string): string {
  const next = mostUrgentFirst(findings).find((each) => each.next)?.next;
  return commandLine(next ?? ['status'], configFile);
}

/** The message about a state of readiness. `status.published` holds what people were told before. */
export function readinessMessage(status: StatusRecord, kind: 'change' | 'heartbeat', site: MessageSite): Message {
  const { stage, configFile } = site;
  const [first] = mostUrgentFirst(status.findings);
  const what = first
    ? `: ${first.code}${status.findings.length > 1 ? ` and ${status.findings.length - 1} more` : ''}`
    : '';
  const told = toldFindings(status.findings);
  const rpo = status.rpoMinutes === null ? 'no point to restore' : `${status.rpoMinutes.toFixed(1)} min`;
  return messageOf(`[builder-dr ${stage}] ${status.status}${what}`, {
    schema: 'notice/1',
    kind,
    stage,
    id: status.at,
    status: status.status,
    tone: tones[status.status],
    title: `Builder disaster recovery, stage ${stage}: ${status.status}`,
    changed: kind === 'heartbeat' ? ['Heartbeat: nothing changed.'] : changes(status),
    numbers: [
      { name: 'Would a failover now succeed?', value: yesNo(status.recoverable) },
      { name: 'Is new data being protected?', value: yesNo(status.protecting) },
      { name: 'Data lost by a failover (RPO)', value: rpo, target: `${status.rpoTargetMinutes} min` },
      { name: 'Recovery point', value: status.point ?? 'none' },
    ],
    ...told,
    notes: status.findings.length === 0 ? ['No findings.'] : restOf(told, commandLine(['status'], configFile)),
    next: nextCommand(status, configFile),
    at: status.at,
  });
}
