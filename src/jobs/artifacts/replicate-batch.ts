import { DrError, hasCode } from '../../errors.ts';
import { DeletionNotes } from './deletion-notes.ts';
import { noteUncopyable } from './quarantine.ts';
import { ArtifactBatch, type Handled } from './verify.ts';

type BatchPorts = Parameters<typeof ArtifactBatch.begin>[0];
/** An artifact, and what S3's event says happened to it at the primary; none where a comparison asks. */
export type ArtifactWork = { key: string; event?: 'Object Created' | 'Object Deleted' };
type End = { key: string; handled?: Handled; error?: unknown };

/**
 * Handles the artifacts of one batch side by side; answers for each why it is to be tried again, or undefined. One that
 * is still at work when the time is `over` costs the others nothing. A large one that goes on with the next run and one
 * that nobody can copy are no failures: the first is queued until it is there, the second is set aside by name.
 */
export async function replicateBatch(
  ports: BatchPorts,
  works: ArtifactWork[],
  over: Promise<void>,
): Promise<unknown[]> {
  const batch = await ArtifactBatch.begin(ports);
  const notes = new DeletionNotes(ports);
  const handle = async ({ key, event }: ArtifactWork): Promise<Handled> => {
    const deleted = event === 'Object Deleted';
    if (event) await notes.look(key, deleted);
    const handled = deleted ? 'unseen' : await batch.handle(key);
    if (handled === 'gone') notes.uncopied(key);
    return handled;
  };
  const ends = await Promise.all(
    works.map((work) =>
      inTime(work.key, over, handle(work)).then(
        (handled): End => ({ key: work.key, handled }),
        (error: unknown): End => ({ key: work.key, error }),
      ),
    ),
  );
  await Promise.all([batch.end(), notes.end()]);
  const refused = ends.flatMap(({ handled }) => (typeof handled === 'object' ? [handled] : []));
  const settled = ends.filter(({ handled }) => handled === 'settled' || handled === 'gone').map(({ key }) => key);
  await noteUncopyable(ports, refused, settled);
  for (const { key, reason } of refused) ports.log.warn('artifact cannot be copied', { key, error: reason });
  return ends.map(({ key, error }) => {
    if (!hasCode(error, 'COPY_UNFINISHED')) return error;
    ports.log.info('a large artifact goes on later', { key, error: error.message });
    return undefined;
  });
}

/** Lambda's own time-out would end the others of the batch as well. */
function inTime(key: string, over: Promise<void>, work: Promise<Handled>): Promise<Handled> {
  const late = over.then(() => {
    throw new DrError('REMOTE_FAILED', `${key} took all the time of its batch`, {
      subject: key,
      hint: 'It is tried again alone or with others; look at the size of the object and at the network.',
    });
  });
  return Promise.race([work, late]);
}
