import type { Ports } from '../../core/ports/all.ts';
import type { ObjectEntry } from '../../core/ports/artifacts.ts';
import { DrError, hasCode } from '../../errors.ts';
import { copyProgress } from './copy-progress.ts';

export type ReplicatePorts = Pick<Ports, 'clock' | 'log' | 'primaryArtifacts' | 'replica' | 'vault'>;

export type ReplicateOutcome = 'copied' | 'present' | 'gone';

/**
 * Copies one artifact into the replica, only if it is not there, and looks whether it arrived.
 * May run twice or at once. COPY_INCOMPLETE when the replica holds other bytes by size; COPY_UNFINISHED when a large one
 * goes on with the next run; UNCOPYABLE when nobody can read it as it is, and the replica has it not.
 */
export async function replicate(ports: ReplicatePorts, key: string): Promise<ReplicateOutcome> {
  try {
    const entry = await ports.primaryArtifacts.head(key);
    if (entry) return await copyEntry(ports, entry);
  } catch (error) {
    // What was copied while it could still be read is what counts.
    if (hasCode(error, 'UNCOPYABLE') && (await ports.replica.head(key))) return 'present';
    throw error;
  }
  ports.log.info('artifact is gone at the primary', { key });
  return 'gone';
}

/** The same for an artifact that was looked at, or one of its versions; a large one goes on where an attempt before ended. */
export async function copyEntry(
  ports: ReplicatePorts,
  entry: ObjectEntry,
  ofVersion?: string,
): Promise<Exclude<ReplicateOutcome, 'gone'>> {
  const { key } = entry;
  const source = { bucket: ports.primaryArtifacts.bucket, entry, ofVersion };
  const outcome = await ports.replica.copyFrom(source, copyProgress(ports, source));
  const arrived = await ports.replica.head(key);
  if (arrived?.size !== entry.size) {
    throw new DrError(
      'COPY_INCOMPLETE',
      `${key}: ${entry.size} bytes at the primary, ${arrived?.size ?? 'none'} in the replica`,
      {
        hint: 'The replica is never overwritten by a copy. Look at the versions of this object in the replica bucket.',
      },
    );
  }
  return outcome === 'copied' ? 'copied' : 'present';
}
