import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SandboxAddress } from '../start.ts';
import { clientOf } from './primary-site.ts';

export type Letter = { subject: string; body: string; status: string; kind: string };

/** A subscriber of the topic: a queue, read as a person reads mail. */
export class Inbox {
  readonly letters: Letter[] = [];
  readonly #sqs: SQSClient;
  readonly #queueUrl: string;

  private constructor(sqs: SQSClient, queueUrl: string) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
  }

  static async subscribe(address: SandboxAddress, region: string, topicArn: string): Promise<Inbox> {
    const client = clientOf(address, region);
    const sqs = new SQSClient({ ...client, useQueueUrlAsEndpoint: false });
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'operator-inbox' }));
    const Endpoint = `arn:aws:sqs:${region}:${address.account}:operator-inbox`;
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: Endpoint },
      ],
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    await new SNSClient(client).send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint }));
    return new Inbox(sqs, QueueUrl);
  }

  /** Takes what has arrived. */
  async read(): Promise<void> {
    const QueueUrl = this.#queueUrl;
    const { Messages = [] } = await this.#sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return;
    for (const { Body = '{}' } of Messages) {
      const { Subject, Message, MessageAttributes } = JSON.parse(Body) as {
        Subject: string;
        Message: string;
        // A message of CloudWatch has none.
        MessageAttributes?: Record<string, { Value: string }>;
      };
      const [status, kind] = [MessageAttributes?.['status']?.Value ?? '', MessageAttributes?.['kind']?.Value ?? ''];
      this.letters.push({ subject: Subject, body: Message, status, kind });
    }
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await this.#sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}
