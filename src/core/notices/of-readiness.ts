import { minutesBetween } from '../ids.ts';
import type { Policy } from '../policy.ts';
import type { StatusRecord } from '../readiness/documents.ts';
import type { Message } from './message.ts';
import { messageOf, mostUrgentFirst, type Notice, toldFindings } from './message.ts';

/** What identifies a state for people: its word and its findings by code and subject. */
export function fingerprint(status: Pick<StatusRecord, 'status' | 'recoverable' | 'protecting' | 'findings'>): string {
  const findings = status.findings.map((each) => `${each.code}@${each.subject}`).sort();
  return [status.status, status.recoverable, status.protecting, ...findings].join('|');
}

/** Whether people must hear of this state now: it changed, or the heartbeat is due. */
export function dueMessage(status: StatusRecord, policy: Policy, now: Date): 'change' | 'heartbeat' | undefined {
  if (status.published?.fingerprint !== fingerprint(status)) return 'change';
  return minutesBetween(status.published.at, now) >= policy.heartbeatHours * 60 ? 'heartbeat' : undefined;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'NO';
}

const named = (finding: string) => finding.replace(/^([A-Z_]+)@(.*)$/, '$1 ($2)');

/** What is new and what is gone since people were last told. */
function changes(status: StatusRecord): string[] {
  if (!status.published) return ['The first assessment.'];
  const [word, , , ...before] = status.published.fingerprint.split('|');
  const now = status.findings.map((each) => `${each.code}@${each.subject}`);
  const fresh = now.filter((each) => !before.includes(each)).map(named);
  const gone = before.filter((each) => !now.includes(each)).map(named);
  return [
    word === status.status ? `Still ${word}.` : `Was ${word}.`,
    ...(fresh.length > 0 ? [`New: ${fresh.join(', ')}`] : []),
    ...(gone.length > 0 ? [`Gone: ${gone.join(', ')}`] : []),
  ];
}

const tones = { READY: 'good', DEGRADED: 'warning', NOT_READY: 'bad' } as const;

/** What to type about a state: what its most urgent finding that names a command says. */
export function nextCommand(status: StatusRecord): string {
  const commands = mostUrgentFirst(status.findings).map((each) => /`(builder-dr [^`]+)`/.exec(each.hint)?.[1]);
  return commands.find((each) => each !== undefined) ?? 'builder-dr status';
}

/** The message about a state of readiness. `status.published` holds what people were told before. */
export function readinessMessage(status: StatusRecord, kind: 'change' | 'heartbeat', stage: string): Message {
  const [first] = mostUrgentFirst(status.findings);
  const what = first
    ? `: ${first.code}${status.findings.length > 1 ? ` and ${status.findings.length - 1} more` : ''}`
    : '';
  const rpo = status.rpoMinutes === null ? 'no point to restore' : `${status.rpoMinutes.toFixed(1)} min`;
  const notice: Notice = {
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
    ...toldFindings(status.findings),
    notes: status.findings.length === 0 ? ['No findings.'] : [],
    next: nextCommand(status),
    at: status.at,
  };
  return messageOf(`[builder-dr ${stage}] ${status.status}${what}`, notice);
}
