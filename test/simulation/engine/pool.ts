import { builderKey } from '../../../sandbox/seed/box.ts';
import { blake2b256, signHart, signingKey } from '../../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../../sandbox/seed/random.ts';

/** Real signed packages, made once in a process: a history only names them. */
export type Bytes = { body: Buffer; blake2b: string };

const random = new SeededRandom('the simulation');
const KEYS = 12;
/** Of one key: bytes that were uploaded first, and what it was uploaded anew with; the last two have one size. */
const VARIANTS = 3;

export const signer = signingKey('core', '20240101000000', random);
export const bldr = builderKey('20240101000000', random);
/** A row that Builder's key seals. */
export const sealedRow = bldr.seal('a token');

export const keyOf = (n: number): string => `core/p${String(n % KEYS).padStart(2, '0')}.hart`;
export const allKeys: readonly string[] = Array.from({ length: KEYS }, (_, n) => keyOf(n));

const packages = new Map<string, Bytes[]>();
for (const [n, key] of allKeys.entries()) {
  const made: Bytes[] = [];
  for (let variant = 0; variant < VARIANTS; variant += 1) {
    const body = await signHart(random.bytes(200 + n + (variant === 0 ? 40 : 0)), signer);
    made.push({ body, blake2b: await blake2b256(body) });
  }
  packages.set(key, made);
}

export function bytesOf(key: string, variant: number): Bytes {
  return packages.get(key)?.[variant % VARIANTS] as Bytes;
}

const hashes = new Map<string, string>();
for (const each of [...packages.values()].flat()) hashes.set(each.body.toString('latin1'), each.blake2b);

const bodies = new Map<string, Buffer>([...hashes].map(([text, blake2b]) => [blake2b, Buffer.from(text, 'latin1')]));

/** The package that has this hash. */
export const packageOf = (blake2b: string): Buffer => bodies.get(blake2b) as Buffer;

/** The hash of bytes that are a package of the pool; undefined for all others. */
export function hashOfWhole(body: Buffer): string | undefined {
  return hashes.get(body.toString('latin1'));
}

/** What ransomware leaves: bytes of the same size that are no package. */
export const ransomOf = (size: number): Buffer => Buffer.alloc(size, 'pay ');
