import {
  CreateBucketCommand,
  GetObjectTaggingCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { s3Artifacts } from '../../src/adapters/aws/s3-artifacts.ts';
import { s3Removal } from '../../src/adapters/aws/s3-removal.ts';
import type { ArtifactStore } from '../../src/core/ports/artifacts.ts';
import type { ReplicaRemoval } from '../../src/core/ports/removal.ts';
import { DR } from '../setup/world.ts';
import { memoryPorts } from '../world/ports.ts';

let sandbox: Sandbox;
let s3: S3Client;
beforeAll(async () => {
  sandbox = await startSandbox();
  s3 = new S3Client({ ...clientOf(sandbox.address, DR), maxAttempts: 1 });
});
afterAll(() => sandbox.stop());

const DAY_MS = 86_400_000;
const tag = { Key: 'hbdr-expired', Value: 'yes' };
/** As infra/buckets.yml has them; a test holds the two together. */
const rules = [
  {
    ID: 'expired',
    Status: 'Enabled' as const,
    Filter: { Tag: tag },
    NoncurrentVersionExpiration: { NoncurrentDays: 30 },
  },
  {
    ID: 'markers',
    Status: 'Enabled' as const,
    Filter: { Prefix: '' },
    Expiration: { ExpiredObjectDeleteMarker: true },
  },
];

type Subject = {
  removal: ReplicaRemoval;
  store: ArtifactStore;
  plant: (key: string, body: string) => Promise<void>;
  unversion: () => Promise<void>;
  /** What lifecycle does so many days from now, and in the night after. */
  passDays: (days: number) => Promise<void>;
};

async function onS3(): Promise<Subject> {
  const Bucket = `removal-${Date.now()}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  const version = (Status: 'Enabled' | 'Suspended') =>
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  await version('Enabled');
  const LifecycleConfiguration = { Rules: rules };
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
  const streams = { client: s3, idleMs: 60_000 };
  return {
    removal: s3Removal({ client: s3, bucket: Bucket, site: 'dr' }),
    store: s3Artifacts({ client: s3, streams, bucket: Bucket, site: 'dr' }),
    plant: async (Key, Body) => void (await s3.send(new PutObjectCommand({ Bucket, Key, Body }))),
    unversion: async () => void (await version('Suspended')),
    passDays: async (days) => {
      for (const more of [0, 1])
        await sandbox.control.lifecycle(DR, Bucket, new Date(Date.now() + (days + more) * DAY_MS));
    },
  };
}

async function inMemory(): Promise<Subject> {
  let now = new Date('2026-11-22T14:00:00Z');
  const { removal, replica } = memoryPorts(() => now);
  replica.keepVersions();
  const begun = now;
  return {
    removal,
    store: replica,
    plant: async (key, body) => replica.plant(key, Buffer.from(body)),
    unversion: async () => replica.keepVersions(false),
    passDays: async (days) => {
      for (const more of [0, 1]) {
        now = new Date(begun.getTime() + (days + more) * DAY_MS);
        replica.versions.lifecycle(30);
      }
    },
  };
}

describe.each([
  ['memory', inMemory],
  ['S3', onS3],
] as [string, () => Promise<Subject>][])('the removal of an artifact on %s', (_name, open) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await open();
  });
  const etagOf = async (key: string) => (await subject.store.head(key))?.etag ?? '';
  const hide = async (key: string) => subject.removal.hide(key, await etagOf(key));

  it('hides it and keeps what was there, with its versions, the newest first', async () => {
    await subject.plant('kept', 'one');
    await subject.plant('kept', 'second');
    await subject.plant('kept-too', 'another');
    expect(await hide('kept')).toBe('hidden');
    expect(await subject.store.head('kept')).toBeUndefined();
    expect((await subject.removal.versions('kept')).map(({ key, size }) => [key, size])).toEqual([
      ['kept', 6],
      ['kept', 3],
    ]);
    expect(await subject.removal.versions('never')).toEqual([]);
  });

  it('is none when there is nothing, and does not touch what came since it was looked at', async () => {
    expect(await subject.removal.hide('never', '"x"')).toBe('gone');
    await subject.plant('changed', 'before');
    const old = await etagOf('changed');
    await subject.plant('changed', 'after it');
    await expect(subject.removal.hide('changed', old)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await subject.store.head('changed'))?.size).toBe(8);
  });

  it('is undone by a copy of what is under the delete marker', async () => {
    await subject.plant('back', 'bytes');
    await hide('back');
    const [entry] = await subject.removal.versions('back');
    if (!entry) throw new Error('no version is kept');
    const source = { bucket: subject.store.bucket, entry, ofVersion: entry.versionId };
    expect([await subject.store.copyFrom(source), await subject.store.copyFrom(source)]).toEqual(['copied', 'exists']);
    expect((await subject.store.head('back'))?.size).toBe(5);
  });

  it('lets lifecycle delete what was let go and nothing else, when its days are over', async () => {
    for (const key of ['let go', 'hidden only', 'replaced']) await subject.plant(key, 'bytes');
    await subject.plant('replaced', 'other bytes');
    for (const key of ['let go', 'hidden only']) await hide(key);
    for (const { versionId = '' } of await subject.removal.versions('let go')) {
      await subject.removal.release('let go', versionId);
      await subject.removal.release('let go', versionId);
    }
    await subject.removal.release('let go', 'never');
    const kept = async () =>
      Promise.all(
        ['let go', 'hidden only', 'replaced'].map(async (key) => (await subject.removal.versions(key)).length),
      );
    await subject.passDays(29);
    expect(await kept()).toEqual([1, 1, 2]);
    await subject.passDays(32);
    expect(await kept()).toEqual([0, 1, 2]);
  });

  it('is refused by nobody but whoever asks first where no versions are kept', async () => {
    expect(await subject.removal.keepsVersions()).toBe(true);
    await subject.unversion();
    expect(await subject.removal.keepsVersions()).toBe(false);
  });
});

describe("S3's lifecycle in the sandbox", () => {
  const put = async (...Rules: object[]) => {
    const Bucket = `rules-${Date.now()}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    const LifecycleConfiguration = { Rules: Rules as never };
    return s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
  };
  const markers = { ID: 'm', Status: 'Enabled', Expiration: { ExpiredObjectDeleteMarker: true } };

  it('refuses a rule on delete markers that has a tag, or days', async () => {
    const refused = expect.objectContaining({ name: 'InvalidRequest' });
    await expect(put({ ...markers, Filter: { Tag: tag } })).rejects.toThrow(refused);
    const Expiration = { ExpiredObjectDeleteMarker: true, Days: 1 };
    await expect(put({ ...markers, Filter: { Prefix: '' }, Expiration })).rejects.toThrow(refused);
    const AbortIncompleteMultipartUpload = { DaysAfterInitiation: 2 };
    const aborting = { ID: 'a', Status: 'Enabled', Filter: { Tag: tag }, AbortIncompleteMultipartUpload };
    await expect(put(aborting)).rejects.toThrow(refused);
  });

  it('takes a delete marker away in the night after nothing is beneath it', async () => {
    const Bucket = `markers-${Date.now()}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: rules } }));
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }));
    const removal = s3Removal({ client: s3, bucket: Bucket, site: 'dr' });
    const { ETag = '' } = await s3.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'y' }));
    await removal.hide('x', ETag);
    for (const { versionId = '' } of await removal.versions('x')) await removal.release('x', versionId);
    const held = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'x', VersionId }));
    expect(held.TagSet).toEqual([tag]);
    const night = (days: number) => sandbox.control.lifecycle(DR, Bucket, new Date(Date.now() + days * DAY_MS));
    expect(await night(20)).toEqual([]);
    expect((await night(32)).map(({ key }) => key)).toEqual(['x', 'x']);
    expect(await night(33)).toHaveLength(1);
    expect(await night(34)).toEqual([]);
  });
});
