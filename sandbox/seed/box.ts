import nacl from 'tweetnacl';
import type { SeededRandom } from './random.ts';

export type BuilderKey = { revision: string; publicText: string; secretText: string; seal: (text: string) => string };

/** Builder's own encryption key; it seals to itself (`BOX-1`, X25519-XSalsa20-Poly1305). */
export function builderKey(revision: string, random: SeededRandom): BuilderKey {
  const pair = nacl.box.keyPair.fromSecretKey(random.bytes(32));
  const name = `bldr-${revision}`;
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    revision,
    publicText: `BOX-PUB-1\n${name}\n\n${base64(pair.publicKey)}`,
    secretText: `BOX-SEC-1\n${name}\n\n${base64(pair.secretKey)}`,
    seal: (text) => {
      const nonce = random.bytes(24);
      const sealed = nacl.box(Buffer.from(text), nonce, pair.publicKey, pair.secretKey);
      return `BOX-1\n${name}\n${name}\n${base64(nonce)}\n${base64(sealed)}`;
    },
  };
}
