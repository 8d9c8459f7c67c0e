import { deployedFrom } from '../names.ts';
import { type SlackMessage, slackMessage } from './as-slack.ts';
import { documentSchema, messageOf } from './message.ts';
import { alarmMessage, alarmSchema } from './of-alarm.ts';

const TEXT = 4_000;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // plain text, written by hand
  }
}

/** What Slack gets of a topic's message: our own and CloudWatch's alarms by their fields, any other text as it is. */
export function slackOf(text: string, subject: string | null | undefined, stage: string): SlackMessage {
  const said = jsonOf(text);
  const document = documentSchema.safeParse(said);
  if (document.success) return slackMessage(messageOf(subject ?? document.data.title, document.data));
  const alarm = alarmSchema.safeParse(said);
  if (alarm.success) return slackMessage(alarmMessage(alarm.data, { stage, configFile: deployedFrom(stage) }));
  return { text: `${subject ?? 'builder-dr'}\n${text}`.slice(0, TEXT), blocks: [] };
}
