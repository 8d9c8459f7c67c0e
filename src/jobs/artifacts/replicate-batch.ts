import { DrError, describeError, hasCode } from '../../errors.ts';
import { noteUncopyable } from './quarantine.ts';
import { ArtifactBatch } from './verify.ts';

type BatchPorts = Parameters<typeof ArtifactBatch.begin>[0];
type End = { key: string; error?: unknown };

/**
 * Handles the artifacts of one batch side by side; answers for each why it is to be tried again, or undefined. One that
 * takes too long costs the others nothing; a large one that goes on with the next run, and one that nobody can copy, are
 * no failures: the first is queued again until it is there, the second is set aside by name.
 */
export async function replicateBatch(ports: BatchPorts, keys: string[], limitMs: number): Promise<unknown[]> {
  const batch = await ArtifactBatch.begin(ports);
  const ends = await Promise.all(
    keys.map((key) =>
      inTime(key, limitMs, batch.handle(key)).then(
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
async function refusalOf({ primaryArtifacts, replica }: BatchPorts, { key, error }: End) {
  if (!hasCode(error, 'UNCOPYABLE') || (await replica.head(key))) return undefined;
  const entry = await primaryArtifacts.head(key).catch((unseen: unknown) => {
    if (hasCode(unseen, 'UNCOPYABLE')) return undefined;
    throw unseen;
  });
  return { key, etag: entry?.etag ?? null, reason: error.message };
}

/** Lambda's own time-out would end the others of the batch as well. */
async function inTime(key: string, limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const seconds = Math.round(limitMs / 1000);
    const error = new DrError('REMOTE_FAILED', `${key} took longer than ${seconds} seconds`, {
      subject: key,
      hint: 'It is tried again alone or with others; look at the size of the object and at the network.',
    });
    timer = setTimeout(() => reject(error), limitMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
