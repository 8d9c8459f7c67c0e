import type { Log } from '../../src/core/ports/all.ts';
import { DrError, describeError } from '../../src/errors.ts';
import { artifactWork } from './events.ts';
import { withinTime } from './time-limit.ts';

type Message = { messageId: string; body: string };
type Work = (keys: string[], over: Promise<void>) => Promise<unknown[]>;

function keyOf(body: string): string {
  const parsed = artifactWork.safeParse(JSON.parse(body));
  if (!parsed.success) throw new DrError('UNKNOWN_EVENT', `replicate does not know the message ${body.slice(0, 200)}`);
  return 'detail' in parsed.data ? parsed.data.detail.object.key : parsed.data.key;
}

/** Does the work that messages name, and gives those back that failed or name none. `work` answers an error for each. */
export async function workThrough(messages: Message[], log: Log, limitMs: number, work: Work) {
  const failures: { itemIdentifier: string }[] = [];
  const failed = (messageId: string, error: unknown) => {
    log.warn('artifact not copied', { messageId, error: describeError(error) });
    failures.push({ itemIdentifier: messageId });
  };
  const known = messages.flatMap(({ messageId, body }) => {
    try {
      return [{ messageId, key: keyOf(body) }];
    } catch (error) {
      failed(messageId, error);
      return [];
    }
  });
  const keys = known.map(({ key }) => key);
  const errors = await withinTime(limitMs, (over) => work(keys, over));
  for (const [index, { messageId }] of known.entries()) if (errors[index]) failed(messageId, errors[index]);
  return { batchItemFailures: failures };
}
