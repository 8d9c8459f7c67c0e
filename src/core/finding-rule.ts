import type { CommandArguments } from './command-line.ts';

export const severities = ['critical', 'warning', 'info'] as const;

type Severity = (typeof severities)[number];

/** `next`: the command to type first, where the next step is one. */
export type FindingRule = { severity: Severity; hint: string; next?: CommandArguments };

/** Stands in a rule's `next` for the subject of the finding: a point's id. */
export const SUBJECT = '<id>';
