import { GetObjectTaggingCommand, ListMultipartUploadsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { type S3ArtifactsOptions, s3Artifacts } from '../../src/adapters/aws/s3-artifacts.ts';
import { unfinishedCopySchema } from '../../src/core/artifacts/documents.ts';
import { CONDITIONS_KEY, TRIAL_KEY } from '../../src/core/artifacts/reserved.ts';
import type { Ports } from '../../src/core/ports/all.ts';
import type { ArtifactStore, CopyProgress, ObjectEntry } from '../../src/core/ports/artifacts.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { copyProgress } from '../../src/jobs/artifacts/copy-progress.ts';
import { readDocument } from '../../src/jobs/vault/documents.ts';
import { userWith } from '../setup/limited-user.ts';
import { DR, World } from '../setup/world.ts';
import { memoryPorts } from '../world/ports.ts';

const PART = 5_242_880;
const LARGE = PART * 3 + 1_000;

type Subject = {
  ports: Pick<Ports, 'vault' | 'clock'>;
  source: ArtifactStore;
  /** One part an attempt. */
  replica: ArtifactStore;
  plant: (key: string, body: Buffer) => Promise<void>;
  archive: (key: string, body: Buffer) => Promise<void>;
  seal: (key: string, body: Buffer) => Promise<void>;
  partsCopied: (key: string) => Promise<number>;
};

let sandbox: Sandbox;
let world: World;
beforeAll(async () => {
  sandbox = await startSandbox();
  world = await World.create(sandbox, 'copies');
});
afterAll(() => sandbox.stop());

function limited(more: Partial<S3ArtifactsOptions> = {}): ArtifactStore {
  const streams = { client: world.drS3, idleMs: 10_000 };
  const limits = { copyLimitBytes: 8_000_000, copyPartBytes: PART, copyBudgetMs: 0, ...more };
  return s3Artifacts({ client: world.drS3, streams, bucket: world.config.dr.replicaBucket, site: 'dr', ...limits });
}

async function onS3(): Promise<Subject> {
  const Bucket = world.config.primary.bucket;
  const put = (more: object) => async (Key: string, Body: Buffer) =>
    void (await world.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more })));
  const ownKey = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: Buffer.alloc(32, 7).toString('base64') };
  return {
    ports: world.ports,
    source: world.ports.primaryArtifacts,
    replica: limited(),
    plant: put({}),
    archive: put({ StorageClass: 'DEEP_ARCHIVE' }),
    seal: put(ownKey),
    partsCopied: async (key) =>
      (await sandbox.control.calls()).filter(
        ({ action, resource, status }) => action === 'UploadPartCopy' && resource.endsWith(`/${key}`) && status === 200,
      ).length,
  };
}

async function inMemory(): Promise<Subject> {
  const ports = memoryPorts(() => new Date());
  const { primaryArtifacts: source, replica } = ports;
  Object.assign(replica.limits, { partBytes: PART, partsPerAttempt: 1 });
  let before = 0;
  return {
    ports,
    source,
    replica,
    plant: async (key, body) => {
      before = replica.parts.length;
      source.plant(key, body);
    },
    archive: async (key, body) => {
      source.plant(key, body);
      source.seal(key, 'archived');
    },
    seal: async (key, body) => {
      source.plant(key, body);
      source.seal(key, 'own key');
    },
    partsCopied: async () => replica.parts.length - before,
  };
}

describe.each([
  ['memory', inMemory],
  ['S3', onS3],
] as [string, () => Promise<Subject>][])('copies on %s', (name, open) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await open();
  });
  const of = (entry: ObjectEntry) => ({ bucket: subject.source.bucket, entry });
  const seen = async (key: string) => (await subject.source.head(key)) as ObjectEntry;
  const attempt = async (key: string, progress?: (real: CopyProgress) => CopyProgress) => {
    const source = of(await seen(key));
    const real = copyProgress(subject.ports, source);
    return subject.replica.copyFrom(source, progress?.(real) ?? real).catch(({ code }) => code as string);
  };
  const note = (key: string) => readDocument(subject.ports.vault, vaultKeys.unfinishedCopy(key), unfinishedCopySchema);
  const read = async (store: ArtifactStore, key: string) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await store.open(key)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  it('refuse what is archived as that very object, and not what the replica holds already', async () => {
    await subject.plant('cooled', Buffer.from('cooled'));
    await subject.replica.copyFrom(of(await seen('cooled')));
    await subject.archive('cooled', Buffer.from('cooled'));
    await subject.archive('cold', Buffer.from('cold'));
    await expect(subject.replica.copyFrom(of(await seen('cold')))).rejects.toMatchObject({ code: 'UNCOPYABLE' });
    await expect(subject.source.open('cold')).rejects.toMatchObject({ code: 'UNCOPYABLE' });
    expect(await subject.replica.copyFrom(of(await seen('cooled')))).toBe('exists');
  });

  it('refuse what lies under a key of its own, also when it is only looked at', async () => {
    await subject.seal('sealed', Buffer.from('sealed'));
    const entry = { key: 'sealed', size: 6, etag: '"x"', lastModified: new Date() };
    await expect(subject.source.head('sealed')).rejects.toMatchObject({ code: 'UNCOPYABLE' });
    await expect(subject.source.open('sealed')).rejects.toMatchObject({ code: 'UNCOPYABLE' });
    if (name === 'memory') return;
    const listed = { ...entry, etag: (await pageOf(subject.source, 'sealed')).etag };
    await expect(subject.replica.copyFrom(of(listed))).rejects.toMatchObject({ code: 'UNCOPYABLE' });
  });

  it('of large objects go on with the next attempt, and copy no part twice', async () => {
    const body = Buffer.alloc(LARGE, 'go on');
    await subject.plant('goes on', body);
    const ends = [await attempt('goes on'), await attempt('goes on'), await attempt('goes on')];
    expect(ends).toEqual(['COPY_UNFINISHED', 'COPY_UNFINISHED', 'COPY_UNFINISHED']);
    expect(await note('goes on')).toBeDefined();
    expect(await attempt('goes on')).toBe('copied');
    expect(await subject.partsCopied('goes on')).toBe(4);
    expect((await read(subject.replica, 'goes on')).equals(body)).toBe(true);
    expect(await note('goes on')).toBeUndefined();
  });

  it('never put parts of two different objects together', async () => {
    await subject.plant('replaced', Buffer.alloc(LARGE, 'old'));
    expect(await attempt('replaced')).toBe('COPY_UNFINISHED');
    const old = (await note('replaced'))?.value.upload;
    const body = Buffer.alloc(LARGE, 'new bytes');
    await subject.plant('replaced', body);
    const ends = [await attempt('replaced'), await attempt('replaced'), await attempt('replaced')];
    expect((await note('replaced'))?.value.upload).not.toBe(old);
    expect([...ends, await attempt('replaced')].at(-1)).toBe('copied');
    expect((await read(subject.replica, 'replaced')).equals(body)).toBe(true);
  });

  it('notice that the source changes while they are at work', async () => {
    await subject.plant('moving', Buffer.alloc(LARGE, 'old'));
    const source = of(await seen('moving'));
    const progress = copyProgress(subject.ports, source);
    await expect(subject.replica.copyFrom(source, progress)).rejects.toMatchObject({ code: 'COPY_UNFINISHED' });
    await subject.plant('moving', Buffer.alloc(LARGE, 'new'));
    await expect(subject.replica.copyFrom(source, progress)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await note('moving')).toBeUndefined();
  });

  it('of the same large object at once share one upload, and both end well', async () => {
    const body = Buffer.alloc(LARGE, 'twice');
    await subject.plant('at once', body);
    let ends: string[] = [];
    for (let n = 0; n < 6 && !ends.some((each) => each === 'copied' || each === 'exists'); n += 1) {
      ends = await Promise.all([attempt('at once'), attempt('at once')]);
    }
    expect(ends.every((each) => ['copied', 'exists', 'COPY_UNFINISHED'].includes(each))).toBe(true);
    expect(['copied', 'exists']).toContain(await attempt('at once'));
    expect((await read(subject.replica, 'at once')).equals(body)).toBe(true);
  });

  it('that die between any two calls are gone on with', async () => {
    const body = Buffer.alloc(LARGE, 'dies');
    await subject.plant('dies', body);
    const dying = (step: keyof CopyProgress) => (real: CopyProgress) => ({
      ...real,
      [step]: async (...given: [string]) => {
        await (real[step] as (...all: [string]) => Promise<unknown>)(...given);
        throw new Error('killed');
      },
    });
    await attempt('dies', dying('unfinished'));
    await attempt('dies', dying('began'));
    for (const _part of [1, 2, 3]) expect(await attempt('dies')).toBe('COPY_UNFINISHED');
    await attempt('dies', dying('ended'));
    expect(await attempt('dies')).toBe('exists');
    expect((await read(subject.replica, 'dies')).equals(body)).toBe(true);
    expect(await subject.partsCopied('dies')).toBe(4);
    expect(await note('dies')).toBeUndefined();
  });

  it('are tried under another key, and leave nothing there', async () => {
    await subject.plant('tried', Buffer.from('tried'));
    const trial = await subject.replica.tryCopy(of(await seen('tried')), TRIAL_KEY);
    expect(trial).toEqual({ bytes: 5, conditions: 'held' });
    await expect(subject.replica.open(TRIAL_KEY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

async function pageOf(store: ArtifactStore, key: string): Promise<ObjectEntry> {
  for await (const page of store.pages(key)) for (const entry of page) if (entry.key === key) return entry;
  throw new Error(`no ${key}`);
}

/** A client that may do with artifacts what the replicate function's role may, and these things besides. */
async function replicating(name: string, ...more: string[]): Promise<S3Client> {
  const { primary, dr } = world.config;
  const objects = (bucket: string) => [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const reads = { Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: objects(primary.bucket) };
  const writes = ['s3:GetObject', 's3:ListBucket', 's3:PutObject', 's3:ListMultipartUploadParts', ...more];
  const both = [reads, { Effect: 'Allow', Action: writes, Resource: objects(dr.replicaBucket) }];
  return new S3Client((await userWith(sandbox, name, both))(DR));
}
const entryOf = async (key: string) => (await world.ports.primaryArtifacts.head(key)) as ObjectEntry;
const fromPrimary = async (key: string) => ({ bucket: world.config.primary.bucket, entry: await entryOf(key) });
const putAtPrimary = (Key: string, Body: string | Buffer, more: object = {}) =>
  world.s3.send(new PutObjectCommand({ Bucket: world.config.primary.bucket, Key, Body, ...more }));

describe('copies on S3 by a role with narrow rights', () => {
  it('leave tags behind, and need no right on them', async () => {
    await putAtPrimary('scanned', 'scanned', { Tagging: 'GuardDutyMalwareScanStatus=NO_THREATS_FOUND' });
    const store = limited({ client: await replicating('tagless') });
    expect(await store.copyFrom(await fromPrimary('scanned'))).toBe('copied');
    const copied = { Bucket: world.config.dr.replicaBucket, Key: 'scanned' };
    expect((await world.drS3.send(new GetObjectTaggingCommand(copied))).TagSet).toEqual([]);
  });

  it('say why they failed, also when the upload cannot be aborted', async () => {
    const warned: unknown[] = [];
    const log = { warn: (message: string, facts?: object) => void warned.push([message, facts]) };
    await putAtPrimary('unabortable', Buffer.alloc(LARGE, 'x'));
    const source = await fromPrimary('unabortable');
    await putAtPrimary('unabortable', Buffer.alloc(LARGE, 'y'));
    const store = limited({ client: await replicating('aborts-not'), log });
    await expect(store.copyFrom(source)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(warned).toEqual([
      [expect.stringContaining('unfinished upload'), expect.objectContaining({ key: 'unabortable' })],
    ]);
    const before = await uploads('unabortable');
    await expect(
      limited({ client: await replicating('aborts', 's3:AbortMultipartUpload') }).copyFrom(source),
    ).rejects.toThrow();
    expect(await uploads('unabortable')).toEqual(before);
  });
});

async function uploads(Prefix: string) {
  const command = new ListMultipartUploadsCommand({ Bucket: world.config.dr.replicaBucket, Prefix });
  return ((await world.drS3.send(command)).Uploads ?? []).map((each) => each.UploadId);
}

describe('a store that ignores the conditions of copies', () => {
  beforeAll(() => sandbox.control.store({ ignoresCopyConditions: true }));
  afterAll(() => sandbox.control.store({ ignoresCopyConditions: false }));
  const inReplica = (Key: string, Body: string) =>
    world.drS3.send(new PutObjectCommand({ Bucket: world.config.dr.replicaBucket, Key, Body }));
  const read = async (key: string) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await world.ports.replica.open(key)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  it.each(['bytes', ''])('overwrites nothing all the same, and gets what is not there: "%s"', async (body) => {
    const store = limited();
    await putAtPrimary(`held${body}`, body);
    await putAtPrimary(`fresh${body}`, body);
    await inReplica(`held${body}`, 'the first');
    expect(await store.copyFrom(await fromPrimary(`held${body}`))).toBe('exists');
    expect(await read(`held${body}`)).toBe('the first');
    expect(await store.copyFrom(await fromPrimary(`fresh${body}`))).toBe('copied');
    expect(await read(`fresh${body}`)).toBe(body);
  });

  it('has only the object replaced that was found bad', async () => {
    await putAtPrimary('mended', 'right');
    await inReplica('mended', 'wrong');
    const bad = ((await world.ports.replica.head('mended')) as ObjectEntry).etag;
    const store = limited();
    await store.replaceFrom(await fromPrimary('mended'), bad);
    expect(await read('mended')).toBe('right');
    await expect(store.replaceFrom(await fromPrimary('mended'), bad)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is told by a trial, which leaves nothing behind', async () => {
    const store = limited();
    const trial = await store.tryCopy(await fromPrimary('mended'), TRIAL_KEY);
    expect(trial).toEqual({ bytes: 5, conditions: 'ignored' });
    for (const key of [TRIAL_KEY, CONDITIONS_KEY]) {
      await expect(world.ports.replica.open(key)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});
