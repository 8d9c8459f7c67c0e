import type { Ports } from '../../core/ports/all.ts';
import type { ObjectEntry } from '../../core/ports/artifacts.ts';
import { DrError } from '../../errors.ts';

type ReplicatePorts = Pick<Ports, 'log' | 'primaryArtifacts' | 'replica'>;

export type ReplicateOutcome = 'copied' | 'present' | 'gone';

/**
 * Copies one artifact into the replica, only if it is not there, and looks whether it arrived.
 * May run twice or at once. COPY_INCOMPLETE when the replica holds other bytes by size.
 */
export async function replicate(ports: ReplicatePorts, key: string): Promise<ReplicateOutcome> {
  const entry = await ports.primaryArtifacts.head(key);
  if (entry) return copyEntry(ports, entry);
  ports.log.info('artifact is gone at the primary', { key });
  return 'gone';
}

/** The same for an artifact that was looked at. */
export async function copyEntry(ports: ReplicatePorts, entry: ObjectEntry): Promise<Exclude<ReplicateOutcome, 'gone'>> {
  const { key } = entry;
  const outcome = await ports.replica.copyFrom({ bucket: ports.primaryArtifacts.bucket, entry });
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
