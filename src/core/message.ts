import type { StatusRecord } from './documents.ts';
import { minutesBetween } from './ids.ts';
import type { Policy } from './policy.ts';
import type { Message } from './ports.ts';

const SUBJECT_LIMIT = 100;

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

function findingLines(status: StatusRecord): string[] {
  if (status.findings.length === 0) return ['No findings.'];
  return status.findings.flatMap((each) => [
    `${each.severity.toUpperCase()} ${each.code} (${each.subject})`,
    `  ${each.text}`,
    ...(each.samples ?? []).map((sample) => `    - ${sample}`),
    `  What to do: ${each.hint}`,
    '',
  ]);
}

/** The e-mail about a state of readiness: status, numbers against targets, findings, what to type next. */
export function readinessMessage(status: StatusRecord, kind: 'change' | 'heartbeat', stage: string): Message {
  const first = status.findings[0];
  const what = first
    ? `: ${first.code}${status.findings.length > 1 ? ` and ${status.findings.length - 1} more` : ''}`
    : '';
  const subject = `[builder-dr ${stage}] ${status.status}${what}`.slice(0, SUBJECT_LIMIT);
  const rpo = status.rpoMinutes === null ? 'no point to restore' : `${status.rpoMinutes.toFixed(1)} min`;
  const body = [
    `Builder disaster recovery, stage ${stage}: ${status.status}`,
    kind === 'heartbeat' ? 'Daily heartbeat: nothing changed.' : 'The state changed.',
    '',
    `Would a failover now succeed?   ${yesNo(status.recoverable)}`,
    `Is new data being protected?    ${yesNo(status.protecting)}`,
    `Data lost by a failover (RPO):  ${rpo}, target ${status.rpoTargetMinutes} min`,
    `Recovery point:                 ${status.point ?? 'none'}`,
    '',
    ...findingLines(status),
    'Type next: builder-dr status',
    `Assessed at ${status.at}`,
  ].join('\n');
  return { subject, body, attributes: { kind, status: status.status, stage, id: status.at } };
}
