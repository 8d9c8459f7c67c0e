import { beforeAll, describe, expect, it } from 'vitest';
import { type SigningKey, signHart, signingKey } from '../../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../../sandbox/seed/random.ts';
import { type VerificationRecord, verifiedSchema } from '../../../src/core/artifacts/documents.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { readLines } from '../../../src/jobs/artifacts/inventory.ts';
import { mergeVerifications } from '../../../src/jobs/artifacts/merge-verifications.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { ArtifactBatch } from '../../../src/jobs/artifacts/verify.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { readDocument } from '../../../src/jobs/vault/documents.ts';
import { dyingPorts } from '../../setup/dying.ts';
import { TestClock, testPolicy } from '../../setup/policy.ts';
import { type MemoryPorts, memoryPorts } from '../../world/ports.ts';

const random = new SeededRandom('merge');
const core = signingKey('core', '20240101000000', random);
const acme = signingKey('acme', '20240101000000', random);
let harts: Buffer[];
beforeAll(async () => {
  harts = await Promise.all([core, core, acme].map((signer) => signHart(random.bytes(300), signer)));
});

const publish = (ports: MemoryPorts, signer: SigningKey) =>
  ports.vault.put(vaultKeys.publicKey(`${signer.name}.pub`), signer.publicText, undefined);

async function newWorld() {
  const clock = new TestClock();
  const ports = memoryPorts(clock.read);
  await publish(ports, core);
  for (const [n, body] of harts.entries()) ports.primaryArtifacts.plant(`p${n}`, body);
  clock.passMinutes(10);
  return { ports, clock };
}

/** Works off the queue, one batch for each few messages, as the function does. */
async function drain(ports: MemoryPorts): Promise<number> {
  const messages = ports.queue.messages.splice(0);
  for (let start = 0; start < messages.length; start += 2) {
    const batch = await ArtifactBatch.begin(ports);
    for (const { key } of messages.slice(start, start + 2)) await batch.handle(key);
    await batch.end();
  }
  return messages.length;
}

async function index(ports: MemoryPorts) {
  const found = await readDocument(ports.vault, vaultKeys.verified, verifiedSchema);
  if (!found) throw new Error('no index');
  const records: VerificationRecord[] = [];
  for await (const page of readLines<VerificationRecord>(ports.vault, found.value.key)) records.push(...page);
  const { ok, damaged, unknownSigner, unverified } = found.value;
  return { counts: [ok, damaged.count, unknownSigner.count, unverified.count], keys: records.map((each) => each.key) };
}

async function settled() {
  const world = await newWorld();
  await reconcile(world.ports, testPolicy);
  await drain(world.ports);
  await reconcile(world.ports, testPolicy);
  return world;
}

const files = (ports: MemoryPorts) => [...ports.vault.documents.keys()].filter((key) => key.startsWith('verified/'));

describe('what is known of every artifact in the replica', () => {
  it('is merged from the log into one sorted file, and the log is gone then', async () => {
    const { ports } = await settled();
    expect(await index(ports)).toEqual({ counts: [2, 0, 1, 0], keys: ['p0', 'p1', 'p2'] });
    expect(files(ports)).toEqual([expect.stringMatching(/^verified\/all-/)]);
    expect(ports.queue.messages).toEqual([]);
  });

  it('an unknown signer is a finding, and its packages are verified again once its key is there', async () => {
    const { ports, clock } = await settled();
    expect(
      (await readiness(ports, testPolicy)).findings.find((each) => each.code === 'SIGNER_UNKNOWN')?.samples,
    ).toEqual(['p2']);
    clock.passMinutes(1);
    await publish(ports, acme);
    await reconcile(ports, testPolicy);
    expect(await drain(ports)).toBe(1);
    await reconcile(ports, testPolicy);
    expect((await index(ports)).counts).toEqual([3, 0, 0, 0]);
  });

  it('a batch that began before a key came does not keep its packages unknown', async () => {
    const { ports, clock } = await newWorld();
    await reconcile(ports, testPolicy);
    const batch = await ArtifactBatch.begin(ports);
    await publish(ports, acme);
    clock.passMinutes(1);
    for (const { key } of ports.queue.messages.splice(0)) await batch.handle(key);
    await batch.end();
    await reconcile(ports, testPolicy);
    expect(await drain(ports)).toBe(1);
    await reconcile(ports, testPolicy);
    expect((await index(ports)).counts).toEqual([3, 0, 0, 0]);
  });

  it('an overwrite voids what was known, and the bytes are verified again, found wrong and repaired', async () => {
    const { ports } = await settled();
    const bytes = Buffer.from(harts[0] ?? '');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    ports.replica.plant('p0', bytes);
    await reconcile(ports, testPolicy);
    expect((await index(ports)).counts).toEqual([1, 0, 1, 1]);
    expect(ports.queue.messages.map((each) => each.key)).toEqual(['p0']);
    await drain(ports);
    await reconcile(ports, testPolicy);
    expect((await index(ports)).counts).toEqual([2, 0, 1, 0]);
    expect((await ports.replica.head('p0'))?.etag).toBe((await ports.primaryArtifacts.head('p0'))?.etag);
  });

  it('wrong bytes that the primary has too are critical, and tried again', async () => {
    const { ports } = await newWorld();
    ports.primaryArtifacts.plant('p0', Buffer.from('HART-1\nno package'));
    await reconcile(ports, testPolicy);
    await drain(ports);
    await reconcile(ports, testPolicy);
    const corrupt = (await readiness(ports, testPolicy)).findings.find((each) => each.code === 'ARTIFACT_CORRUPT');
    expect(corrupt).toMatchObject({ severity: 'critical', subject: 'signatures', samples: ['p0'] });
    expect(ports.queue.messages.map((each) => each.key)).toEqual(['p0']);
  });

  it('of two runs at once one gives way, and nothing is lost', async () => {
    const { ports } = await newWorld();
    await reconcile(ports, testPolicy);
    await drain(ports);
    await Promise.all([mergeVerifications(ports), mergeVerifications(ports), mergeVerifications(ports)]);
    await mergeVerifications(ports);
    expect((await index(ports)).counts).toEqual([2, 0, 1, 0]);
  });

  it('killed before or after any call, and run again, it knows the same', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let n = 1; ; n += 1) {
        const { ports } = await newWorld();
        await reconcile(ports, testPolicy);
        await drain(ports);
        const killed = await mergeVerifications(dyingPorts(ports, n, when)).then(
          () => false,
          () => true,
        );
        await mergeVerifications(ports);
        expect((await index(ports)).counts, `${when} call ${n}`).toEqual([2, 0, 1, 0]);
        if (!killed) break;
      }
    }
  });

  it('a file that a killed run left is removed a day later', async () => {
    const { ports, clock } = await settled();
    await ports.vault.put('verified/all-20261101T000000-x.ndjson.gz', 'left', undefined);
    await mergeVerifications(ports);
    expect(files(ports)).toHaveLength(2);
    clock.passMinutes(25 * 60);
    await mergeVerifications(ports);
    expect(files(ports)).toHaveLength(1);
  });

  it('is kept up while the primary is dark', async () => {
    const { ports } = await newWorld();
    await reconcile(ports, testPolicy);
    await drain(ports);
    ports.primaryArtifacts.pages = async function* () {
      const { DrError } = await import('../../../src/errors.ts');
      yield [];
      throw new DrError('SITE_UNREACHABLE', 'dark', { site: 'primary' });
    };
    expect(await reconcile(ports, testPolicy)).toEqual({ primaryDark: 'dark' });
    expect((await index(ports)).counts).toEqual([2, 0, 1, 0]);
  });
});
