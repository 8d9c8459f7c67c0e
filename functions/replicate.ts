import { DrError, describeError } from '../src/errors.ts';
import { replicateBatch } from '../src/jobs/artifacts/replicate-batch.ts';
import { watchDarkness } from '../src/jobs/darkness.ts';
import { requireDirection } from '../src/jobs/vault/direction.ts';
import { hashEngine, portsOf, primaryArtifacts, replica, vault } from '../src/wire/aws.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { artifactWork, queueEvent } from './lib/events.ts';
import { handlersOver } from './lib/handlers.ts';
import { withinTime } from './lib/time-limit.ts';

const lambda = handlersOver(portsOf({ primaryArtifacts, replica, vault, hashEngine }));

/** Well below the time-out of the function (infra/functions.cjs), which would end the whole batch. */
const BATCH_LIMIT_MS = 120_000;

function keyOf(body: string): string {
  const parsed = artifactWork.safeParse(JSON.parse(body));
  if (!parsed.success) throw new DrError('UNKNOWN_EVENT', `replicate does not know the message ${body.slice(0, 200)}`);
  return 'detail' in parsed.data ? parsed.data.detail.object.key : parsed.data.key;
}

/** Copies and verifies the artifacts of one batch; what failed, and only that, is given back to the queue. After a cut-over an artifact of the old site is none of ours: it is listed by the failback. */
export const handler = lambda('replicate', queueEvent, ({ Records }, runtime) => {
  const { ports } = watchDarkness(runtime.ports);
  return unlessElsewhere(ports.log, async () => {
    await requireDirection(ports.vault, 'primary→dr');
    const keys = Records.map(({ body }) => keyOf(body));
    const errors = await withinTime(BATCH_LIMIT_MS, (over) => replicateBatch(ports, keys, over));
    const batchItemFailures = Records.flatMap(({ messageId }, index) => {
      const error = errors[index];
      if (error === undefined) return [];
      ports.log.warn('artifact not copied', { messageId, error: describeError(error) });
      return [{ itemIdentifier: messageId }];
    });
    return { batchItemFailures };
  });
});
