import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import type { Vault } from '../../src/core/ports/vault.ts';
import { World } from '../setup/world.ts';
import { memoryVault } from '../world/vault.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.stop());

/** As the deployed one is (infra/buckets.yml). */
async function versioned(): Promise<Vault> {
  const { config, drS3, ports } = await World.create(sandbox, 'vault-versions');
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await drS3.send(new PutBucketVersioningCommand({ Bucket: config.dr.vaultBucket, VersioningConfiguration }));
  return ports.vault;
}

const adapters: [string, () => Promise<Vault>][] = [
  ['memory', async () => memoryVault(() => new Date())],
  ['S3', versioned],
];

describe.each(adapters)('the versions of a document in a vault on %s', (_name, open) => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await open();
  });
  const bodies = async (key: string, most = 20) => {
    const found = await vault.versions(key, most);
    return Promise.all(found.map(({ version }) => vault.getVersion(key, version)));
  };

  it('are what was written, the newest first, the one that is there among them', async () => {
    const first = await vault.put('failovers/a.json', '1', undefined);
    const second = await vault.put('failovers/a.json', '2', first);
    await vault.put('failovers/a.json', '3', second);
    expect(await bodies('failovers/a.json')).toEqual(['3', '2', '1']);
    expect(await bodies('failovers/a.json', 2)).toEqual(['3', '2']);
    const times = (await vault.versions('failovers/a.json', 20)).map(({ writtenAt }) => writtenAt.getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  it('are those of this key alone, and none of what was never there', async () => {
    await vault.put('failovers/b', '1', undefined);
    await vault.put('failovers/b.json', 'another', undefined);
    expect(await bodies('failovers/b')).toEqual(['1']);
    expect(await vault.versions('failovers/none.json', 20)).toEqual([]);
  });

  it('stay when the document is removed, and one that is not kept is not there', async () => {
    await vault.put('failovers/c.json', '1', undefined);
    await vault.remove('failovers/c.json');
    expect(await vault.get('failovers/c.json')).toBeUndefined();
    expect(await bodies('failovers/c.json')).toEqual(['1']);
    const [{ version } = { version: '' }] = await vault.versions('failovers/a.json', 1);
    expect(await vault.getVersion('failovers/none.json', version)).toBeUndefined();
  });
});
