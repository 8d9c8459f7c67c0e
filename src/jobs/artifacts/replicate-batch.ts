import { DrError, describeError, hasCode } from '../../errors.ts';
import { noteUncopyable } from './quarantine.ts';
import { ArtifactBatch } from './verify.ts';

type BatchPorts = Parameters<typeof ArtifactBatch.begin>[0];
type End = { key: string; error?: unknown };

/**
 * Handles the artifacts of one batch side by side; answers for each why it is to be tried again, or undefined. One that
 * is still at work when the time is `over` costs the others nothing. A large one that goes on with the next run and one
 * that nobody can copy are no failures: the first is queued until it is there, the second is set aside by name.
 */
export async function replicateBatch(ports: BatchPorts, keys: string[], over: Promise<void>): Promise<unknown[]> {
  const batch = await ArtifactBatch.begin(ports);
  const ends = await Promise.all(
    keys.map((key) =>
      inTime(key, over, batch.handle(key)).then(
        (): End => ({ key }),
        (error: unknown): End => ({ key, error }),
      ),
    ),
  );
  await batch.end();
  const refused = await Promise.all(ends.map((end) => refusalOf(ports, end)));
  const settled = ends.filter(({ error }) => error === undefined).map(({ key }) => key);
  await noteUncopyable(
    ports,
    refused.filter((each) => each !== undefined),
    settled,
  );
  return ends.map(({ key, error }, index) => {
    if (refused[index]) ports.log.warn('artifact cannot be copied', { key, error: describeError(error) });
    else if (hasCode(error, 'COPY_UNFINISHED'))
      ports.log.info('a large artifact goes on later', { key, error: error.message });
    else return error;
    return undefined;
  });
}

/** Whose copy was refused for the object's own sake. One that the replica has is not missing: its error is another's. */
async function refusalOf({ primaryArtifacts, replica, log }: BatchPorts, { key, error }: End) {
  if (!hasCode(error, 'UNCOPYABLE')) return undefined;
  const reason = error.message;
  try {
    if (await replica.head(key)) return undefined;
    return { key, etag: (await primaryArtifacts.head(key))?.etag ?? null, reason };
  } catch (unseen) {
    if (hasCode(unseen, 'UNCOPYABLE')) return { key, etag: null, reason };
    // Whoever cannot look now is no reason to give the others of the batch back.
    log.warn('what cannot be copied could not be set aside', { key, error: describeError(unseen) });
    return undefined;
  }
}

/** Lambda's own time-out would end the others of the batch as well. */
function inTime(key: string, over: Promise<void>, work: Promise<void>): Promise<void> {
  const late = over.then(() => {
    throw new DrError('REMOTE_FAILED', `${key} took all the time of its batch`, {
      subject: key,
      hint: 'It is tried again alone or with others; look at the size of the object and at the network.',
    });
  });
  return Promise.race([work, late]);
}
