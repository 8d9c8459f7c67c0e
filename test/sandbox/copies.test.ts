import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { sealedBucket, userWith } from '../setup/limited-user.ts';
import { DR, PRIMARY, until } from '../setup/world.ts';

let sandbox: Sandbox;
let s3: S3Client;
let drS3: S3Client;
let sealKey: string;

beforeAll(async () => {
  sandbox = await startSandbox();
  s3 = new S3Client({ ...clientOf(sandbox.address, PRIMARY), maxAttempts: 1 });
  drS3 = new S3Client({ ...clientOf(sandbox.address, DR), maxAttempts: 1 });
  await s3.send(new CreateBucketCommand({ Bucket: 'there' }));
  await drS3.send(new CreateBucketCommand({ Bucket: 'here' }));
  await s3.send(new PutObjectCommand({ Bucket: 'there', Key: 'plain', Body: 'plain' }));
  sealKey = await sealedBucket(sandbox, PRIMARY, 'sealed');
  await s3.send(new PutObjectCommand({ Bucket: 'sealed', Key: 'a', Body: 'a' }));
  const Tagging = 'GuardDutyMalwareScanStatus=NO_THREATS_FOUND';
  await s3.send(new PutObjectCommand({ Bucket: 'there', Key: 'tagged', Body: 'tagged', Tagging }));
});
afterAll(() => sandbox.stop());

const allow = (...Action: string[]) => ({ Effect: 'Allow', Action, Resource: '*' });
const objects = allow('s3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:ListBucket');
const limited = async (name: string, region: string, ...more: Parameters<typeof userWith>[2]) =>
  new S3Client((await userWith(sandbox, name, [objects, ...more]))(region));
const nameOf = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: Error) => error.name,
  );

describe('copies out of and into a bucket under a KMS key', () => {
  const from = (client: S3Client) =>
    client.send(new CopyObjectCommand({ Bucket: 'here', Key: 'unsealed', CopySource: 'sealed/a' }));
  const via = (service: string) => ({
    ...allow('kms:Decrypt'),
    Resource: sealKey,
    Condition: { StringLike: { 'kms:ViaService': service } },
  });

  it('need Decrypt of the source, in the name of S3 in the region of the source', async () => {
    const without = await limited('unsealer', DR);
    await expect(from(without)).rejects.toThrow('kms:Decrypt');
    const elsewhere = await limited('elsewhere', DR, via(`s3.${DR}.*`));
    await expect(from(elsewhere)).rejects.toThrow('kms:Decrypt');
    await from(await limited('with', DR, via(`s3.${PRIMARY}.*`)));
  });

  it('need Decrypt of the target for their parts and their end, not only GenerateDataKey', async () => {
    const generate = { ...allow('kms:GenerateDataKey'), Resource: sealKey };
    const target = { Bucket: 'sealed', Key: 'parts' };
    const writer = await limited('generates', PRIMARY, generate);
    const { UploadId } = await writer.send(new CreateMultipartUploadCommand(target));
    const part = { ...target, UploadId, PartNumber: 1, CopySource: 'there/plain' };
    await expect(writer.send(new UploadPartCopyCommand(part))).rejects.toThrow('kms:Decrypt');
    const { CopyPartResult } = await s3.send(new UploadPartCopyCommand(part));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: CopyPartResult?.ETag }] };
    const complete = new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload });
    await expect(writer.send(complete)).rejects.toThrow('kms:Decrypt');
  });

  it('have an ETag that is no MD5, and another one for the same bytes written again', async () => {
    const put = () => s3.send(new PutObjectCommand({ Bucket: 'sealed', Key: 'again', Body: 'same' }));
    const etags = [(await put()).ETag, (await put()).ETag];
    expect(new Set(etags).size).toBe(2);
  });
});

describe('copies of a tagged object', () => {
  const copy = (client: S3Client, more: object = {}) =>
    client.send(new CopyObjectCommand({ Bucket: 'here', Key: 'tagged', CopySource: 'there/tagged', ...more }));
  const tags = async () => (await drS3.send(new GetObjectTaggingCommand({ Bucket: 'here', Key: 'tagged' }))).TagSet;

  it('need the rights on tags at both ends', async () => {
    expect(await nameOf(copy(await limited('untagged', DR)))).toBe('AccessDenied');
    expect(await nameOf(copy(await limited('reads-tags', DR, allow('s3:GetObjectTagging'))))).toBe('AccessDenied');
    const both = await limited('tags', DR, allow('s3:GetObjectTagging', 's3:PutObjectTagging'));
    await copy(both);
    expect(await tags()).toHaveLength(1);
  });

  it('need none, and take none along, when the tags are replaced by none', async () => {
    await copy(await limited('replaces', DR), { TaggingDirective: 'REPLACE' });
    expect(await tags()).toEqual([]);
  });
});

describe('objects that nobody can copy', () => {
  const byPart = async (Key: string) => {
    const { UploadId } = await drS3.send(new CreateMultipartUploadCommand({ Bucket: 'here', Key }));
    const part = { Bucket: 'here', Key, UploadId, PartNumber: 1, CopySource: `there/${Key}` };
    return nameOf(drS3.send(new UploadPartCopyCommand(part)));
  };
  const whole = (Key: string) =>
    nameOf(drS3.send(new CopyObjectCommand({ Bucket: 'here', Key, CopySource: `there/${Key}` })));

  it('are archived, until they are restored; the copy is of the usual class', async () => {
    const Key = 'cold';
    await s3.send(new PutObjectCommand({ Bucket: 'there', Key, Body: Key, StorageClass: 'DEEP_ARCHIVE' }));
    expect([await whole(Key), await byPart(Key)]).toEqual(['InvalidObjectState', 'InvalidObjectState']);
    await s3.send(new RestoreObjectCommand({ Bucket: 'there', Key, RestoreRequest: { Days: 1 } }));
    await until('the restored object is copied', async () => ((await whole(Key)) === 'ok' ? true : undefined));
    expect((await drS3.send(new HeadObjectCommand({ Bucket: 'here', Key }))).StorageClass).toBeUndefined();
  });

  it('are under a key of their customer', async () => {
    const key = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: Buffer.alloc(32, 7).toString('base64') };
    await s3.send(new PutObjectCommand({ Bucket: 'there', Key: 'own-key', Body: 'x', ...key }));
    expect([await whole('own-key'), await byPart('own-key')]).toEqual(['InvalidRequest', 'InvalidRequest']);
    const look = s3.send(new HeadObjectCommand({ Bucket: 'there', Key: 'own-key' }));
    await expect(look).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
  });
});

describe('uploads that were not ended', () => {
  it('are listed with their parts, to those who may', async () => {
    const target = { Bucket: 'here', Key: 'unfinished' };
    const { UploadId } = await drS3.send(new CreateMultipartUploadCommand(target));
    await drS3.send(new UploadPartCopyCommand({ ...target, UploadId, PartNumber: 1, CopySource: 'there/plain' }));
    const { Uploads } = await drS3.send(new ListMultipartUploadsCommand({ Bucket: 'here', Prefix: 'unfinished' }));
    expect(Uploads?.map((each) => each.UploadId)).toEqual([UploadId]);
    const { Parts } = await drS3.send(new ListPartsCommand({ ...target, UploadId }));
    expect(Parts?.map((each) => [each.PartNumber, each.Size])).toEqual([[1, 5]]);
    const without = await limited('unlisted', DR);
    expect(await nameOf(without.send(new ListPartsCommand({ ...target, UploadId })))).toBe('AccessDenied');
  });
});

describe('a store that ignores the conditions of a copy', () => {
  afterAll(() => sandbox.control.store({ ignoresCopyConditions: false }));
  const onlyNew = () =>
    drS3.send(new CopyObjectCommand({ Bucket: 'here', Key: 'once', CopySource: 'there/plain', IfNoneMatch: '*' }));

  it('overwrites in silence', async () => {
    await onlyNew();
    expect(await nameOf(onlyNew())).toBe('PreconditionFailed');
    await sandbox.control.store({ ignoresCopyConditions: true });
    expect(await nameOf(onlyNew())).toBe('ok');
  });

  it('is AWS in this: If-Match of what is not there is 404', async () => {
    await sandbox.control.store({ ignoresCopyConditions: false });
    const none = { Bucket: 'here', Key: 'none', CopySource: 'there/plain', IfMatch: '"0"' };
    expect(await nameOf(drS3.send(new CopyObjectCommand(none)))).toBe('NoSuchKey');
  });
});
