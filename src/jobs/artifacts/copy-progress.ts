import { unfinishedCopySchema } from '../../core/artifacts/documents.ts';
import { minutesBetween } from '../../core/ids.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { CopyProgress, CopySource } from '../../core/ports/artifacts.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';

/** The bucket's own rule ends an upload after two days; what remembers it goes a day later. */
const STALE_MINUTES = 3 * 24 * 60;

/**
 * What is remembered of a large copy, in the vault. Read and written only once the copy goes part by part. A replacement is
 * remembered beside the copy of its key: that one ends when it finds the object there, which a replacement wants there.
 */
export function copyProgress(
  { vault, clock }: Pick<Ports, 'clock' | 'vault'>,
  source: CopySource,
  how: 'copy' | 'replacement' = 'copy',
): CopyProgress {
  const { etag, size } = source.entry;
  const key = source.as ?? source.entry.key;
  const name = vaultKeys.unfinishedCopy(how === 'copy' ? key : `${key}.replacement`);
  const bytes = [source.bucket, etag, size, source.ofVersion ?? ''].join(' ');
  return {
    async unfinished() {
      const found = (await readDocument(vault, name, unfinishedCopySchema))?.value;
      if (!found) return {};
      return found.source === bytes ? { upload: found.upload } : { outdated: found.upload };
    },
    async began(upload) {
      const at = clock().toISOString();
      const { after } = await updateDocument(vault, name, unfinishedCopySchema, (current) =>
        current?.source === bytes ? current : { schema: 'copy/1' as const, key, source: bytes, upload, at },
      );
      return after?.upload ?? upload;
    },
    ended: () => vault.remove(name),
  };
}

/** What remembers uploads that are gone for long. */
export async function removeStaleCopies({ vault, clock }: Pick<Ports, 'clock' | 'vault'>): Promise<void> {
  for (const { key, lastModified } of await vault.list(vaultKeys.unfinishedCopies)) {
    if (minutesBetween(lastModified, clock()) > STALE_MINUTES) await vault.remove(key);
  }
}
