import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stackNames } from '../../../src/core/names.ts';
import { slackOf } from '../../../src/core/notices/from-topic.ts';
import { sampleMessages } from '../../../src/core/notices/samples.ts';
import { topicText } from '../../../src/core/notices/to-topic.ts';

const test = join(import.meta.dirname, '..', '..');
const golden = (name: string) => readFileSync(join(test, 'golden', name), 'utf8');
const messages = sampleMessages({ stage: 'prod', configFile: 'config/prod.yml' }, new Date('2026-11-22T14:20:00Z')).map(
  (each) => [each.kind, each] as const,
);

type Recorded = { kind: string; subject: string; document: Record<string, unknown>; slack: unknown };
/** What version 0.1.0 put on the topic, and what it posted to Slack for it. */
const recorded = (
  JSON.parse(readFileSync(join(test, 'recorded', 'messages-0.1.0.json'), 'utf8')).messages as Recorded[]
).map((each) => [each.kind, each] as const);

describe('a message on the topic', () => {
  it.each(messages)(
    '%s is the e-mail for everybody, the document for functions, and what Amazon Q shows',
    (kind, each) => {
      const entries = JSON.parse(topicText(each));
      expect(Object.keys(entries)).toEqual(['default', 'lambda', 'https']);
      expect(`Subject: ${each.subject}\n\n${entries.default}\n`).toBe(golden(`${kind}.email.txt`));
      expect(slackOf(entries.lambda, each.subject, 'prod')).toEqual(JSON.parse(golden(`${kind}.slack.json`)));
      expect(JSON.parse(entries.https)).toEqual(JSON.parse(golden(`${kind}.chat.json`)));
    },
  );

  it.each(recorded)('%s of version 0.1.0 looks in Slack as it did', (_kind, { document, subject, slack }) => {
    expect(slackOf(JSON.stringify(document), subject, 'prod')).toEqual(slack);
  });

  it.each(messages)('%s has the fields that version 0.1.0 reads, and no other', (kind, each) => {
    const { document } = recorded.find(([name]) => name === kind)?.[1] ?? {};
    const { findings, ...now } = JSON.parse(JSON.parse(topicText(each)).lambda);
    expect([...Object.keys(now), 'findings'].sort()).toEqual(Object.keys(document ?? {}).sort());
    const known = ['severity', 'code', 'subject', 'text', 'hint', 'samples'];
    for (const one of findings) expect(known).toEqual(expect.arrayContaining(Object.keys(one)));
  });
});

describe('what Slack gets', () => {
  const alarm = (AlarmName: string, NewStateValue = 'ALARM') =>
    JSON.stringify(slackOf(JSON.stringify({ AlarmName, NewStateValue }), 'ALARM', 'prod'));

  it('of an alarm says what to type, by the names of this very stage', () => {
    const { alarms } = stackNames('prod');
    expect(alarm(alarms.notReady)).toContain('`builder-dr status --config config/prod.yml`');
    expect(alarm(alarms.drSilent)).toContain('`builder-dr doctor --config config/prod.yml`');
    expect(alarm(alarms.replicateDeadLetters)).toContain('`builder-dr reconcile --config config/prod.yml`');
    expect(alarm(alarms.relayDeadLetters)).toContain('`builder-dr reconcile --config config/prod.yml`');
    expect(alarm('hbdr-prod-capture-failed')).toContain('`builder-dr doctor --config config/prod.yml`');
    expect(alarm(stackNames('other').alarms.replicateDeadLetters)).toContain(
      '`builder-dr doctor --config config/prod.yml`',
    );
  });

  it('of an alarm that is over says to look at the status', () => {
    expect(alarm(stackNames('prod').alarms.relayDeadLetters, 'OK')).toContain(
      '`builder-dr status --config config/prod.yml`',
    );
  });

  it.each(['{"schema":"notice/2"}', '{', 'by hand'])('of %s, which it does not know, is the text itself', (text) => {
    expect(slackOf(text, undefined, 'prod')).toEqual({ text: `builder-dr\n${text}`, blocks: [] });
  });
});
