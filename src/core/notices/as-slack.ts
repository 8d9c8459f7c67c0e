import type { Message } from './message.ts';

// Slack's published limits: blocks in a message, characters of a header, of a section's text, of one of its fields.
const BLOCKS = 50;
const HEADER = 150;
const SECTION = 3_000;
const FIELD = 2_000;
const FIELDS = 10;

type Text = { type: 'mrkdwn' | 'plain_text'; text: string; emoji?: boolean };
type Block =
  | { type: 'header'; text: Text }
  | { type: 'section'; text: Text }
  | { type: 'section'; fields: Text[] }
  | { type: 'context'; elements: Text[] }
  | { type: 'divider' };

/** What is posted to an incoming webhook: `text` is what notifications and screen readers get. */
export type SlackMessage = { text: string; blocks: Block[] };

const marks = {
  good: ':large_green_circle:',
  warning: ':large_yellow_circle:',
  bad: ':red_circle:',
  working: ':large_blue_circle:',
};

/** Cut to size, never through an entity. */
const clip = (text: string, limit: number) =>
  text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/&[a-z]{0,3}$/, '')}…`;
/** The three characters that Slack's markup gives a meaning. */
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const section = (text: string): Block => ({ type: 'section', text: { type: 'mrkdwn', text: clip(text, SECTION) } });
const code = (text: string) => `\`${escaped(text).replaceAll('`', "'")}\``;

function findingBlock(each: Message['findings'][number]): Block {
  const samples = (each.samples ?? []).slice(0, 5).map((sample) => `• ${code(clip(sample, 200))}`);
  return section(
    [
      `*${escaped(clip(`${each.severity.toUpperCase()} ${each.code}`, 100))}* (${escaped(clip(each.subject, 200))})`,
      escaped(clip(each.text, 1_000)),
      ...samples,
      `_What to do:_ ${escaped(clip(each.hint, 400))}`,
    ].join('\n'),
  );
}

/** A message in Slack's Block Kit, within its limits. */
export function slackMessage(message: Message): SlackMessage {
  const { kind, stage, tone, title, changed, numbers, findings, findingsLeftOut, notes, next, at } = message;
  const fields = numbers.slice(0, FIELDS).map(({ name, value, target }): Text => {
    const text = `*${escaped(name)}*\n${escaped(value)}${target ? ` (target ${escaped(target)})` : ''}`;
    return { type: 'mrkdwn', text: clip(text, FIELD) };
  });
  const more = findingsLeftOut > 0 ? [section(`and ${findingsLeftOut} more`)] : [];
  const end: Block[] = [
    section(`*Type next:* ${code(next)}`),
    { type: 'context', elements: [{ type: 'mrkdwn', text: clip(escaped(`${kind} · stage ${stage} · ${at}`), FIELD) }] },
  ];
  const blocks: Block[] = [
    { type: 'header', text: { type: 'plain_text', text: clip(`${marks[tone]} ${title}`, HEADER), emoji: true } },
    ...(changed.length > 0 ? [section(escaped(clip(changed.join('\n'), 2_000)))] : []),
    ...(fields.length > 0 ? [{ type: 'section' as const, fields }] : []),
    ...findings.map(findingBlock),
    ...more,
    ...notes.map((each) => section(escaped(clip(each, 2_000)))),
  ];
  return {
    text: escaped(clip([title, ...changed].join('\n'), 2_000)),
    blocks: [...blocks.slice(0, BLOCKS - end.length), ...end],
  };
}
