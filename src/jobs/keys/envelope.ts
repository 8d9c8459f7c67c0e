import * as z from 'zod';
import type { Envelope, Vault } from '../../core/ports/vault.ts';
import { instant } from '../../core/schema.ts';
import { escrowedRevision, vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { eachOf } from '../each-of.ts';
import { readDocument, type Unreadable } from '../vault/documents.ts';

const READS_AT_ONCE = 8;
const base64 = z.base64();

export const envelopeSchema: z.ZodType<Envelope> = z.strictObject({
  schema: z.literal('escrow/1'),
  name: z.string(),
  mode: z.int(),
  sealedAt: instant,
  keyId: z.string(),
  encryptedDataKey: base64,
  iv: base64,
  tag: base64,
  ciphertext: base64,
});

/** The revisions of Builder's key whose envelopes can be read; those that cannot are named. Opens none. */
export async function readEscrowedRevisions(
  vault: Pick<Vault, 'get' | 'list'>,
): Promise<{ revisions: string[]; unreadable: Unreadable[] }> {
  const unreadable: Unreadable[] = [];
  const revisions = await eachOf(await vault.list(vaultKeys.escrow), READS_AT_ONCE, async ({ key }) => {
    try {
      return (await readDocument(vault, key, envelopeSchema)) && escrowedRevision(key);
    } catch (error) {
      if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
      unreadable.push({ key, problem: error.message });
      return undefined;
    }
  });
  return { revisions: revisions.filter((each) => each !== undefined), unreadable };
}
