import type { Vault, VaultEntry } from '../../core/ports/vault.ts';
import { vaultKeys } from '../../core/vault-layout.ts';

type Found = Awaited<ReturnType<Vault['get']>>;
type Kept = { documents: Map<string, Found>; lists: Map<string, VaultEntry[]> };

const keptBy = new WeakMap<Pick<Vault, 'get'>, Kept>();

const own = [vaultKeys.points, vaultKeys.drills, vaultKeys.failovers, vaultKeys.publicKeys];
const isOwn = (key: string) =>
  key === vaultKeys.direction || key === vaultKeys.fence || own.some((prefix) => key.startsWith(prefix));

/**
 * The vault of one pass: direction, fence, points, runs and public keys are read once. A change is made against what was read
 * and its ETag, so that somebody else's is never lost: it refuses the write, and the document is read again.
 */
export function readOnce(vault: Vault): Vault {
  const kept: Kept = { documents: new Map(), lists: new Map() };
  const once: Vault = {
    async get(key) {
      if (kept.documents.has(key)) return kept.documents.get(key);
      const found = await vault.get(key);
      // A report is written once: one that is there stays as it is.
      if (isOwn(key) || (found && key.startsWith(vaultKeys.reports))) kept.documents.set(key, found);
      return found;
    },
    async put(key, body, etag) {
      try {
        const written = await vault.put(key, body, etag);
        if (isOwn(key)) kept.documents.set(key, { body, etag: written });
        if (own.some((prefix) => key.startsWith(prefix))) kept.lists.clear();
        return written;
      } catch (error) {
        // Refused, or nobody knows: what is there now must be read.
        kept.documents.delete(key);
        throw error;
      }
    },
    async list(prefix) {
      if (prefix !== vaultKeys.publicKeys && prefix !== vaultKeys.drills) return vault.list(prefix);
      const found = kept.lists.get(prefix) ?? (await vault.list(prefix));
      kept.lists.set(prefix, found);
      return found;
    },
    async remove(key) {
      kept.documents.delete(key);
      await vault.remove(key);
    },
    putStream: (key, chunks) => vault.putStream(key, chunks),
    openStream: (key) => vault.openStream(key),
    getBytes: (key) => vault.getBytes(key),
    putBytes: (key, bytes, etag) => vault.putBytes(key, bytes, etag),
    versions: (key, most) => vault.versions(key, most),
    getVersion: (key, version) => vault.getVersion(key, version),
  };
  keptBy.set(once, kept);
  return once;
}

/** What was read of a document no longer counts: the next reader asks the vault. */
export function forget(vault: Pick<Vault, 'get'>, key: string): void {
  keptBy.get(vault)?.documents.delete(key);
}
