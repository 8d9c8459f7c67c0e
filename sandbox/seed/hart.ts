import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { compress } from '@napi-rs/lzma/xz';
import { createBLAKE2b } from 'hash-wasm';
import { pack } from 'tar-stream';
import type { PackageIdent } from '../../src/hart/ident.ts';
import type { SeededRandom } from './random.ts';

export type SigningKey = { name: string; publicText: string; secretText: string; key: KeyObject };

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** An origin's signing key, with the texts of both key files. */
export function signingKey(origin: string, revision: string, random: SeededRandom): SigningKey {
  const seed = random.bytes(32);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const publicBytes = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const name = `${origin}-${revision}`;
  return {
    name,
    key,
    publicText: `SIG-PUB-1\n${name}\n\n${publicBytes.toString('base64')}`,
    secretText: `SIG-SEC-1\n${name}\n\n${Buffer.concat([seed, publicBytes]).toString('base64')}`,
  };
}

export async function blake2b256(bytes: Uint8Array): Promise<string> {
  const hasher = await createBLAKE2b(256);
  return hasher.update(bytes).digest('hex');
}

/** Signs a payload into a `.hart`: five header lines, then the payload as it is. */
export async function signHart(payload: Uint8Array, signer: SigningKey): Promise<Buffer> {
  const message = Buffer.from(await blake2b256(payload), 'ascii');
  const signature = Buffer.concat([sign(null, message, signer.key), message]).toString('base64');
  return Buffer.concat([Buffer.from(`HART-1\n${signer.name}\nBLAKE2b\n${signature}\n\n`), payload]);
}

async function tarOf(entries: Record<string, string | Buffer>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(entries)) tar.entry({ name, mtime: new Date(0) }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A package payload as `hab` builds it: an xz tar with the three files that Builder demands. */
export async function packagePayload(ident: PackageIdent, filler: Buffer): Promise<Buffer> {
  const name = [ident.origin, ident.name, ident.version, ident.release].join('/');
  const folder = `hab/pkgs/${name}`;
  const ending = ident.target.endsWith('windows') ? '\r\n' : '\n';
  const tar = await tarOf({
    [`${folder}/IDENT`]: `${name}${ending}`,
    [`${folder}/TARGET`]: `${ident.target}${ending}`,
    [`${folder}/MANIFEST`]: `# ${ident.origin} / ${ident.name}\n\n* __Version__: ${ident.version}\n`,
    [`${folder}/bin/content`]: filler,
  });
  return compress(tar);
}
