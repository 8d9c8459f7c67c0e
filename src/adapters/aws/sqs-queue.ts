import { GetQueueAttributesCommand, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { ArtifactMessage, WorkQueue } from '../../core/ports/artifacts.ts';
import { DrError } from '../../errors.ts';
import { callsTo } from './errors.ts';

const BATCH = 10;

const call = callsTo('dr');

/** The queue of artifact work on SQS. */
export function sqsQueue({ client, queueUrl }: { client: SQSClient; queueUrl: string }): WorkQueue {
  const sendBatch = async (batch: ArtifactMessage[]): Promise<void> => {
    const Entries = batch.map((message, index) => ({ Id: String(index), MessageBody: JSON.stringify(message) }));
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries });
    const { Failed } = await call('queue copies', queueUrl, () => client.send(command));
    if (!Failed?.length) return;
    throw new DrError(
      'REMOTE_FAILED',
      `SQS refused ${Failed.length} of ${batch.length} messages: ${Failed[0]?.Message}`,
      {
        subject: queueUrl,
        hint: 'The next run finds what is missing again.',
      },
    );
  };
  return {
    async send(messages) {
      for (let start = 0; start < messages.length; start += BATCH)
        await sendBatch(messages.slice(start, start + BATCH));
    },
    async depth() {
      const command = new GetQueueAttributesCommand({
        QueueUrl: queueUrl,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      });
      const { Attributes } = await call('look at the queue', queueUrl, () => client.send(command));
      const visible = Number(Attributes?.ApproximateNumberOfMessages ?? 0);
      return visible + Number(Attributes?.ApproximateNumberOfMessagesNotVisible ?? 0);
    },
  };
}
