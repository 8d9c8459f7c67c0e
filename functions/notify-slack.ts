import * as z from 'zod';
import { slackOf } from '../src/core/notices/from-topic.ts';
import { DrError } from '../src/errors.ts';
import { chat, portsOf } from '../src/wire/aws.ts';
import { handlersOver } from './lib/handlers.ts';

const event = z.looseObject({
  Records: z.array(z.looseObject({ Sns: z.looseObject({ Subject: z.string().nullish(), Message: z.string() }) })),
});
/** Posts what the topic says to Slack. What Slack does not take is tried again, and then rings by e-mail. */
export const handler = handlersOver(portsOf({ chat }))(
  'notify-slack',
  event,
  async ({ Records }, { ports, config }) => {
    if (!ports.chat) {
      const hint = 'config/example.yml explains it; the stack subscribes this function only when it is set.';
      throw new DrError('BAD_CONFIG', 'messages.slackWebhook is not set', { subject: 'messages.slackWebhook', hint });
    }
    for (const { Sns } of Records) await ports.chat.post(slackOf(Sns.Message, Sns.Subject, config.stage));
    return { posted: Records.length };
  },
);
