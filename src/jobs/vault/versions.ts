import type { z } from 'zod';
import type { Vault } from '../../core/ports/vault.ts';
import { hasCode } from '../../errors.ts';
import { parseDocument } from './documents.ts';

/** Versions that are read in search of one that fits. */
const LOOKED_AT = 20;

export type ReadableVersion<T> = { version: string; writtenAt: string; value: T };

/** The newest version of a document that can be read; undefined where none of those that are kept can. */
export async function lastReadable<T>(
  vault: Pick<Vault, 'getVersion' | 'versions'>,
  key: string,
  schema: z.ZodType<T>,
): Promise<ReadableVersion<T> | undefined> {
  for (const { version, writtenAt } of await vault.versions(key, LOOKED_AT)) {
    const body = await vault.getVersion(key, version);
    if (body === undefined) continue;
    try {
      return { version, writtenAt: writtenAt.toISOString(), value: parseDocument(key, body, schema) };
    } catch (error) {
      if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
    }
  }
  return undefined;
}
