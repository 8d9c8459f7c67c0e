import { gunzipSync, gzipSync } from 'node:zlib';
import type { z } from 'zod';
import { type Archived, archivedSchema } from '../../core/points/archived.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, hasCode } from '../../errors.ts';
import { readLines } from '../artifacts/inventory.ts';
import { parseDocument, type ReadDocuments, type Unreadable } from './documents.ts';

const ATTEMPTS = 8;

/** The keys that an archive holds already. Throws VAULT_UNREADABLE: what cannot be read is not added to. */
function keysIn(name: string, bytes: Uint8Array): Set<string> {
  let text: string;
  try {
    text = gunzipSync(bytes).toString();
  } catch (cause) {
    throw new DrError('VAULT_UNREADABLE', `${name}: no gzip`, {
      subject: name,
      cause,
      hint: 'Restore the previous version of this object in the vault bucket; it was not overwritten.',
    });
  }
  const lines = text.split('\n').filter((line) => line !== '');
  // The key is written first: a line need not be parsed for it.
  return new Set(lines.map((line) => /^\{"key":"([^"]*)"/.exec(line)?.[1] ?? ''));
}

/**
 * Adds documents to the archive of a year, each once however often it is asked: by compare-and-swap, and as a further
 * member of the gzip, so that what is there already is never written anew. Durable when it returns.
 */
export async function archiveDocuments(
  vault: Pick<Vault, 'getBytes' | 'putBytes'>,
  year: string,
  entries: Archived[],
): Promise<void> {
  const name = vaultKeys.archive(year);
  for (let attempt = 1; ; attempt += 1) {
    const found = await vault.getBytes(name);
    const known = found ? keysIn(name, found.bytes) : new Set<string>();
    const added = entries.filter((each) => !known.has(each.key));
    if (added.length === 0) return;
    const lines = added.map(({ key, archivedAt, document }) => `${JSON.stringify({ key, archivedAt, document })}\n`);
    const member = gzipSync(lines.join(''));
    try {
      await vault.putBytes(name, Buffer.concat([found?.bytes ?? new Uint8Array(), member]), found?.etag);
      return;
    } catch (error) {
      if (!hasCode(error, 'CONFLICT') || attempt === ATTEMPTS) throw error;
    }
  }
}

/** What the archives hold of documents under a prefix, oldest first; those that do not parse are named. */
export async function readArchived<T>(vault: Vault, prefix: string, schema: z.ZodType<T>): Promise<ReadDocuments<T>> {
  const found: T[] = [];
  const unreadable: Unreadable[] = [];
  for (const { key: name } of await vault.list(vaultKeys.archives)) {
    for await (const batch of readLines<unknown>(vault, name)) {
      for (const line of batch) {
        const { data } = archivedSchema.safeParse(line);
        if (!data?.key.startsWith(prefix)) continue;
        try {
          found.push(parseDocument(data.key, JSON.stringify(data.document), schema));
        } catch (error) {
          if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
          unreadable.push({ key: data.key, problem: error.message });
        }
      }
    }
  }
  return { found, unreadable };
}
