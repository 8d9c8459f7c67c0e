import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type pg from 'pg';
import { objectKeyOf, type PackageIdent } from '../../src/hart/ident.ts';
import { blake2b256, packagePayload, type SigningKey, signHart } from './hart.ts';
import type { SeededRandom } from './random.ts';

export type SeededPackage = { ident: PackageIdent; key: string; bytes: number; checksum: string };

const names = ['zlib', 'openssl', 'gcc-libs', 'testapp', 'redis', 'nginx', 'jre8', 'winapp'] as const;
const targets = ['x86_64-linux', 'x86_64-linux', 'x86_64-linux-kernel2', 'x86_64-windows', 'aarch64-linux'] as const;
const versions = ['1.2.3', '0.0~r131', 'R16B02-5', 'v1.2.3-master', '1.0.2h', '19.1.0.', '7u79'] as const;

/** The n-th package of a seeded Builder; every ident and target is its own. */
export function seededIdent(n: number, origin: string, random: SeededRandom): PackageIdent {
  const release = String(20240101000000 + n);
  return { origin, name: random.pick(names), version: random.pick(versions), release, target: random.pick(targets) };
}

/** Uploads as Builder does: the object first (10 MiB parts), then the row. */
export async function publishPackage(
  world: { s3: S3Client; bucket: string; db: pg.Pool },
  ident: PackageIdent,
  signer: SigningKey,
  filler: Buffer,
): Promise<SeededPackage> {
  const hart = await signHart(await packagePayload(ident, filler), signer);
  const key = objectKeyOf(ident);
  const upload = new Upload({
    client: world.s3,
    params: { Bucket: world.bucket, Key: key, Body: hart },
    partSize: 10_485_760,
  });
  await upload.done();
  const checksum = await blake2b256(hart);
  const parts = [ident.origin, ident.name, ident.version, ident.release];
  await world.db.query(
    `WITH added AS (
       INSERT INTO origin_packages (owner_id, name, ident, ident_array, checksum, manifest, target, origin, exposes)
       SELECT owner_id, $1, $2, $3, $4, $5, $6, name, '{}' FROM origins WHERE name = $7 RETURNING id, origin)
     INSERT INTO origin_channel_packages (channel_id, package_id)
     SELECT c.id, a.id FROM added a JOIN origin_channels c ON c.origin = a.origin AND c.name = 'unstable'`,
    [ident.name, parts.join('/'), parts, checksum, `# ${ident.name}`, ident.target, ident.origin],
  );
  return { ident, key, bytes: hart.length, checksum };
}

/** Deletes as Builder does (since 20260608): the row with its channels, and the object. */
export async function deletePackage(
  world: { s3: S3Client; bucket: string; db: pg.Pool },
  ident: PackageIdent,
): Promise<void> {
  const named = [[ident.origin, ident.name, ident.version, ident.release].join('/'), ident.target];
  const which = 'SELECT id FROM origin_packages WHERE ident = $1 AND target = $2';
  await world.db.query(`DELETE FROM origin_channel_packages WHERE package_id IN (${which})`, named);
  await world.db.query('DELETE FROM origin_packages WHERE ident = $1 AND target = $2', named);
  await world.s3.send(new DeleteObjectCommand({ Bucket: world.bucket, Key: objectKeyOf(ident) }));
}
