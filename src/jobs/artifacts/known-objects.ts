import { type VerificationRecord, verifiedSchema } from '../../core/artifacts/documents.ts';
import { type Difference, differences } from '../../core/artifacts/merge-diff.ts';
import { isOf } from '../../core/artifacts/verification.ts';
import type { ArtifactStore, ObjectEntry } from '../../core/ports/artifacts.ts';
import type { Vault } from '../../core/ports/vault.ts';
import type { KnownObject } from '../../core/recovery/row-comparison.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { readDocument, unreadableError } from '../vault/documents.ts';
import { linesOf } from './inventory.ts';

const ATTEMPTS = 3;

async function* nothing(): AsyncIterable<VerificationRecord[]> {}

const words = ['etag', 'at', 'verdict'] as const;
const isRecord = (line: Record<string, unknown>): boolean =>
  line['schema'] === 'verified/1' &&
  typeof line['size'] === 'number' &&
  words.every((word) => typeof line[word] === 'string');

/** The records of all artifacts, sorted. A merge may remove the file between naming and opening: then there is a newer one. */
async function openRecords(vault: Vault): Promise<AsyncIterable<VerificationRecord[]>> {
  for (let attempt = 1; ; attempt += 1) {
    const index = await readDocument(vault, vaultKeys.verified, verifiedSchema);
    if (!index) return nothing();
    try {
      const { key } = index.value;
      return linesOf<VerificationRecord>(key, await vault.openStream(key), isRecord);
    } catch (error) {
      if (!hasCode(error, 'NOT_FOUND')) throw error;
      if (attempt === ATTEMPTS) throw unreadableError(index.value.key, 'it is not there', error);
    }
  }
}

/** The objects of a store, each with the record of the very bytes that are there, where there is one. */
export async function* knownObjects(vault: Vault, store: ArtifactStore): AsyncIterable<KnownObject[]> {
  const known = (each: Difference<ObjectEntry, VerificationRecord>): KnownObject[] => {
    if (each.side === 'right') return [];
    if (each.side === 'left') return [each.left];
    if (!isOf(each.right, each.left)) return [{ ...each.left, overwritten: true }];
    return [{ ...each.left, record: each.right }];
  };
  for await (const batch of differences(store.pages(), await openRecords(vault))) yield batch.flatMap(known);
}
