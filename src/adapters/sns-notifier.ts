import { GetTopicAttributesCommand, PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Notifier } from '../core/ports.ts';
import { call } from './aws-errors.ts';

/** Messages to people by an SNS topic. */
export function snsNotifier({ client, topicArn }: { client: SNSClient; topicArn: string }): Notifier {
  return {
    async publish({ subject, body, attributes }) {
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
      );
      const command = new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: body, MessageAttributes });
      await call('publish', () => client.send(command));
    },
    async subscribers() {
      const command = new GetTopicAttributesCommand({ TopicArn: topicArn });
      const { Attributes } = await call('look at the topic', () => client.send(command));
      return Number(Attributes?.['SubscriptionsConfirmed'] ?? 0);
    },
  };
}
