import type { Vault } from '../../src/core/ports/vault.ts';
import { DrError } from '../../src/errors.ts';

/** Versions that are kept of a document. */
const VERSIONS = 10;

/** A vault in memory; the contract suite keeps it honest. */
export function memoryVault(
  clock: () => Date,
): Vault & { documents: Map<string, { body: Buffer; etag: string; at: Date }> } {
  const documents = new Map<string, { body: Buffer; etag: string; at: Date }>();
  /** The same answer as long as the bytes are the same, so that what many runs read is parsed once. */
  const answers = new WeakMap<Buffer, { body: string; etag: string }>();
  /** What was written of each key, the newest first. */
  const kept = new Map<string, { version: string; body: Buffer; writtenAt: Date }[]>();
  let serial = 0;
  const store = (key: string, body: Buffer): string => {
    serial += 1;
    const etag = `"${serial}"`;
    documents.set(key, { body, etag, at: clock() });
    const former = kept.get(key)?.slice(0, VERSIONS - 1) ?? [];
    kept.set(key, [{ version: `v${serial}`, body, writtenAt: clock() }, ...former]);
    return etag;
  };
  /** As S3 has it: a condition on what is not there finds nothing. */
  const requireSame = (key: string, etag: string | undefined): void => {
    const found = documents.get(key);
    if (etag !== undefined && !found) throw new DrError('NOT_FOUND', `no ${key}`, { subject: key });
    if (found?.etag !== etag) throw new DrError('CONFLICT', `${key} is not the one that was read`);
  };
  return {
    documents,
    async get(key) {
      const found = documents.get(key);
      if (!found) return undefined;
      const known = answers.get(found.body);
      if (known?.etag === found.etag) return known;
      const answer = Object.freeze({ body: found.body.toString(), etag: found.etag });
      answers.set(found.body, answer);
      return answer;
    },
    async put(key, body, etag) {
      requireSame(key, etag);
      return store(key, Buffer.from(body));
    },
    async putStream(key, chunks) {
      if (documents.has(key)) return 'exists';
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      if (documents.has(key)) return 'exists';
      store(key, Buffer.concat(parts));
      return 'written';
    },
    async openStream(key) {
      const found = documents.get(key);
      if (!found) throw new DrError('NOT_FOUND', `no ${key}`, { subject: key });
      return (async function* () {
        yield found.body;
      })();
    },
    async getBytes(key) {
      const found = documents.get(key);
      return found && { bytes: new Uint8Array(found.body), etag: found.etag };
    },
    async putBytes(key, bytes, etag) {
      requireSame(key, etag);
      return store(key, Buffer.from(bytes));
    },
    versions: async (key, most) =>
      (kept.get(key) ?? []).slice(0, most).map(({ version, writtenAt }) => ({ version, writtenAt })),
    getVersion: async (key, version) =>
      kept
        .get(key)
        ?.find((each) => each.version === version)
        ?.body.toString(),
    async remove(key) {
      documents.delete(key);
    },
    async list(prefix) {
      const keys = [...documents.keys()].filter((key) => key.startsWith(prefix)).sort();
      return keys.map((key) => ({ key, lastModified: documents.get(key)?.at ?? clock() }));
    },
  };
}
