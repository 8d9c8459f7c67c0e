import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stackNames } from '../../../src/core/names.ts';
import { slackOf } from '../../../src/core/notices/from-topic.ts';
import { sampleMessages } from '../../../src/core/notices/samples.ts';
import { topicText } from '../../../src/core/notices/to-topic.ts';

const golden = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', 'golden', name), 'utf8');
/** Each kind's document as version 0.1.0 put it on the topic. */
const recorded = (kind: string) => golden(`${kind}.notice.json`);
const messages = sampleMessages('prod', new Date('2026-11-22T14:20:00Z'));
const named = messages.map((each) => [each.kind, each] as const);

describe('a message on the topic', () => {
  it.each(named)(
    '%s is the e-mail for everybody, the document for functions, and what Amazon Q shows',
    (kind, each) => {
      const entries = JSON.parse(topicText(each));
      expect(Object.keys(entries)).toEqual(['default', 'lambda', 'https']);
      expect(`Subject: ${each.subject}\n\n${entries.default}\n`).toBe(golden(`${kind}.email.txt`));
      expect(JSON.parse(entries.https)).toEqual(JSON.parse(golden(`${kind}.chat.json`)));
    },
  );

  it.each(named)('%s has the document that the version before writes and reads', (kind, each) => {
    expect(JSON.parse(topicText(each)).lambda).toBe(recorded(kind));
  });

  it.each(named)('%s of the version before looks in Slack as it did', (kind, { subject }) => {
    expect(slackOf(recorded(kind), subject, 'prod')).toEqual(JSON.parse(golden(`${kind}.slack.json`)));
  });
});

describe('what Slack gets', () => {
  const alarm = (AlarmName: string, NewStateValue = 'ALARM') =>
    JSON.stringify(slackOf(JSON.stringify({ AlarmName, NewStateValue }), 'ALARM', 'prod'));

  it('of an alarm says what to type, by the names of this very stage', () => {
    const { alarms } = stackNames('prod');
    expect(alarm(alarms.notReady)).toContain('`builder-dr status`');
    expect(alarm(alarms.drSilent)).toContain('`builder-dr doctor`');
    expect(alarm(alarms.replicateDeadLetters)).toContain('`builder-dr reconcile`');
    expect(alarm(alarms.relayDeadLetters)).toContain('`builder-dr reconcile`');
    expect(alarm('hbdr-prod-capture-failed')).toContain('`builder-dr doctor`');
    expect(alarm(stackNames('other').alarms.replicateDeadLetters)).toContain('`builder-dr doctor`');
  });

  it('of an alarm that is over says to look at the status', () => {
    expect(alarm(stackNames('prod').alarms.relayDeadLetters, 'OK')).toContain('`builder-dr status`');
  });

  it.each(['{"schema":"notice/2"}', '{', 'by hand'])('of %s, which it does not know, is the text itself', (text) => {
    expect(slackOf(text, undefined, 'prod')).toEqual({ text: `builder-dr\n${text}`, blocks: [] });
  });
});
