import { GetTopicAttributesCommand, PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { attributesOf } from '../../core/notices/message.ts';
import { topicText } from '../../core/notices/to-topic.ts';
import type { Notifier } from '../../core/ports/people.ts';
import { callsTo } from './errors.ts';

const call = callsTo('dr');

/** Messages to people by an SNS topic. */
export function snsNotifier({ client, topicArn }: { client: SNSClient; topicArn: string }): Notifier {
  return {
    async publish(message) {
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributesOf(message)).map(([name, value]) => [
          name,
          { DataType: 'String', StringValue: value },
        ]),
      );
      const command = new PublishCommand({
        TopicArn: topicArn,
        Subject: message.subject,
        Message: topicText(message),
        MessageStructure: 'json',
        MessageAttributes,
      });
      await call('publish', topicArn, () => client.send(command));
    },
    async subscribers() {
      const command = new GetTopicAttributesCommand({ TopicArn: topicArn });
      const { Attributes } = await call('look at the topic', topicArn, () => client.send(command));
      return Number(Attributes?.['SubscriptionsConfirmed'] ?? 0);
    },
  };
}
