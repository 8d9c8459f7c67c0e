import type { Message } from './message.ts';

/** What Amazon Q Developer in chat applications shows; anything else that comes by SNS it drops without a word. */
export type ChatNotification = {
  version: '1.0';
  source: 'custom';
  content: { textType: 'client-markdown'; title: string; description: string; nextSteps: string[]; keywords: string[] };
  metadata: { threadId: string; summary: string; eventType: string; relatedResources: string[] };
};

const DESCRIPTION = 4_000;

/** A message in the schema of custom notifications: messages of one run, or of one day of readiness, are one thread. */
export function chatNotification(message: Message): ChatNotification {
  const { kind, stage, status, title, changed, numbers, findings, findingsLeftOut, notes, next } = message;
  const description = [
    ...changed,
    ...numbers.map(({ name, value, target }) => `**${name}:** ${value}${target ? ` (target ${target})` : ''}`),
    ...findings.map((each) => `**${each.severity.toUpperCase()} ${each.code}** (${each.subject}): ${each.text}`),
    ...(findingsLeftOut > 0 ? [`and ${findingsLeftOut} more`] : []),
    ...notes,
  ].join('\n');
  const readiness = kind === 'change' || kind === 'heartbeat';
  const thread = readiness ? `readiness-${message.at.slice(0, 10)}` : message.id;
  return {
    version: '1.0',
    source: 'custom',
    content: {
      textType: 'client-markdown',
      title: title.slice(0, 250),
      description: description.slice(0, DESCRIPTION),
      nextSteps: [`Type \`${next}\``, ...new Set(findings.slice(0, 4).map((each) => each.hint))],
      keywords: ['builder-dr', stage, kind, status],
    },
    metadata: {
      threadId: `builder-dr-${stage}-${thread}`,
      summary: title.slice(0, 250),
      eventType: `builder-dr.${kind}`,
      relatedResources: [],
    },
  };
}
