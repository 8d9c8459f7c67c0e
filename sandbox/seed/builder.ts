import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import pg from 'pg';
import { type BuilderKey, builderKey } from './box.ts';
import { type SigningKey, signingKey } from './hart.ts';
import { deletePackage, publishPackage, type SeededPackage, seededIdent } from './packages.ts';
import { SeededRandom } from './random.ts';
import { ledgerVersions, schemaSql } from './schema.ts';

export type SeedOptions = {
  s3: S3Client;
  bucket: string;
  database: { host: string; port: number; user: string; password: string };
  packages: number;
  /** Size of an ordinary package's content; the first one is larger than one multipart part. */
  contentBytes: number;
  largeBytes: number;
  seed: string;
  /** Where Builder's key files go. */
  keysFolder: string;
};

export type SeededBuilder = {
  packages: SeededPackage[];
  /** Publishes one more package, as `hab pkg upload` would. */
  publish: (bytes?: number) => Promise<SeededPackage>;
  /** Deletes a package and uploads another build of it under the same name: other bytes, a new row. */
  publishAnew: (made: SeededPackage, bytes?: number) => Promise<SeededPackage>;
  close: () => Promise<void>;
};

const origins = ['core', 'neurosis', 'acme-corp'] as const;
const SIGNER_REVISION = '20240101000000';

async function createRows(db: pg.PoolClient, signers: Map<string, SigningKey>, bldr: BuilderKey): Promise<void> {
  await db.query('BEGIN');
  await db.query(schemaSql);
  for (const version of ledgerVersions) {
    await db.query('INSERT INTO __diesel_schema_migrations (version) VALUES ($1)', [version]);
  }
  const account = await db.query("INSERT INTO accounts (name, email) VALUES ('bob', 'bob@example.com') RETURNING id");
  const owner = account.rows[0].id;
  const token = `_${Buffer.from(bldr.seal(`token of ${owner}`)).toString('base64')}`;
  await db.query('INSERT INTO account_tokens (account_id, token) VALUES ($1, $2)', [owner, token]);
  for (const [origin, signer] of signers) {
    await db.query('INSERT INTO origins (name, owner_id) VALUES ($1, $2)', [origin, owner]);
    await db.query("INSERT INTO origin_members (origin, account_id, member_role) VALUES ($1, $2, 'owner')", [
      origin,
      owner,
    ]);
    for (const channel of ['unstable', 'stable']) {
      await db.query('INSERT INTO origin_channels (owner_id, name, origin) VALUES ($1, $2, $3)', [
        owner,
        channel,
        origin,
      ]);
    }
    const key = [owner, origin, SIGNER_REVISION, signer.name];
    const columns = 'owner_id, name, revision, full_name, origin, body';
    await db.query(`INSERT INTO origin_public_keys (${columns}) VALUES ($1, $2, $3, $4, $2, $5)`, [
      ...key,
      signer.publicText,
    ]);
    await db.query(
      `INSERT INTO origin_secret_keys (${columns}, encryption_key_rev) VALUES ($1, $2, $3, $4, $2, $5, $6)`,
      [...key, bldr.seal(signer.secretText), bldr.revision],
    );
  }
  await db.query('COMMIT');
}

/** Makes a Builder: its database with rows, its key files and N really signed packages. */
export async function seedBuilder(options: SeedOptions): Promise<SeededBuilder> {
  const random = new SeededRandom(options.seed);
  const bldr = builderKey('20240101000000', random);
  await mkdir(options.keysFolder, { recursive: true });
  await writeFile(join(options.keysFolder, `bldr-${bldr.revision}.box.key`), bldr.secretText, {
    mode: 0o400,
    flag: 'w',
  });
  await writeFile(join(options.keysFolder, `bldr-${bldr.revision}.pub`), bldr.publicText, { mode: 0o444, flag: 'w' });
  const settings = '[datastore]\nhost = "primary"\nuser = "hab"\n[s3]\nbackend = "aws"\n';
  await writeFile(join(options.keysFolder, 'user.toml'), settings, { mode: 0o640 });
  await writeFile(join(options.keysFolder, 'bldr.env'), 'export PG_EXT_ENABLED=true\n', { mode: 0o640 });
  const signers = new Map(origins.map((origin) => [origin as string, signingKey(origin, SIGNER_REVISION, random)]));
  for (const signer of signers.values()) {
    await writeFile(join(options.keysFolder, `${signer.name}.pub`), signer.publicText, { mode: 0o444 });
  }
  const db = new pg.Pool({ ...options.database, database: 'builder', max: 4 });
  // A fence ends idle connections; whoever uses the pool next hears of it.
  db.on('error', () => undefined);
  const client = await db.connect();
  await createRows(client, signers, bldr);
  client.release();
  const world = { s3: options.s3, bucket: options.bucket, db };
  let serial = 0;
  const publish = async (bytes = options.contentBytes) => {
    const origin = random.pick(origins);
    const ident = seededIdent(serial, origin, random);
    serial += 1;
    return publishPackage(world, ident, signers.get(origin) as SigningKey, random.bytes(bytes));
  };
  const publishAnew = async ({ ident }: SeededPackage, bytes = options.contentBytes) => {
    await deletePackage(world, ident);
    return publishPackage(world, ident, signers.get(ident.origin) as SigningKey, random.bytes(bytes));
  };
  const packages: SeededPackage[] = [];
  const next = async (): Promise<void> => {
    while (serial < options.packages) packages.push(await publish(serial === 0 ? options.largeBytes : undefined));
  };
  await Promise.all([next(), next(), next(), next()]);
  return { packages, publish, publishAnew, close: () => db.end() };
}
