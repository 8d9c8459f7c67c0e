import nacl from 'tweetnacl';
import { decodeBase64 } from './header.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 24;

/** The secret of a `BOX-SEC-1` key file (habitat core, crypto/keys.rs); undefined when it is none. */
export function parseBoxSecret(text: string): { named: string; secret: Uint8Array } | undefined {
  const [version, named = '', , material = ''] = text.split(/\r?\n/);
  const secret = decodeBase64(material.trim());
  if (version !== 'BOX-SEC-1' || secret?.length !== KEY_BYTES) return undefined;
  return { named, secret };
}

/**
 * Whether this secret opens a `BOX-1` message: version, encryptor, decryptor, nonce, ciphertext
 * (habitat core, crypto/keys/encryption/message.rs; X25519-XSalsa20-Poly1305). Builder seals to itself,
 * so that the public key is the secret's own.
 */
export function opensBox(text: string, secret: Uint8Array): boolean {
  const [version, , , nonceText = '', sealedText = ''] = text.split(/\r?\n/);
  const nonce = decodeBase64(nonceText.trim());
  const sealed = decodeBase64(sealedText.trim());
  if (version !== 'BOX-1' || nonce?.length !== NONCE_BYTES || !sealed) return false;
  const { publicKey } = nacl.box.keyPair.fromSecretKey(secret);
  return nacl.box.open(sealed, nonce, publicKey, secret) !== null;
}
