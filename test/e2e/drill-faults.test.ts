import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { builderKey } from '../../sandbox/seed/box.ts';
import { SeededRandom } from '../../sandbox/seed/random.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { allFindings } from '../../src/core/recovery/lifecycle.ts';
import type { Run } from '../../src/core/recovery/run.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { encode } from '../../src/jobs/vault/documents.ts';
import { MASTER, query, RecoveryWorld } from '../setup/recovery-world.ts';
import { DR, PASSWORD, until } from '../setup/world.ts';

/** Each fault is planted in the real parts, found by name in a drill, and taken away again. */
let sandbox: Sandbox;
let subject: RecoveryWorld;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  subject = await RecoveryWorld.create(sandbox, 'faults');
});
afterAll(async () => {
  await subject.builder.close();
  await sandbox.stop();
});

const escrowKey = vaultKeys.escrowed('bldr-20240101000000.box.key');
const found = (run: Run) => [...new Set(allFindings(run).map((each) => each.code))].sort();
const samples = (run: Run, code: string) => allFindings(run).find((each) => each.code === code)?.samples;
const victim = () => subject.builder.packages[2]?.key ?? '';

async function flipLastByte(key: string): Promise<Buffer> {
  const where = { Bucket: subject.world.config.dr.replicaBucket, Key: key };
  const body = Buffer.from(
    (await (await subject.world.drS3.send(new GetObjectCommand(where))).Body?.transformToByteArray()) ?? [],
  );
  const bad = Buffer.from(body);
  bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1;
  await subject.world.drS3.send(new PutObjectCommand({ ...where, Body: bad }));
  return body;
}

/** Deletes a package's rows, as Builder does. */
async function forget(checksum: string): Promise<void> {
  const ids = `(SELECT id FROM origin_packages WHERE checksum = '${checksum}')`;
  await subject.sql(`DELETE FROM origin_channel_packages WHERE package_id IN ${ids}`);
  await subject.sql(`DELETE FROM origin_packages WHERE checksum = '${checksum}'`);
}

async function replaceEscrow(body: string): Promise<string> {
  const before = await subject.ports.vault.get(escrowKey);
  await subject.ports.vault.put(escrowKey, body, before?.etag);
  return before?.body ?? '';
}

async function setPassword(SecretString: string): Promise<void> {
  const secrets = new SecretsManagerClient(clientOf(sandbox.address, DR));
  await secrets.send(new PutSecretValueCommand({ SecretId: 'faults/database', SecretString }));
}

describe('a drill finds by name', () => {
  it('nothing, where everything fits', async () => {
    await subject.protect();
    expect(found(await subject.drill())).toEqual([]);
  });

  it('a row without an object: ARTIFACT_MISSING', async () => {
    await subject.sql(`INSERT INTO origin_packages (name, ident, ident_array, target, origin, checksum)
      SELECT 'ghost', 'core/ghost/1/20240101000000', '{core,ghost,1,20240101000000}', 'x86_64-linux', name, 'x'
      FROM origins WHERE name = 'core'`);
    await subject.protect();
    const run = await subject.drill();
    expect([run.state, found(run)]).toEqual(['failed', ['ARTIFACT_MISSING']]);
    expect(samples(run, 'ARTIFACT_MISSING')).toEqual([
      'core/ghost/1/20240101000000/x86_64/linux/core-ghost-1-20240101000000-x86_64-linux.hart',
    ]);
    await subject.sql("DELETE FROM origin_packages WHERE name = 'ghost'");
  });

  it('a row whose object was deleted before the capture: ARTIFACT_MISSING, for the row should be gone too', async () => {
    const early = await subject.builder.publish();
    const { s3, drS3, config } = subject.world;
    await subject.protect();
    await s3.send(new DeleteObjectCommand({ Bucket: config.primary.bucket, Key: early.key }));
    for (const { versionId } of (await subject.ports.primaryArtifacts.history(early.key)).versions) {
      await s3.send(new DeleteObjectCommand({ Bucket: config.primary.bucket, Key: early.key, VersionId: versionId }));
    }
    await drS3.send(new DeleteObjectCommand({ Bucket: config.dr.replicaBucket, Key: early.key }));
    const { deletedAt = new Date() } = await subject.ports.primaryArtifacts.history(early.key);
    // Deletions are dated to the second: the data must be of a later one.
    await until('the next second', async () => (Date.now() - deletedAt.getTime() > 1_000 ? true : undefined));
    await subject.protect();
    const run = await subject.drill();
    expect([run.state, found(run), samples(run, 'ARTIFACT_MISSING')]).toEqual([
      'failed',
      ['ARTIFACT_MISSING'],
      [early.key],
    ]);
    await forget(early.checksum);
  });

  it('an object deleted at the primary after the capture, for good: noted as deleted in the window, not missing', async () => {
    const late = await subject.builder.publish();
    const point = await subject.protect();
    const { s3, drS3, config } = subject.world;
    await s3.send(new DeleteObjectCommand({ Bucket: config.primary.bucket, Key: late.key }));
    const { versions } = await subject.ports.primaryArtifacts.history(late.key);
    for (const { versionId } of versions) {
      await s3.send(new DeleteObjectCommand({ Bucket: config.primary.bucket, Key: late.key, VersionId: versionId }));
    }
    await drS3.send(new DeleteObjectCommand({ Bucket: config.dr.replicaBucket, Key: late.key }));
    const run = await subject.drill({ point: point.id });
    expect([run.state, found(run)]).toEqual(['passed', []]);
    expect(run.attempts[0]?.comparison?.deletedInWindow).toEqual({ count: 1, samples: [late.key] });
    await forget(late.checksum);
  });

  it('an object with one flipped byte: ARTIFACT_CORRUPT', async () => {
    await subject.protect();
    const good = await flipLastByte(victim());
    const run = await subject.drill();
    expect([run.state, found(run)]).toEqual(['failed', ['ARTIFACT_CORRUPT']]);
    expect(samples(run, 'ARTIFACT_CORRUPT')).toEqual([victim()]);
    const where = { Bucket: subject.world.config.dr.replicaBucket, Key: victim() };
    await subject.world.drS3.send(new PutObjectCommand({ ...where, Body: good }));
  });

  it('a row whose checksum differs: CHECKSUM_MISMATCH', async () => {
    const { checksum } = subject.builder.packages[2] as { checksum: string };
    await subject.sql(`UPDATE origin_packages SET checksum = repeat('0', 64) WHERE checksum = '${checksum}'`);
    await subject.protect();
    const run = await subject.drill();
    expect([run.state, found(run), samples(run, 'CHECKSUM_MISMATCH')]).toEqual([
      'failed',
      ['CHECKSUM_MISMATCH'],
      [victim()],
    ]);
    await subject.sql(`UPDATE origin_packages SET checksum = '${checksum}' WHERE checksum = repeat('0', 64)`);
  });

  it('a signer that the restored database does not know: SIGNER_UNKNOWN', async () => {
    await subject.sql('CREATE TABLE kept AS SELECT * FROM origin_public_keys');
    await subject.sql('DELETE FROM origin_public_keys');
    await subject.protect();
    const run = await subject.drill();
    expect(found(run)).toContain('SIGNER_UNKNOWN');
    await subject.sql('INSERT INTO origin_public_keys SELECT * FROM kept');
    await subject.sql('DROP TABLE kept');
  });

  it('a table owned by the wrong role: DATABASE_OWNER_WRONG', async () => {
    await query({ ...subject.login, ...MASTER }, 'CREATE ROLE restorer; GRANT restorer TO hab');
    await subject.sql('GRANT CREATE ON SCHEMA public TO restorer; ALTER TABLE account_tokens OWNER TO restorer');
    await subject.protect();
    const run = await subject.drill();
    expect([run.state, found(run)]).toEqual(['failed', ['DATABASE_OWNER_WRONG']]);
    expect(samples(run, 'DATABASE_OWNER_WRONG')).toEqual(['account_tokens (restorer)']);
    await subject.sql('ALTER TABLE account_tokens OWNER TO hab');
  });

  it('a key that left the escrow: BUILDER_KEY_MISSING', async () => {
    await subject.protect();
    const before = (await subject.ports.vault.get(escrowKey))?.body ?? '';
    await subject.ports.vault.remove(escrowKey);
    const run = await subject.drill();
    expect([run.state, found(run)]).toEqual(['failed', ['BUILDER_KEY_MISSING']]);
    await subject.ports.vault.put(escrowKey, before, undefined);
  });

  it('another key under the right name: BUILDER_KEY_USELESS', async () => {
    await subject.protect();
    const wrong = builderKey('20240101000000', new SeededRandom('another'));
    const name = 'bldr-20240101000000.box.key';
    const sealed = await subject.ports.escrow.seal(
      { name, mode: 0o400, content: Buffer.from(wrong.secretText) },
      new Date(),
    );
    const before = await replaceEscrow(encode(sealed));
    const run = await subject.drill();
    expect([run.state, found(run)]).toEqual(['failed', ['BUILDER_KEY_USELESS']]);
    await replaceEscrow(before);
  });

  it("Builder's credentials refused: BUILDER_CREDENTIALS_UNUSABLE, and no secret in the record", async () => {
    await subject.protect();
    await setPassword('not-the-password');
    const run = await subject.drill();
    expect([run.state, found(run)]).toEqual(['failed', ['BUILDER_CREDENTIALS_UNUSABLE']]);
    expect(allFindings(run)[0]?.text).toContain('password authentication failed');
    await setPassword(PASSWORD);
    const everything = [...(await subject.ports.vault.list(''))].map(
      async ({ key }) => (await subject.ports.vault.get(key))?.body,
    );
    const vault = (await Promise.all(everything)).join('');
    for (const secret of ['not-the-password', PASSWORD, sandbox.address.secretAccessKey])
      expect(vault).not.toContain(secret);
    const [{ token } = { token: 'none' }] = (await subject.sql('SELECT token FROM account_tokens')) as {
      token: string;
    }[];
    expect(vault).not.toContain(Buffer.from(token.slice(1), 'base64').toString().split('\n').at(-1));
  });

  it('a migrated but empty database: DATABASE_EMPTY', async () => {
    const emptied = await RecoveryWorld.create(sandbox, 'emptied');
    await emptied.protect();
    await emptied.drill();
    await emptied.sql('TRUNCATE accounts, account_tokens, origins CASCADE');
    await emptied.protect();
    const run = await emptied.drill();
    await emptied.builder.close();
    expect(run.state).toBe('failed');
    expect(found(run)).toEqual(['DATABASE_EMPTY', 'ROWS_FELL']);
  });
});
