import type { SourceFacts, VerificationRecord } from '../../core/artifacts/documents.ts';
import type { Refusal } from '../../core/artifacts/quarantine.ts';
import type { ArtifactStore, ObjectEntry } from '../../core/ports/artifacts.ts';
import { type DrError, hasCode } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';
import { copyEntry, type ReplicatePorts } from './replicate.ts';

/**
 * What the primary has under a key: nothing, an object, or nobody knows. `copied`: it came with this very call. `refused`:
 * nobody can read it as it is. `waits`: it may not take the place of what is here yet.
 */
export type Offer = {
  source: ObjectEntry | undefined;
  copied: boolean;
  silence?: DrError;
  refused?: DrError;
  waits?: boolean;
};

/** Copies what the primary has under a key, if the replica lacks it. */
export async function copyOffered(ports: ReplicatePorts, key: string): Promise<Offer> {
  const { primaryArtifacts, log } = ports;
  let source: ObjectEntry | undefined;
  try {
    source = await primaryArtifacts.head(key);
    if (!source) log.info('artifact is gone at the primary', { key });
    return { source, copied: source !== undefined && (await copyEntry(ports, source)) === 'copied' };
  } catch (error) {
    // The replica may hold other bytes already: then both decide.
    if (hasCode(error, 'COPY_INCOMPLETE')) return { source: await primaryArtifacts.head(key), copied: false };
    if (hasCode(error, 'UNCOPYABLE')) {
      return { source: source ?? (await listed(primaryArtifacts, key)), copied: false, refused: error };
    }
    if (!isDarkness(error)) throw error;
    return { source: undefined, copied: false, silence: error };
  }
}

/** What a listing says of an object that shows itself to the owner of its key alone. */
async function listed(store: ArtifactStore, key: string): Promise<ObjectEntry | undefined> {
  for await (const page of store.pages(key)) {
    const found = page.find((each) => each.key === key);
    if (found) return found;
  }
  return undefined;
}

/** What a record of the replica's bytes remembers of the primary's. */
export function sourceFacts(source: ObjectEntry, { verdict, fileBlake2b }: VerificationRecord): SourceFacts {
  const { versionId = null, etag, size } = source;
  return { versionId, etag, size, verdict, fileBlake2b };
}

/** Why the bytes that were offered are not here. */
export function refusalOf(key: string, { source }: Pick<Offer, 'source'>, { message: reason }: DrError): Refusal {
  return { key, etag: source?.etag ?? null, reason };
}
