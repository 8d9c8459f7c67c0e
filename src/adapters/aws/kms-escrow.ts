import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { DecryptCommand, DescribeKeyCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { Escrow } from '../../core/ports/vault.ts';
import { DrError, hasCode } from '../../errors.ts';
import { callsTo } from './errors.ts';

export type KmsEscrowOptions = {
  client: KMSClient;
  /** Seals the files. */
  keyId: string;
  /** Every key of the DR region that a failover needs, the sealing key among them. */
  neededKeys: string[];
};

const CIPHER = 'aes-256-gcm';

const call = callsTo('dr');

function contextOf(name: string): Record<string, string> {
  return { 'builder-dr:file': name };
}

/** Envelope encryption: a fresh AES-256 data key for each file, itself encrypted by KMS (which takes 4 KB at most). */
export function kmsEscrow({ client, keyId, neededKeys }: KmsEscrowOptions): Escrow {
  return {
    async seal({ name, mode, content }, now) {
      const command = new GenerateDataKeyCommand({
        KeyId: keyId,
        KeySpec: 'AES_256',
        EncryptionContext: contextOf(name),
      });
      const dataKey = await call(`seal ${name}`, name, () => client.send(command));
      const iv = randomBytes(12);
      const cipher = createCipheriv(CIPHER, dataKey.Plaintext ?? new Uint8Array(), iv);
      cipher.setAAD(Buffer.from(name));
      const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
      dataKey.Plaintext?.fill(0);
      return {
        schema: 'escrow/1',
        name,
        mode,
        sealedAt: now.toISOString(),
        keyId: dataKey.KeyId ?? keyId,
        encryptedDataKey: Buffer.from(dataKey.CiphertextBlob ?? new Uint8Array()).toString('base64'),
        iv: iv.toString('base64'),
        tag: cipher.getAuthTag().toString('base64'),
        ciphertext: ciphertext.toString('base64'),
      };
    },
    async open(envelope) {
      const command = new DecryptCommand({
        CiphertextBlob: Buffer.from(envelope.encryptedDataKey, 'base64'),
        EncryptionContext: contextOf(envelope.name),
        KeyId: envelope.keyId,
      });
      const { Plaintext } = await call(`open ${envelope.name}`, envelope.name, () => client.send(command));
      const decipher = createDecipheriv(CIPHER, Plaintext ?? new Uint8Array(), Buffer.from(envelope.iv, 'base64'));
      decipher.setAAD(Buffer.from(envelope.name));
      decipher.setAuthTag(Buffer.from(envelope.tag, 'base64'));
      try {
        return Buffer.concat([decipher.update(Buffer.from(envelope.ciphertext, 'base64')), decipher.final()]);
      } catch (cause) {
        throw new DrError('VAULT_UNREADABLE', `${envelope.name}: the sealed content was altered`, {
          subject: envelope.name,
          cause,
          hint: 'Restore the previous version of this object in the vault bucket.',
        });
      } finally {
        Plaintext?.fill(0);
      }
    },
    async unusableKeys() {
      const found: { keyId: string; reason: string }[] = [];
      for (const needed of neededKeys) {
        const reason = await whyUnusable(client, needed);
        if (reason) found.push({ keyId: needed, reason });
      }
      return found;
    },
  };
}

async function whyUnusable(client: KMSClient, keyId: string): Promise<string | undefined> {
  try {
    const { KeyMetadata } = await call(`describe key ${keyId}`, keyId, () =>
      client.send(new DescribeKeyCommand({ KeyId: keyId })),
    );
    return KeyMetadata?.KeyState === 'Enabled' ? undefined : `the key is ${KeyMetadata?.KeyState}, not Enabled`;
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND', 'ACCESS_DENIED', 'KMS_UNUSABLE')) return error.message;
    throw error;
  }
}
