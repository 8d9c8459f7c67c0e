import { createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from './header.ts';

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const P = (1n << 255n) - 19n;
const namedRevision = /^.+-\d{14}$/;

/** One of the two y coordinates of the points of order eight; the other is its negative. */
const ORDER_EIGHT = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

/** The y coordinates of all points of small order: a key among them would let anybody sign (RFC 8032, cofactor 8). */
const smallOrder = new Set([0n, 1n, P - 1n, ORDER_EIGHT, P - ORDER_EIGHT]);

function whyWeak(bytes: Buffer): string | undefined {
  const y = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`) & ((1n << 255n) - 1n);
  if (y >= P) return 'the key is not in canonical form';
  return smallOrder.has(y) ? 'the key is a point of small order' : undefined;
}

export type PublicKeyFile = { named: string; key: KeyObject } | { problem: string };

/** Reads a `SIG-PUB-1` file: four lines, the version exact, the third ignored, 32 bytes of base64. */
export function parsePublicKey(text: string): PublicKeyFile {
  const [version, named = '', , material = ''] = text.split(/\r?\n/);
  if (version === 'BOX-PUB-1') return { problem: 'it is an encryption key (BOX-PUB-1), not a signing key' };
  if (version !== 'SIG-PUB-1') return { problem: `unsupported version ${JSON.stringify(version?.slice(0, 40))}` };
  if (!namedRevision.test(named)) return { problem: 'its second line is not a named revision' };
  const bytes = decodeBase64(material.trim());
  if (!bytes) return { problem: 'its key is not base64' };
  if (bytes.length !== 32) return { problem: `its key has ${bytes.length} bytes, not 32` };
  const weak = whyWeak(bytes);
  if (weak) return { problem: weak };
  return { named, key: createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' }) };
}

/** Public signing keys by named revision, and the files that should have held one. */
export class KeyRing {
  readonly #keys = new Map<string, KeyObject>();
  readonly #bad = new Map<string, string>();

  /** Takes one `.pub` file. A bad one is remembered under the name of its file. */
  add(fileName: string, text: string): void {
    const parsed = parsePublicKey(text);
    const stem = fileName.replace(/\.pub$/, '');
    if ('problem' in parsed) this.#bad.set(stem, `${fileName}: ${parsed.problem}`);
    else this.#keys.set(parsed.named, parsed.key);
    if ('named' in parsed && parsed.named !== stem)
      this.#bad.set(stem, `${fileName}: it holds the key ${parsed.named}`);
  }

  get size(): number {
    return this.#keys.size;
  }

  find(named: string): KeyObject | { problem: string } | undefined {
    const key = this.#keys.get(named);
    if (key) return key;
    const problem = this.#bad.get(named);
    return problem === undefined ? undefined : { problem };
  }
}
