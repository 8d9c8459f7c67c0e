import * as z from 'zod';
import type { CommandArguments } from './command-line.ts';
import { type FindingRule, SUBJECT, severities } from './finding-rule.ts';
import { protectionRules } from './protection-rules.ts';
import { recoveryRules } from './recovery-rules.ts';

/** The closed list of what readiness can find, with what to do about it. */
export const findingRules = { ...protectionRules, ...recoveryRules };

export type FindingCode = keyof typeof findingRules;

/** One finding; with the subject (a point, a key, a bucket) the code is its identity. */
export const findingSchema = z.strictObject({
  // A document of another version may know a code or a command that this one does not: it is read all the same.
  code: z.custom<FindingCode>((value) => typeof value === 'string'),
  severity: z.enum(severities),
  subject: z.string(),
  text: z.string(),
  hint: z.string(),
  next: z.custom<CommandArguments>((value) => z.array(z.string()).nonempty().safeParse(value).success).optional(),
  count: z.int().nonnegative().optional(),
  samples: z.array(z.string()).optional(),
});

export type Finding = z.infer<typeof findingSchema>;

export function finding(
  code: FindingCode,
  subject: string,
  text: string,
  many: { count?: number; samples?: string[] } = {},
): Finding {
  const { severity, hint, next }: FindingRule = findingRules[code];
  return { code, subject, text, severity, hint, ...(next ? { next: about(subject, next) } : {}), ...many };
}

function about(subject: string, next: CommandArguments): CommandArguments {
  const words: readonly string[] = next.map((word) => (word === SUBJECT ? subject : word));
  return words as CommandArguments;
}

/** The critical ones first; among equals the order stays. */
export function mostUrgentFirst<F extends Pick<Finding, 'severity'>>(findings: F[]): F[] {
  return findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}
