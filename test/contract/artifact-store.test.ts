import { GetObjectCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { clientSettings } from '../../src/adapters/aws/client.ts';
import { s3Artifacts } from '../../src/adapters/aws/s3-artifacts.ts';
import { CONDITIONS_KEY, canaryKey, FENCE_PROBE_KEY, TRIAL_KEY } from '../../src/core/artifacts/reserved.ts';
import type { ObjectEntry } from '../../src/core/ports/artifacts.ts';
import { type ArtifactStores, artifactKey as key, storesInMemory, storesOnS3 } from '../setup/artifact-stores.ts';
import { World } from '../setup/world.ts';

let sandbox: Sandbox;
let world: World;
beforeAll(async () => {
  sandbox = await startSandbox();
  world = await World.create(sandbox, 'artifacts');
});
afterAll(() => sandbox.stop());

describe.each([
  ['memory', storesInMemory],
  ['S3', () => storesOnS3(world)],
] as [string, () => Promise<ArtifactStores>][])('artifact stores on %s', (_name, open) => {
  let subject: ArtifactStores;
  beforeAll(async () => {
    subject = await open();
  });
  const copy = async (name: string, entry?: ObjectEntry) => {
    const found = entry ?? ((await subject.source.head(key(name))) as ObjectEntry);
    return subject.replica.copyFrom({ bucket: subject.source.bucket, entry: found });
  };

  it('answers undefined for an object that is not there', async () => {
    expect(await subject.source.head('core/none')).toBeUndefined();
  });

  it('copies under the same key, with odd characters in it', async () => {
    await subject.plant('source', key('zlib'), Buffer.from('zlib'));
    expect(await copy('zlib')).toBe('copied');
    expect(await subject.replica.head(key('zlib'))).toMatchObject({ key: key('zlib'), size: 4 });
  });

  it('never overwrites: a second copy answers that it exists', async () => {
    await subject.plant('source', key('twice'), Buffer.from('new content'));
    await subject.plant('replica', key('twice'), Buffer.from('old'));
    expect(await copy('twice')).toBe('exists');
    expect((await subject.replica.head(key('twice')))?.size).toBe(3);
  });

  it('lets one of two copies at once do it', async () => {
    await subject.plant('source', key('race'), Buffer.from('race'));
    expect((await Promise.all([copy('race'), copy('race')])).sort()).toEqual(['copied', 'exists']);
  });

  it('refuses to copy what changed since it was looked at', async () => {
    await subject.plant('source', key('changing'), Buffer.from('before'));
    const before = (await subject.source.head(key('changing'))) as ObjectEntry;
    await subject.plant('source', key('changing'), Buffer.from('after it'));
    await expect(copy('changing', before)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await subject.replica.head(key('changing'))).toBeUndefined();
  });

  it('reads the bytes of an object, and says when there is none', async () => {
    await subject.plant('source', key('read'), Buffer.from('the bytes'));
    const parts: Uint8Array[] = [];
    for await (const part of await subject.source.open(key('read'))) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe('the bytes');
    await expect(subject.source.open('core/none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lists what is under a prefix only', async () => {
    await subject.plant('source', 'some/a', Buffer.from('a'));
    await subject.plant('source', 'somewhere/b', Buffer.from('b'));
    const seen: string[] = [];
    for await (const page of subject.source.pages('some/')) seen.push(...page.map((entry) => entry.key));
    expect(seen).toEqual(['some/a']);
  });

  it.each([FENCE_PROBE_KEY, TRIAL_KEY, CONDITIONS_KEY, canaryKey('run')])('do not list or look at %s', async (ours) => {
    for (const where of ['source', 'replica'] as const) {
      await subject.plant(where, ours, Buffer.from('probe'));
      const seen: string[] = [];
      for await (const page of subject[where].pages(ours)) seen.push(...page.map((entry) => entry.key));
      expect(seen).toEqual([]);
      expect(await subject[where].head(ours)).toBeUndefined();
      expect(await subject[where].history(ours)).toEqual({ deletedAt: undefined, versions: [] });
    }
  });

  it('reads only the bytes it was asked for: another ETag is a conflict', async () => {
    await subject.plant('source', key('tagged'), Buffer.from('one'));
    const { etag } = (await subject.source.head(key('tagged'))) as ObjectEntry;
    await subject.source.open(key('tagged'), etag);
    await subject.plant('source', key('tagged'), Buffer.from('two'));
    await expect(subject.source.open(key('tagged'), etag)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('replaces exactly the object that was found bad, and nothing that came since', async () => {
    await subject.plant('source', key('repair'), Buffer.from('right'));
    await subject.plant('replica', key('repair'), Buffer.from('wrong'));
    const entry = (await subject.source.head(key('repair'))) as ObjectEntry;
    const bad = (await subject.replica.head(key('repair'))) as ObjectEntry;
    const repair = () => subject.replica.replaceFrom({ bucket: subject.source.bucket, entry }, bad.etag);
    await repair();
    expect((await subject.replica.head(key('repair')))?.etag).toBe(entry.etag);
    await expect(repair()).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('says when the source is gone', async () => {
    const entry = { key: key('gone'), size: 1, etag: '"x"', lastModified: new Date() };
    await expect(copy('gone', entry)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lists every object once, in the order of the bytes, past the first thousand', async () => {
    const names = [...Array(1_005).keys()].map((n) => `many/${String(n).padStart(5, '0')}`);
    for (let start = 0; start < names.length; start += 50) {
      await Promise.all(names.slice(start, start + 50).map((name) => subject.plant('source', name, Buffer.from('x'))));
    }
    const seen: string[] = [];
    for await (const page of subject.source.pages()) seen.push(...page.map((entry) => entry.key));
    expect(seen.filter((each) => each.startsWith('many/'))).toEqual(names);
    expect(seen).toEqual([...seen].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });
});

describe('a repair in a versioned bucket', () => {
  it('keeps the bytes that were wrong as the version before', async () => {
    const { drS3, s3, config } = world;
    const Bucket = config.dr.replicaBucket;
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await drS3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await s3.send(new PutObjectCommand({ Bucket: config.primary.bucket, Key: 'kept', Body: 'right' }));
    const { VersionId } = await drS3.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'wrong' }));
    const entry = (await world.ports.primaryArtifacts.head('kept')) as ObjectEntry;
    const bad = (await world.ports.replica.head('kept')) as ObjectEntry;
    expect(bad.versionId).toBe(VersionId);
    await world.ports.replica.replaceFrom({ bucket: config.primary.bucket, entry }, bad.etag);
    const read = async (version: object) =>
      (await drS3.send(new GetObjectCommand({ Bucket, Key: 'kept', ...version }))).Body?.transformToString();
    expect([await read({}), await read({ VersionId })]).toEqual(['right', 'wrong']);
  });
});

describe('copies of large objects', () => {
  it('go part by part, arrive whole, and overwrite nothing either', async () => {
    const { dr, primary } = world.config;
    const store = s3Artifacts({
      client: world.drS3,
      streams: { client: world.drS3, idleMs: 10_000 },
      bucket: dr.replicaBucket,
      site: 'dr',
      copyLimitBytes: 8_000_000,
      copyPartBytes: 5_242_880,
    });
    await world.upload('large.hart', Buffer.alloc(12_000_000, 7));
    const entry = (await world.ports.primaryArtifacts.head('large.hart')) as ObjectEntry;
    expect(await store.copyFrom({ bucket: primary.bucket, entry })).toBe('copied');
    expect((await store.head('large.hart'))?.size).toBe(12_000_000);
    expect(await store.copyFrom({ bucket: primary.bucket, entry })).toBe('exists');
  });
});

describe('time-outs of the replica', () => {
  afterEach(() => sandbox.control.faults([]));
  const waiting = (requestTimeoutMs: number) =>
    world.with((config) => ({ ...config, network: { ...config.network, requestTimeoutMs } }));

  it('let a copy take its time', async () => {
    await world.upload('slowly', 'slowly');
    const entry = (await world.ports.primaryArtifacts.head('slowly')) as ObjectEntry;
    await sandbox.control.faults([{ kind: 'slow', action: 'CopyObject', delayMs: 2_500 }]);
    const { replica } = waiting(1_500).ports;
    expect(await replica.copyFrom({ bucket: world.config.primary.bucket, entry })).toBe('copied');
  });

  it('let each part of a large copy take its time', async () => {
    const { dr, primary, network } = world.config;
    const limited = clientSettings(dr.region, { ...network, requestTimeoutMs: 5_000 });
    const client = new S3Client({ ...clientOf(sandbox.address, dr.region), ...limited });
    const patient = clientSettings(dr.region, { ...network, requestTimeoutMs: 120_000 });
    const copyClient = new S3Client({ ...clientOf(sandbox.address, dr.region), ...patient });
    const limits = { copyLimitBytes: 8_000_000, copyPartBytes: 10_000_000, copyClient };
    const store = s3Artifacts({
      client,
      streams: { client, idleMs: 10_000 },
      bucket: dr.replicaBucket,
      site: 'dr',
      ...limits,
    });
    await world.upload('slowly and large', Buffer.alloc(12_000_000, 7));
    const entry = (await world.ports.primaryArtifacts.head('slowly and large')) as ObjectEntry;
    await sandbox.control.faults([{ kind: 'slow', action: 'UploadPartCopy', delayMs: 6_000, times: 1 }]);
    expect(await store.copyFrom({ bucket: primary.bucket, entry })).toBe('copied');
  });

  it('let nothing else take longer than a request may', async () => {
    const { replica } = waiting(1_500).ports;
    const listed = async () => {
      for await (const _page of replica.pages()) return;
    };
    await sandbox.control.faults([{ kind: 'slow', region: world.config.dr.region, delayMs: 2_500 }]);
    const asked = [replica.head('slowly'), replica.history('slowly'), replica.open('slowly'), listed()];
    const ends = (await Promise.allSettled(asked)).map((end) => end.status === 'rejected' && end.reason.code);
    expect(ends).toEqual(asked.map(() => 'SITE_UNREACHABLE'));
  });
});

describe('a body that stalls half-way, as when its region dies during a read', () => {
  afterEach(() => sandbox.control.faults([]));
  const stalled = async (action: string, read: (ports: World['ports']) => Promise<unknown>) => {
    const { ports } = world.with((config) => ({
      ...config,
      network: { ...config.network, requestTimeoutMs: 1_000 },
    }));
    await sandbox.control.faults([{ kind: 'stalled-body', action, times: 1 }]);
    return read(ports).then(
      () => 'read',
      ({ code, site }) => [code, site],
    );
  };
  const all = async (pages: AsyncIterable<unknown>) => {
    for await (const _page of pages);
  };

  it.each([
    ['an artifact of the primary', 'primary'],
    ['an artifact of the replica', 'dr'],
  ] as const)('ends as the silence of its site: %s', async (_what, site) => {
    const { primary, dr } = world.config;
    const client = site === 'primary' ? world.s3 : world.drS3;
    const Bucket = site === 'primary' ? primary.bucket : dr.replicaBucket;
    await client.send(new PutObjectCommand({ Bucket, Key: 'stalls', Body: Buffer.alloc(100_000, 7) }));
    const end = await stalled('GetObject', async ({ primaryArtifacts, replica }) =>
      all(await (site === 'primary' ? primaryArtifacts : replica).open('stalls')),
    );
    expect(end).toEqual(['SITE_UNREACHABLE', site]);
  });

  it('ends as the silence of its site: a document, a stream and a listing', async () => {
    await world.ports.vault.put('stalls.json', JSON.stringify({ long: 'x'.repeat(50_000) }), undefined);
    expect(await stalled('GetObject', ({ vault }) => vault.get('stalls.json'))).toEqual(['SITE_UNREACHABLE', 'dr']);
    const stream = await stalled('GetObject', async ({ vault }) => all(await vault.openStream('stalls.json')));
    expect(stream).toEqual(['SITE_UNREACHABLE', 'dr']);
    const listing = await stalled('ListObjectsV2', ({ primaryArtifacts }) => all(primaryArtifacts.pages()));
    expect(listing).toEqual(['SITE_UNREACHABLE', 'primary']);
  });

  it('is no stall when the reader is slow', async () => {
    await world.s3.send(
      new PutObjectCommand({
        Bucket: world.config.primary.bucket,
        Key: 'read slowly',
        Body: Buffer.alloc(9_000_000, 7),
      }),
    );
    const { ports } = world.with((config) => ({ ...config, network: { ...config.network, requestTimeoutMs: 500 } }));
    let bytes = 0;
    let paused = false;
    for await (const chunk of await ports.primaryArtifacts.open('read slowly')) {
      bytes += chunk.length;
      if (!paused) await new Promise((resolve) => setTimeout(resolve, 2_000));
      paused = true;
    }
    expect(bytes).toBe(9_000_000);
  });

  it('ends, as an error, when it is cut instead', async () => {
    await sandbox.control.faults([{ kind: 'cut-body', action: 'GetObject', times: 1 }]);
    const read = async () => all(await world.ports.primaryArtifacts.open('stalls'));
    await expect(read()).rejects.toMatchObject({ code: 'SITE_UNREACHABLE', site: 'primary' });
  });
});
