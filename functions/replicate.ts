import * as z from 'zod';
import { DrError, describeError } from '../src/errors.ts';
import { replicateBatch } from '../src/jobs/artifacts/replicate-batch.ts';
import { tryCopy } from '../src/jobs/artifacts/try-copy.ts';
import { watchDarkness } from '../src/jobs/darkness.ts';
import { requireDirection } from '../src/jobs/vault/direction.ts';
import { hashEngine, portsOf, primaryArtifacts, replica, vault } from '../src/wire/aws.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { artifactWork, queueEvent, scheduledJob } from './lib/events.ts';
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

type Message = { messageId: string; body: string };
type Failed = (messageId: string, error: unknown) => void;

/** What the messages name; those that name nothing have failed. */
function wanted(messages: Message[], failed: Failed): { messageId: string; key: string }[] {
  return messages.flatMap(({ messageId, body }) => {
    try {
      return [{ messageId, key: keyOf(body) }];
    } catch (error) {
      failed(messageId, error);
      return [];
    }
  });
}

/** Copies and verifies the artifacts of one batch; what failed, and only that, is given back to the queue. After a cut-over an artifact of the old site is none of ours: it is listed by the failback. */
export const handler = lambda('replicate', z.union([queueEvent, scheduledJob('doctor')]), async (event, runtime) => {
  const { ports } = watchDarkness(runtime.ports);
  // Whoever runs doctor wants to know what this role may.
  if (!('Records' in event)) return tryCopy(ports);
  return unlessElsewhere(ports.log, async () => {
    await requireDirection(ports.vault, 'primary→dr');
    const failures: { itemIdentifier: string }[] = [];
    const failed: Failed = (itemIdentifier, error) => {
      ports.log.warn('artifact not copied', { messageId: itemIdentifier, error: describeError(error) });
      failures.push({ itemIdentifier });
    };
    const known = wanted(event.Records as Message[], failed);
    const keys = known.map(({ key }) => key);
    const errors = await withinTime(BATCH_LIMIT_MS, (over) => replicateBatch(ports, keys, over));
    for (const [index, { messageId }] of known.entries()) if (errors[index]) failed(messageId, errors[index]);
    return { batchItemFailures: failures };
  });
});
