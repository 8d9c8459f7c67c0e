import { describeError } from '../src/errors.ts';
import { DeletionNotes } from '../src/jobs/artifacts/deletion-notes.ts';
import { ArtifactBatch } from '../src/jobs/artifacts/verify.ts';
import { watchDarkness } from '../src/jobs/darkness.ts';
import { requireDirection } from '../src/jobs/vault/direction.ts';
import { displaced, hashEngine, portsOf, primaryArtifacts, replica, vault } from '../src/wire/aws.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { artifactWorkOf, queueEvent } from './lib/events.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(portsOf({ displaced, primaryArtifacts, replica, vault, hashEngine }));

/** Copies and verifies the artifacts of one batch; what failed, and only that, is given back to the queue. After a cut-over an artifact of the old site is none of ours: it is listed by the failback. */
export const handler = lambda('replicate', queueEvent, ({ Records }, runtime) => {
  const { ports } = watchDarkness(runtime.ports);
  return unlessElsewhere(ports.log, async () => {
    await requireDirection(ports.vault, 'primary→dr');
    const batch = await ArtifactBatch.begin(ports);
    const notes = new DeletionNotes(ports);
    const results = await Promise.allSettled(
      Records.map(async ({ body }) => {
        const { key, event } = artifactWorkOf(body);
        if (event) await notes.look(key);
        if (event !== 'Object Deleted') await batch.handle(key);
      }),
    );
    await Promise.all([batch.end(), notes.end()]);
    const batchItemFailures = Records.flatMap(({ messageId }, index) => {
      const result = results[index];
      if (result?.status !== 'rejected') return [];
      ports.log.warn('artifact not copied', { messageId, error: describeError(result.reason) });
      return [{ itemIdentifier: messageId }];
    });
    return { batchItemFailures };
  });
});
