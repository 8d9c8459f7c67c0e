import * as z from 'zod';
import { type Finding, findingSchema } from '../findings.ts';

export const statusWords = ['READY', 'DEGRADED', 'NOT_READY'] as const;

/** A state as people know it: its word, its verdicts, and its findings by what identifies them, in their order. */
export const toldSchema = z.strictObject({
  status: z.enum(statusWords),
  recoverable: z.boolean(),
  protecting: z.boolean(),
  findings: z.array(findingSchema.pick({ code: true, subject: true })),
});

export type Told = z.infer<typeof toldSchema>;

const identity = ({ code, subject }: Pick<Finding, 'code' | 'subject'>) => `${code}@${subject}`;
const inOrder = (a: string, b: string) => Number(a > b) - Number(a < b);

/** What people know once they were told of this state. */
export function toldOf({ status, recoverable, protecting, findings }: Told): Told {
  const known = findings.map(({ code, subject }) => ({ code, subject }));
  known.sort((a, b) => inOrder(identity(a), identity(b)));
  return { status, recoverable, protecting, findings: known };
}

/** Whether there is nothing to tell of a state to people who know the other. */
export function isSameTold(a: Told, b: Told): boolean {
  const [now, before] = [toldOf(a), toldOf(b)];
  return (
    now.status === before.status &&
    now.recoverable === before.recoverable &&
    now.protecting === before.protecting &&
    now.findings.length === before.findings.length &&
    now.findings.every((each, index) => identity(each) === identity(before.findings[index] ?? each))
  );
}

/** The findings of a state that another one does not have. */
export function missingIn(other: Told, { findings }: Told): Told['findings'] {
  const known = new Set(other.findings.map(identity));
  return findings.filter((each) => !known.has(identity(each)));
}
