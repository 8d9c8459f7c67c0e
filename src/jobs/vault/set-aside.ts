import type { z } from 'zod';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { setAsideFrom, vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { encode, parseDocument, requireFit, type Unreadable, updateDocument } from './documents.ts';

const ATTEMPTS = 8;
/** Bytes that are kept after they were set aside: the newest ones. */
const KEPT = 50;
/** Two periods of readiness and more: people hear of it, also when something good has taken its place meanwhile. */
const TOLD_MINUTES = 30;

/**
 * Keeps the bytes of a document that cannot be read, under their ETag: whoever dies after it, or does it at once with
 * another, finds them kept. Undefined when by now it is gone, or can be read.
 */
async function setAside(vault: Vault, key: string, schema: z.ZodType): Promise<string | undefined> {
  const found = await vault.getBytes(key);
  if (!found) return undefined;
  try {
    parseDocument(key, new TextDecoder().decode(found.bytes), schema);
    return undefined;
  } catch (error) {
    if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
  }
  try {
    await vault.putBytes(vaultKeys.setAside(key, found.etag), found.bytes, undefined);
  } catch (error) {
    if (!hasCode(error, 'CONFLICT')) throw error;
  }
  return found.etag;
}

/**
 * As `updateDocument`, of a document that its job can make anew from the world: one that cannot be read is set aside, and
 * what `change` makes of nothing, or else `empty`, takes its place.
 */
export async function updateOrMakeAnew<T>(
  { vault, log }: Pick<Ports, 'log' | 'vault'>,
  key: string,
  schema: z.ZodType<T>,
  change: (current: T | undefined) => T | undefined,
  empty?: T,
): Promise<{ after: T | undefined }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await updateDocument(vault, key, schema, change);
    } catch (error) {
      if (!hasCode(error, 'VAULT_UNREADABLE') || attempt === ATTEMPTS) throw error;
      const etag = await setAside(vault, key, schema);
      const after = change(undefined) ?? empty;
      if (etag === undefined || after === undefined) continue;
      const body = encode(after);
      requireFit(key, body, schema);
      log.warn('a document that cannot be read is set aside and made anew', { key, problem: error.message });
      try {
        await vault.put(key, body, etag);
        return { after };
      } catch (raced) {
        if (!hasCode(raced, 'CONFLICT', 'NOT_FOUND')) throw raced;
      }
    }
  }
}

/** What was set aside lately: people are told of it although all can be read again. */
export async function lately({ vault, clock }: Pick<Ports, 'clock' | 'vault'>): Promise<Unreadable[]> {
  const since = clock().getTime() - TOLD_MINUTES * 60_000;
  const entries = (await vault.list(vaultKeys.setAsides)).filter((each) => each.lastModified.getTime() >= since);
  return entries.map(({ key, lastModified }) => ({
    key: setAsideFrom(key),
    problem: `it could not be read at ${lastModified.toISOString()}, was made anew, and lies in ${key} as it was`,
  }));
}

/** All but the newest go: nothing grows for ever. */
export async function removeOldSetAsides({ vault }: Pick<Ports, 'vault'>): Promise<void> {
  const entries = await vault.list(vaultKeys.setAsides);
  const newestFirst = entries.toSorted((a, b) => b.lastModified.getTime() - a.lastModified.getTime());
  for (const { key } of newestFirst.slice(KEPT)) await vault.remove(key);
}
