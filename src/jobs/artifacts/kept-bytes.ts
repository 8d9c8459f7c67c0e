import type { VerificationRecord } from '../../core/artifacts/documents.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { ArtifactStore, CopySource } from '../../core/ports/artifacts.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { readDisplaced } from './displaced.ts';

/** Versions of one key that are read in search of the right bytes, newest first. */
const VERSIONS = 20;

/** Bytes that may be the right ones, where they are, and how they would come back under their key. */
export type KeptBytes = { what: 'displaced' | 'version'; store: ArtifactStore; from: CopySource };

/**
 * What the DR site keeps of a key besides what lies in its place: the displaced bytes of this hash, and versions of the
 * replica's. Nobody has read them yet.
 */
export async function* keptBytesOf(
  ports: Pick<Ports, 'displaced' | 'replica' | 'vault'>,
  key: string,
  held: Pick<VerificationRecord, 'versionId'> | undefined,
  expected: string | undefined,
): AsyncIterable<KeptBytes> {
  const { displaced, replica } = ports;
  if (expected !== undefined) yield* displacedBytes(displaced, key, expected);
  const { versions } = await replica.history(key);
  const current = held && (held.versionId ?? 'null');
  for (const entry of versions.slice(0, VERSIONS)) {
    if ((entry.versionId ?? 'null') === current) continue;
    yield { what: 'version', store: replica, from: { bucket: replica.bucket, entry, ofVersion: entry.versionId } };
  }
}

async function* displacedBytes(store: ArtifactStore, as: string, blake2b: string): AsyncIterable<KeptBytes> {
  const entry = await store.head(vaultKeys.displacedBytes(blake2b));
  if (entry) yield { what: 'displaced', store, from: { bucket: store.bucket, entry, as } };
}

/**
 * Hashes of what others displaced under a key. In their place again, they would pass for those others: only who wants
 * them by their hash gets them back.
 */
export async function displacedHashes(
  ports: Pick<Ports, 'displaced' | 'vault'>,
  key: string,
): Promise<ReadonlySet<string | null>> {
  return new Set(((await readDisplaced(ports)).get(key) ?? []).map(({ blake2b }) => blake2b));
}
