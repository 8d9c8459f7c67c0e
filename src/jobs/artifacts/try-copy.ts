import { TRIAL_KEY } from '../../core/artifacts/reserved.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { ObjectEntry, TriedCopy } from '../../core/ports/artifacts.ts';
import { DrError, hasCode } from '../../errors.ts';

/** Artifacts that are tried until one can be copied; the others are named by readiness. */
const TRIES = 5;

/** Small ones of the first page: what is tried are rights and keys, not the network. */
async function candidates({ primaryArtifacts }: Pick<Ports, 'primaryArtifacts'>): Promise<ObjectEntry[]> {
  for await (const page of primaryArtifacts.pages()) {
    const filled = page.filter(({ size }) => size > 0).toSorted((a, b) => a.size - b.size);
    if (filled.length > 0) return filled.slice(0, TRIES);
  }
  return [];
}

/**
 * Copies one real artifact under a key that no artifact has, reads it back, and removes it, as whoever calls this may.
 * Undefined when there is none to try; UNCOPYABLE when none of those tried can be copied by anybody.
 */
export async function tryCopy(ports: Pick<Ports, 'primaryArtifacts' | 'replica'>): Promise<TriedCopy | undefined> {
  const { primaryArtifacts, replica } = ports;
  let refused: DrError | undefined;
  for (const entry of await candidates(ports)) {
    try {
      const trial = await replica.tryCopy({ bucket: primaryArtifacts.bucket, entry }, TRIAL_KEY);
      if (trial.bytes === entry.size) return { key: entry.key, ...trial };
      throw new DrError('COPY_INCOMPLETE', `${entry.key}: ${entry.size} bytes, of which ${trial.bytes} were read back`);
    } catch (error) {
      if (!hasCode(error, 'UNCOPYABLE')) throw error;
      refused = error;
    }
  }
  if (refused) throw refused;
  return undefined;
}
