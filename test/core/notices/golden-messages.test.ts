import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slackProblems } from '../../../sandbox/slack.ts';
import type { FindingCode } from '../../../src/core/findings.ts';
import { chatNotification } from '../../../src/core/notices/as-amazon-q.ts';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { slackMessage } from '../../../src/core/notices/as-slack.ts';
import type { Message } from '../../../src/core/notices/message.ts';
import { sampleMessages } from '../../../src/core/notices/samples.ts';

const golden = (name: string) => join(import.meta.dirname, '..', '..', 'golden', name);
const now = new Date('2026-11-22T14:20:00Z');
const messages = sampleMessages({ stage: 'prod', configFile: 'config/prod.yml' }, now);
const named = messages.map((each) => [each.kind, each] as const);
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const word = fc.oneof(
  fc.constant('&'.repeat(3_500)),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4_000 }),
  fc.string({ unit: fc.constantFrom('&', '<', '`', 'a'), minLength: 1, maxLength: 4_000 }),
);
const anyMessage: fc.Arbitrary<Message> = fc.record({
  schema: fc.constant('notice/1' as const),
  kind: fc.constantFrom('change' as const, 'drill' as const, 'alarm' as const),
  stage: word,
  id: word,
  status: word,
  tone: fc.constantFrom('good' as const, 'bad' as const),
  title: word,
  changed: fc.array(word, { maxLength: 3 }),
  numbers: fc.array(fc.record({ name: word, value: word, target: word }), { maxLength: 14 }),
  findings: fc.array(
    fc.record({
      severity: fc.constantFrom('critical' as const, 'warning' as const, 'info' as const),
      code: word as fc.Arbitrary<FindingCode>,
      subject: word,
      text: word,
      hint: word,
      samples: fc.array(word, { maxLength: 9 }),
    }),
    { maxLength: 60 },
  ),
  findingsLeftOut: fc.nat(5),
  notes: fc.array(fc.string({ minLength: 1, maxLength: 3_000 }), { maxLength: 3 }),
  next: word,
  at: word,
  subject: word,
});

describe('every kind of message', () => {
  it('is there: readiness change, heartbeat, drill, failover, alarm', () => {
    expect(named.map(([kind]) => kind)).toEqual(['change', 'heartbeat', 'drill', 'failover', 'alarm']);
    for (const { subject } of messages) expect(subject.length).toBeLessThanOrEqual(100);
  });

  it.each(named)('%s reads as its golden e-mail', async (kind, message) => {
    await expect(`Subject: ${message.subject}\n\n${emailText(message)}\n`).toMatchFileSnapshot(
      golden(`${kind}.email.txt`),
    );
  });

  it.each(named)('%s looks as its golden Slack message, and Slack takes it', async (kind, message) => {
    const posted = slackMessage(message);
    expect(slackProblems(posted)).toEqual([]);
    await expect(json(posted)).toMatchFileSnapshot(golden(`${kind}.slack.json`));
  });

  it.each(named)('%s is what Amazon Q Developer shows', async (kind, message) => {
    await expect(json(chatNotification(message))).toMatchFileSnapshot(golden(`${kind}.chat.json`));
  });

  it.each(named)('%s says what is, what changed, and what to type next', (_kind, message) => {
    const body = emailText(message);
    expect(body).toContain(message.status);
    expect(message.changed.length).toBeGreaterThan(0);
    expect(body).toMatch(/Type next: (builder-dr|serverless invoke -f failover)/);
  });
});

describe('a message to Slack', () => {
  it("keeps within Slack's limits, whatever it is about", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(slackProblems(slackMessage(message))).toEqual([]);
      }),
      {
        numRuns: 60,
      },
    );
  });

  it('is refused by the stand-in when it is not so', () => {
    const header = (text: string) => ({ type: 'header', text: { type: 'plain_text', text } });
    expect(slackProblems({ text: 'x', blocks: [header('y'.repeat(151))] })).toHaveLength(1);
    expect(slackProblems({ text: '', blocks: Array(51).fill({ type: 'divider' }) })).toHaveLength(2);
    const section = { type: 'section', text: { type: 'mrkdwn', text: 'a <b' } };
    expect(slackProblems({ text: 'x', blocks: [section] })).toHaveLength(1);
  });
});
