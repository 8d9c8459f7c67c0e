import { type SlackMessage, slackMessage } from './as-slack.ts';
import { noticeSchema } from './message.ts';
import { alarmNotice, alarmSchema } from './of-alarm.ts';

const TEXT = 4_000;

function parsed(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined; // plain text, written by hand
  }
}

/** What Slack gets of a topic's message: our notices and CloudWatch's alarms by their fields, any other text as it is. */
export function slackOf(message: string, subject: string | null | undefined, stage: string): SlackMessage {
  const said = parsed(message);
  const notice = noticeSchema.safeParse(said);
  if (notice.success) return slackMessage(notice.data);
  const alarm = alarmSchema.safeParse(said);
  if (alarm.success) return slackMessage(alarmNotice(alarm.data, stage));
  return { text: `${subject ?? 'builder-dr'}\n${message}`.slice(0, TEXT), blocks: [] };
}
