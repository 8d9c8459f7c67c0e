import { beforeAll, describe, expect, it } from 'vitest';
import { type SigningKey, signHart, signingKey } from '../../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../../sandbox/seed/random.ts';
import type { VerificationRecord } from '../../../src/core/artifacts/documents.ts';
import { ArtifactBatch } from '../../../src/jobs/artifacts/verify.ts';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { TestClock } from '../../setup/policy.ts';
import { type MemoryPorts, memoryPorts } from '../../world/ports.ts';

const random = new SeededRandom('artifacts');
const core = signingKey('core', '20240101000000', random);
const nobody = signingKey('nobody', '20240101000000', random);
const box = `BOX-SEC-1\nbldr-20240101000000\n\n${Buffer.alloc(32, 7).toString('base64')}`;
const keyFiles = [
  { name: 'bldr-20240101000000.box.key', mode: 0o400, content: Buffer.from(box) },
  { name: `${core.name}.pub`, mode: 0o444, content: Buffer.from(core.publicText) },
];
const hart = (signer: SigningKey = core) => signHart(random.bytes(500), signer);
const flipped = (bytes: Buffer) => {
  const out = Buffer.from(bytes);
  out[out.length - 1] = (out[out.length - 1] ?? 0) ^ 1;
  return out;
};
let good: Buffer;
beforeAll(async () => {
  good = await hart();
});

async function newWorld(): Promise<MemoryPorts> {
  const ports = memoryPorts(new TestClock().read);
  expect((await escrowKeys(ports, keyFiles)).published).toEqual([`${core.name}.pub`]);
  return ports;
}

async function work(ports: MemoryPorts, ...keys: string[]): Promise<VerificationRecord[]> {
  const batch = await ArtifactBatch.begin(ports);
  try {
    for (const key of keys) await batch.handle(key);
  } finally {
    await batch.end();
  }
  const logs = await ports.vault.list('verified/log/');
  const bodies = await Promise.all(logs.map(async ({ key }) => (await ports.vault.get(key))?.body ?? ''));
  return bodies
    .join('')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as VerificationRecord);
}

describe('verifying what was copied', () => {
  it('records the bytes at rest, one log entry a batch: key, ETag, size, both hashes, signer, verdict', async () => {
    const ports = await newWorld();
    for (const name of ['a', 'b']) ports.primaryArtifacts.plant(name, good);
    const records = await work(ports, 'a', 'b');
    expect(await ports.vault.list('verified/log/')).toHaveLength(1);
    expect(records.map((each) => [each.key, each.verdict, each.signer])).toEqual([
      ['a', 'OK', core.name],
      ['b', 'OK', core.name],
    ]);
    const held = await ports.replica.head('a');
    expect(records[0]).toMatchObject({ schema: 'verified/1', etag: held?.etag, size: good.length });
  });

  it('repairs damaged bytes in the replica from the primary, and records what is there then', async () => {
    const ports = await newWorld();
    ports.primaryArtifacts.plant('a', good);
    ports.replica.plant('a', flipped(good));
    const [record] = await work(ports, 'a');
    expect(record).toMatchObject({ verdict: 'OK', etag: (await ports.primaryArtifacts.head('a'))?.etag });
    expect((await ports.replica.head('a'))?.etag).toBe(record?.etag);
  });

  it('repairs an object of another size too', async () => {
    const ports = await newWorld();
    ports.primaryArtifacts.plant('a', good);
    ports.replica.plant('a', good.subarray(0, 300));
    expect(await work(ports, 'a')).toMatchObject([{ verdict: 'OK', size: good.length }]);
  });

  it('overwrites nothing when the bytes at the primary are wrong as well', async () => {
    const ports = await newWorld();
    const bad = flipped(good);
    ports.primaryArtifacts.plant('a', bad);
    expect(await work(ports, 'a')).toMatchObject([{ verdict: 'PAYLOAD_HASH_MISMATCH' }]);
    expect((await ports.replica.head('a'))?.etag).toBe((await ports.primaryArtifacts.head('a'))?.etag);
  });

  it('overwrites nothing for a signer it does not know, and says so', async () => {
    const ports = await newWorld();
    ports.primaryArtifacts.plant('a', await hart(nobody));
    expect(await work(ports, 'a')).toMatchObject([{ verdict: 'UNKNOWN_KEY', signer: nobody.name }]);
  });

  it('keeps a good package of another size aside, under its own hash, before the newer one takes its place', async () => {
    const ports = await newWorld();
    ports.primaryArtifacts.plant('a', good);
    const other = await signHart(random.bytes(700), core);
    ports.replica.plant('a', other);
    expect(await work(ports, 'a')).toMatchObject([{ verdict: 'OK', size: good.length }]);
    const kept = await ports.vault.list('displaced/');
    expect(kept.map(({ key }) => ports.displaced.bodies(key.replace('.json', '')))).toEqual([[other]]);
  });

  it('does not replace what somebody else replaced meanwhile', async () => {
    const ports = await newWorld();
    ports.primaryArtifacts.plant('a', good);
    ports.replica.plant('a', flipped(good));
    const { replaceFrom } = ports.replica;
    ports.replica.replaceFrom = async (source, badEtag) => {
      ports.replica.plant('a', await hart());
      return replaceFrom(source, badEtag);
    };
    await expect(work(ports, 'a')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('a package that is gone at the primary is no failure and no record', async () => {
    expect(await work(await newWorld(), 'gone')).toEqual([]);
  });
});
