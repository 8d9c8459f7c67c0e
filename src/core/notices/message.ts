import * as z from 'zod';

const SUBJECT_LIMIT = 100;
/** More findings than these are counted, not told: a message must be readable, and SNS takes 256 KB. */
const FINDINGS_TOLD = 12;

const told = z.strictObject({
  severity: z.string(),
  code: z.string(),
  subject: z.string(),
  text: z.string(),
  hint: z.string(),
  samples: z.array(z.string()).optional(),
});

/** One message to people, whatever it is sent by: what is, what changed, numbers against targets, what to type next. */
export const noticeSchema = z.strictObject({
  schema: z.literal('notice/1'),
  kind: z.enum(['change', 'heartbeat', 'drill', 'failover', 'alarm']),
  stage: z.string(),
  id: z.string(),
  /** The word of the state: NOT_READY, passed, blocked, ... */
  status: z.string(),
  tone: z.enum(['good', 'warning', 'bad', 'working']),
  title: z.string(),
  changed: z.array(z.string()),
  numbers: z.array(z.strictObject({ name: z.string(), value: z.string(), target: z.string().optional() })),
  findings: z.array(told),
  findingsLeftOut: z.number(),
  /** Steps that wait for a person, and other lines of their own. */
  notes: z.array(z.string()),
  next: z.string(),
  at: z.string(),
});

type Told = z.infer<typeof told>;
export type Notice = z.infer<typeof noticeSchema>;

const urgency = ['critical', 'warning', 'info'];

/** The critical ones first; among equals the order stays. */
export function mostUrgentFirst<F extends { severity: string }>(findings: F[]): F[] {
  return findings.toSorted((a, b) => urgency.indexOf(a.severity) - urgency.indexOf(b.severity));
}

/** The findings that fit, the most urgent ones, and how many do not. */
export function toldFindings(findings: Told[]): Pick<Notice, 'findings' | 'findingsLeftOut'> {
  const told = mostUrgentFirst(findings)
    .slice(0, FINDINGS_TOLD)
    .map(({ severity, code, subject, text, hint, samples }) => ({
      severity,
      code,
      subject,
      text,
      hint,
      ...(samples ? { samples } : {}),
    }));
  return { findings: told, findingsLeftOut: findings.length - told.length };
}

function findingLines({ findings, findingsLeftOut }: Notice): string[] {
  const lines = findings.flatMap((each) => [
    `${each.severity.toUpperCase()} ${each.code} (${each.subject})`,
    `  ${each.text}`,
    ...(each.samples ?? []).map((sample) => `    - ${sample}`),
    `  What to do: ${each.hint}`,
    '',
  ]);
  return findingsLeftOut > 0 ? [...lines, `and ${findingsLeftOut} more: builder-dr status`, ''] : lines;
}

/** The text of the e-mail. */
function emailText(notice: Notice): string {
  const label = (name: string) => (name.endsWith('?') ? name : `${name}:`);
  const width = Math.max(0, ...notice.numbers.map(({ name }) => label(name).length)) + 1;
  const numbers = notice.numbers.map(
    ({ name, value, target }) => `${label(name).padEnd(width)} ${value}${target ? `, target ${target}` : ''}`,
  );
  return [
    notice.title,
    ...notice.changed,
    '',
    ...(numbers.length > 0 ? [...numbers, ''] : []),
    ...findingLines(notice),
    ...(notice.notes.length > 0 ? [...notice.notes, ''] : []),
    `Type next: ${notice.next}`,
    `Said at ${notice.at}`,
  ].join('\n');
}

export type Message = {
  subject: string;
  /** The e-mail. */
  body: string;
  /** The same for those that render it otherwise. */
  notice: Notice;
  attributes: {
    kind: 'change' | 'heartbeat' | 'drill' | 'failover' | 'alarm';
    status: string;
    stage: string;
    id: string;
  };
};

/** The message that carries a notice: the e-mail by itself, and the notice for what renders it otherwise. */
export function messageOf(subject: string, notice: Notice): Message {
  const { kind, status, stage, id } = notice;
  return {
    subject: subject.slice(0, SUBJECT_LIMIT),
    body: emailText(notice),
    notice,
    attributes: { kind, status, stage, id },
  };
}
