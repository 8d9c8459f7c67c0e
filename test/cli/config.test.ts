import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig, SETTINGS_VARIABLE } from '../../src/config.ts';
import { loadConfig } from '../../src/config-file.ts';
import { DrError } from '../../src/errors.ts';

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'config', 'example.yml');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hbdr-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

function refusal(environment: Record<string, string>, file?: string): DrError {
  try {
    file === undefined ? parseConfig(environment) : loadConfig(environment, file);
  } catch (error) {
    if (error instanceof DrError) return error;
  }
  throw new Error('was accepted');
}

describe('the configuration', () => {
  it('refuses two accounts, with the reason', () => {
    const { message } = refusal({ BUILDER_DR_DR_ACCOUNT: '210987654321' }, example);
    expect(message).toContain('dr.account: both sites must be in one account (123456789012) for now');
  });

  it('takes the commented example', () => {
    expect(loadConfig({}, example)).toMatchObject({ stage: 'prod', policy: { captureIntervalMinutes: 60 } });
  });

  it('lets the environment override the file, with numbers as numbers', () => {
    const environment = {
      BUILDER_DR_PRIMARY_BUCKET: 'other-bucket',
      BUILDER_DR_POLICY_RPO_TARGET_MINUTES: '30',
      BUILDER_DR_POLICY_COPY_LIMIT: '',
    };
    const config = loadConfig(environment, example);
    expect(config.primary.bucket).toBe('other-bucket');
    expect(config.policy).toMatchObject({ rpoTargetMinutes: 30, copyLimit: 20 });
  });

  it('names every bad setting at once, and prints no value', async () => {
    const file = join(folder, 'bad.yml');
    await writeFile(
      file,
      'stage: PROD\naccount: 42\nprimary: { region: nowhere, bucket: B, colour: red }\ndr: { region: us-west-2, replicaBucket: same-one, vaultBucket: same-two, escrowKmsKey: k }\npolicy: { shrinkPercent: secret-value }\nbackup: {}\n',
    );
    const { code, message, hint } = refusal({ BUILDER_DR_POLICY_COLOUR: 'red', BUILDER_DR_DR_REGION: 'there' }, file);
    expect(code).toBe('BAD_CONFIG');
    for (const name of [
      'stage',
      'account',
      'primary.region',
      'primary.bucket',
      'primary.database',
      'colour',
      'dr.region',
      'policy.shrinkPercent',
      'backup',
      'BUILDER_DR_POLICY_COLOUR',
    ]) {
      expect(message).toContain(name);
    }
    expect(message).not.toContain('secret-value');
    expect(hint).toContain('config/example.yml');
  });

  it('says of a setting that is gone what is so now; what the stack of the version before wrote is read without it', async () => {
    const file = join(folder, 'before.yml');
    const text = await readFile(example, 'utf8');
    await writeFile(file, text.replace('\npolicy:\n', '\npolicy:\n  snapshotQuota: 100\n'));
    const { message } = refusal({}, file);
    expect(message).toContain('1 bad settings');
    expect(message).toContain('policy.snapshotQuota is gone: AWS is asked for the quota itself; take the line out');
    const settings = { ...parse(text), policy: { snapshotQuota: 100, rpoTargetMinutes: 30 } };
    const read = parseConfig({ [SETTINGS_VARIABLE]: JSON.stringify(settings) });
    expect(read.policy).toMatchObject({ rpoTargetMinutes: 30 });
    expect(read.policy).not.toHaveProperty('snapshotQuota');
  });

  it.each([
    ['one region for both sites', { BUILDER_DR_DR_REGION: 'us-east-1' }, 'dr.region: must differ'],
    [
      'one bucket for replica and vault',
      { BUILDER_DR_DR_VAULT_BUCKET: 'acme-builder-replica' },
      'dr.vaultBucket: must differ',
    ],
    [
      'the primary bucket as replica',
      { BUILDER_DR_DR_REPLICA_BUCKET: 'acme-builder-artifacts' },
      'dr.replicaBucket: must differ',
    ],
  ])('refuses %s', (_name, environment, says) => {
    expect(refusal(environment, example).message).toContain(says);
  });

  it('says which file it could not read, and what to do', () => {
    expect(refusal({}, join(folder, 'none.yml'))).toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining('none.yml'),
    });
  });
});
