import * as z from 'zod';
import { noticeSchema } from '../src/core/notice.ts';
import { alarmNotice } from '../src/core/notice-alarm.ts';
import { type SlackMessage, slackMessage } from '../src/core/notice-slack.ts';
import { DrError } from '../src/errors.ts';
import { chat, portsOf } from '../src/wire-aws.ts';
import { handlersOver } from './lib/handlers.ts';

const event = z.looseObject({
  Records: z.array(z.looseObject({ Sns: z.looseObject({ Subject: z.string().nullish(), Message: z.string() }) })),
});
const alarm = z.looseObject({
  AlarmName: z.string(),
  AlarmDescription: z.string().nullish(),
  NewStateValue: z.string(),
  OldStateValue: z.string().optional(),
  NewStateReason: z.string().optional(),
  StateChangeTime: z.string().optional(),
  Region: z.string().optional(),
});

/** Our notices and CloudWatch's alarms by their fields; any other text as it is. */
function render(
  { Subject, Message }: { Subject?: string | null | undefined; Message: string },
  stage: string,
): SlackMessage {
  let said: unknown;
  try {
    said = JSON.parse(Message);
  } catch {
    // Plain text, written by hand.
  }
  const notice = noticeSchema.safeParse(said);
  if (notice.success) return slackMessage(notice.data);
  const rung = alarm.safeParse(said);
  if (rung.success) return slackMessage(alarmNotice(rung.data, stage));
  return { text: `${Subject ?? 'builder-dr'}\n${Message}`.slice(0, 4_000), blocks: [] };
}

/** Posts what the topic says to Slack. What Slack does not take is tried again, and then rings by e-mail. */
export const handler = handlersOver(portsOf({ chat }))(
  'notify-slack',
  event,
  async ({ Records }, { ports, config }) => {
    if (!ports.chat) {
      const hint = 'config/example.yml explains it; the stack subscribes this function only when it is set.';
      throw new DrError('BAD_CONFIG', 'messages.slackWebhook is not set', { hint });
    }
    for (const { Sns } of Records) await ports.chat.post(render(Sns, config.stage));
    return { posted: Records.length };
  },
);
