import { signHart, signingKey } from '../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../sandbox/seed/random.ts';
import { wasmEngine } from '../../src/adapters/hash-engines.ts';
import { KeyRing } from '../../src/hart/keys.ts';
import type { HartReport } from '../../src/hart/verdict.ts';
import { HartVerifier } from '../../src/hart/verify.ts';

const random = new SeededRandom('hart tests');
export const signer = signingKey('acme-corp', '20240101000000', random);
export const payload = random.bytes(300);
export const hart = await signHart(payload, signer);
export const keyFile = `${signer.name}.pub`;

const engine = await wasmEngine(2);
let ring = new KeyRing();
const verifier = new HartVerifier({ find: (name: string) => ring.find(name) } as KeyRing, engine);

/** Verifies bytes, whole or in chunks of a size, with a key file of this text. */
export function judge(
  bytes: Uint8Array,
  options: { key?: string; checksum?: string; chunk?: number } = {},
): HartReport {
  ring = new KeyRing();
  ring.add(keyFile, options.key ?? signer.publicText);
  const size = options.chunk ?? bytes.length;
  for (let at = 0; at < bytes.length; at += size) verifier.update(bytes.subarray(at, at + size));
  return verifier.finish(options.checksum);
}

export const lines = hart
  .subarray(0, hart.length - payload.length)
  .toString('latin1')
  .split('\n')
  .slice(0, 5);

/** A hart with some header lines replaced. */
export function withHeader(change: (line: string, index: number) => string, end = '\n'): Buffer {
  const header = lines.map((line, index) => `${change(line, index)}${end}`).join('');
  return Buffer.concat([Buffer.from(header), payload]);
}
