import type { DeletionMark } from '../../core/artifacts/deletions.ts';
import type { Ports } from '../../core/ports/all.ts';
import { hasCode } from '../../errors.ts';

export type RemovalPorts = Pick<
  Ports,
  'clock' | 'log' | 'newId' | 'primaryArtifacts' | 'queue' | 'removal' | 'replica' | 'vault'
>;

/** What becomes of a mark; undefined when nothing is left to do about it. */
type Step = (ports: RemovalPorts, mark: DeletionMark) => Promise<DeletionMark | undefined>;

/**
 * Puts a delete marker over the artifact, if the primary still has none and the replica still has what was there. The
 * primary is asked again after it: what was uploaded in that moment is copied anew.
 */
export const hideOne: Step = async (ports, mark) => {
  const { primaryArtifacts, replica, removal, queue, clock, log } = ports;
  if (await primaryArtifacts.head(mark.key)) return mark;
  const entry = await replica.head(mark.key);
  try {
    if (entry) await removal.hide(mark.key, entry.etag);
  } catch (error) {
    if (!hasCode(error, 'CONFLICT')) throw error;
    return mark;
  }
  if (entry) log.info('an artifact was removed from the replica', { key: mark.key, goneAt: mark.goneAt });
  if (await primaryArtifacts.head(mark.key)) await queue.send([{ kind: 'repair', key: mark.key }]);
  return { ...mark, hiddenAt: clock().toISOString() };
};

/** Lets lifecycle delete what is under the delete marker. What somebody has brought back is withheld again. */
export const releaseOne: Step = async ({ primaryArtifacts, replica, removal }, mark) => {
  if (await primaryArtifacts.head(mark.key)) return mark;
  if (await replica.head(mark.key)) return withoutMarker(mark);
  for (const { versionId } of await removal.versions(mark.key)) {
    if (versionId !== undefined) await removal.release(mark.key, versionId);
  }
  return undefined;
};

/** A point needs it after all: the newest of what is under the delete marker becomes current again. */
export const bringBack: Step = async ({ replica, removal, log }, mark) => {
  const [newest] = await removal.versions(mark.key);
  if (!newest) {
    log.warn('an artifact that a point needs is not in the replica', { key: mark.key });
    return mark;
  }
  await replica.copyFrom({ bucket: replica.bucket, entry: newest, ofVersion: newest.versionId });
  log.info('an artifact was brought back into the replica', { key: mark.key });
  return withoutMarker(mark);
};

const withoutMarker = ({ hiddenAt: _over, ...mark }: DeletionMark): DeletionMark => mark;
