import type { Log } from '../../src/core/ports/all.ts';
import { describeError } from '../../src/errors.ts';
import type { ArtifactWork } from '../../src/jobs/artifacts/replicate-batch.ts';
import { artifactWorkOf } from './events.ts';
import { withinTime } from './time-limit.ts';

type Message = { messageId: string; body: string };
type Work = (works: ArtifactWork[], over: Promise<void>) => Promise<unknown[]>;

/** Does the work that messages name, and gives those back that failed or name none. `work` answers an error for each. */
export async function workThrough(messages: Message[], log: Log, limitMs: number, work: Work) {
  const failures: { itemIdentifier: string }[] = [];
  const failed = (messageId: string, error: unknown) => {
    log.warn('artifact not copied', { messageId, error: describeError(error) });
    failures.push({ itemIdentifier: messageId });
  };
  const known = messages.flatMap(({ messageId, body }) => {
    try {
      return [{ messageId, work: artifactWorkOf(body) }];
    } catch (error) {
      failed(messageId, error);
      return [];
    }
  });
  const works = known.map((each) => each.work);
  const errors = await withinTime(limitMs, (over) => work(works, over));
  for (const [index, { messageId }] of known.entries()) if (errors[index]) failed(messageId, errors[index]);
  return { batchItemFailures: failures };
}
