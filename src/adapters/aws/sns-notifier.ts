import { GetTopicAttributesCommand, PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { chatNotification } from '../../core/notices/as-amazon-q.ts';
import type { Notifier } from '../../core/ports/people.ts';
import { call } from './errors.ts';

/** Messages to people by an SNS topic. */
export function snsNotifier({ client, topicArn }: { client: SNSClient; topicArn: string }): Notifier {
  return {
    async publish({ subject, body, notice, attributes }) {
      // To each kind of subscriber what it can show; `https` is Amazon Q Developer, which shows its own schema only.
      const Message = JSON.stringify({
        default: body,
        lambda: JSON.stringify(notice),
        https: JSON.stringify(chatNotification(notice)),
      });
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
      );
      const command = new PublishCommand({
        TopicArn: topicArn,
        Subject: subject,
        Message,
        MessageStructure: 'json',
        MessageAttributes,
      });
      await call('publish', () => client.send(command));
    },
    async subscribers() {
      const command = new GetTopicAttributesCommand({ TopicArn: topicArn });
      const { Attributes } = await call('look at the topic', () => client.send(command));
      return Number(Attributes?.['SubscriptionsConfirmed'] ?? 0);
    },
  };
}
