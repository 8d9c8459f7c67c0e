import * as z from 'zod';
import { replicateBatch } from '../src/jobs/artifacts/replicate-batch.ts';
import { tryCopy } from '../src/jobs/artifacts/try-copy.ts';
import { watchDarkness } from '../src/jobs/darkness.ts';
import { requireDirection } from '../src/jobs/vault/direction.ts';
import { displaced, hashEngine, portsOf, primaryArtifacts, replica, vault } from '../src/wire/aws.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { queueEvent, scheduledJob } from './lib/events.ts';
import { handlersOver } from './lib/handlers.ts';
import { workThrough } from './lib/work-messages.ts';

/** Well below the time-out of the function (infra/functions.cjs), which would end the whole batch. */
const BATCH_LIMIT_MS = 120_000;

const lambda = handlersOver(portsOf({ displaced, primaryArtifacts, replica, vault, hashEngine }));
const known = z.union([queueEvent, scheduledJob('doctor')]);

/** Copies and verifies the artifacts of one batch; what failed, and only that, is given back to the queue. After a cut-over an artifact of the old site is none of ours: it is listed by the failback. */
export const handler = lambda('replicate', known, async (event, runtime) => {
  const { ports } = watchDarkness(runtime.ports);
  // Whoever runs doctor wants to know what this role may.
  if (!('Records' in event)) return tryCopy(ports);
  const messages = event.Records as z.infer<typeof queueEvent>['Records'];
  return unlessElsewhere(ports.log, async () => {
    await requireDirection(ports.vault, 'primary→dr');
    return workThrough(messages, ports.log, BATCH_LIMIT_MS, (works, over) => replicateBatch(ports, works, over));
  });
});
