import * as z from 'zod';
import { type Finding, findingSchema, mostUrgentFirst } from '../findings.ts';
import type { SiteFacts } from '../site.ts';

const SUBJECT_LIMIT = 100;
/** More findings than these are counted, not told: a message must be readable, and SNS takes 256 KB. */
const FINDINGS_TOLD = 12;

const toldFinding = findingSchema.pick({
  severity: true,
  code: true,
  subject: true,
  text: true,
  hint: true,
  samples: true,
});

/**
 * A message as data: what is, what changed, numbers against targets, what to type next. It lies on the topic as
 * `notice/1` while a new version is deployed: what was written by the version before is rendered too.
 */
export const documentSchema = z.strictObject({
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
  findings: z.array(toldFinding),
  findingsLeftOut: z.number(),
  /** Steps that wait for a person, and other lines of their own. */
  notes: z.array(z.string()),
  next: z.string(),
  at: z.string(),
});

export type MessageDocument = z.infer<typeof documentSchema>;

/** One message to people, whatever it is sent by; the subject has at most 100 characters. */
export type Message = MessageDocument & { subject: string };

/** The message with this subject, cut to what SNS takes. */
export function messageOf(subject: string, document: MessageDocument): Message {
  return { ...document, subject: subject.slice(0, SUBJECT_LIMIT) };
}

/** The document without its subject, which travels beside it. */
export function documentOf({ subject: _beside, ...document }: Message): MessageDocument {
  return document;
}

/** For whom a message is: the stage, and the configuration that the lines to type name. */
export type MessageSite = Pick<SiteFacts, 'stage' | 'configFile'>;

/** By what a subscriber may choose what it hears. */
export function attributesOf({ kind, status, stage, id }: Message) {
  return { kind, status, stage, id };
}

/** Where the findings are that did not fit. */
export const restOf = ({ findingsLeftOut }: Pick<Message, 'findingsLeftOut'>, line: string): string[] =>
  findingsLeftOut > 0 ? [`All findings: ${line}`] : [];

/** The findings that fit, the most urgent ones, and how many do not. */
export function toldFindings(findings: Finding[]): Pick<Message, 'findings' | 'findingsLeftOut'> {
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
