import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DescribeDBSnapshotsCommand, RDSClient } from '@aws-sdk/client-rds';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { DR, PRIMARY, until } from '../setup/world.ts';

let sandbox: Sandbox;
let s3: S3Client;
let drS3: S3Client;

beforeAll(async () => {
  sandbox = await startSandbox();
  s3 = new S3Client({ ...clientOf(sandbox.address, PRIMARY), maxAttempts: 1 });
  drS3 = new S3Client({ ...clientOf(sandbox.address, DR), maxAttempts: 1 });
  await s3.send(new CreateBucketCommand({ Bucket: 'there' }));
  await drS3.send(new CreateBucketCommand({ Bucket: 'here' }));
  await s3.send(new PutObjectCommand({ Bucket: 'there', Key: 'a', Body: 'a'.repeat(1000) }));
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.control.faults([]);
  await sandbox.control.dark([]);
});

/** A user with these rights only. */
async function userWith(name: string, statements: object[]) {
  const iam = new IAMClient(clientOf(sandbox.address, PRIMARY));
  await iam.send(new CreateUserCommand({ UserName: name }));
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'own', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  return (region: string) => ({
    ...clientOf({ ...sandbox.address, accessKeyId, secretAccessKey }, region),
    maxAttempts: 1,
  });
}

const copy = (Key: string, more: object = {}) =>
  drS3.send(new CopyObjectCommand({ Bucket: 'here', Key, CopySource: 'there/a', ...more }));

describe('the gateway is as strict as AWS', () => {
  it('a copy with If-None-Match overwrites nothing', async () => {
    await copy('once', { IfNoneMatch: '*' });
    await expect(copy('once', { IfNoneMatch: '*' })).rejects.toThrow(
      expect.objectContaining({ name: 'PreconditionFailed' }),
    );
  });

  it('the copy of a multipart object has a single-part ETag', async () => {
    const params = { Bucket: 'there', Key: 'parts', Body: Buffer.alloc(11_000_000) };
    await new Upload({ client: s3, params, partSize: 10_485_760 }).done();
    expect((await s3.send(new HeadObjectCommand({ Bucket: 'there', Key: 'parts' }))).ETag).toContain('-2');
    await drS3.send(new CopyObjectCommand({ Bucket: 'here', Key: 'parts', CopySource: 'there/parts' }));
    expect((await drS3.send(new HeadObjectCommand({ Bucket: 'here', Key: 'parts' }))).ETag).not.toContain('-');
  });

  it('who may not list a bucket hears 403, not 404, of what is missing', async () => {
    const object = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::there/*' };
    const blind = new S3Client((await userWith('blind', [object]))(PRIMARY));
    const look = (client: S3Client) => client.send(new GetObjectCommand({ Bucket: 'there', Key: 'none' }));
    await expect(look(blind)).rejects.toThrow(expect.objectContaining({ name: 'AccessDenied' }));
    await expect(look(s3)).rejects.toThrow(expect.objectContaining({ name: 'NoSuchKey' }));
  });

  it('an object of an encrypted bucket needs rights on its key', async () => {
    const kms = new KMSClient(clientOf(sandbox.address, DR));
    const KMSMasterKeyID = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
    await drS3.send(new CreateBucketCommand({ Bucket: 'sealed' }));
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID } };
    await drS3.send(
      new PutBucketEncryptionCommand({ Bucket: 'sealed', ServerSideEncryptionConfiguration: { Rules: [rule] } }),
    );
    const objects = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
    const keys = { Effect: 'Allow', Action: ['kms:GenerateDataKey'], Resource: KMSMasterKeyID };
    const without = new S3Client((await userWith('without', [objects]))(DR));
    const writer = new S3Client((await userWith('writer', [objects, keys]))(DR));
    const put = { Bucket: 'sealed', Key: 'x', Body: 'x' };
    await expect(without.send(new PutObjectCommand(put))).rejects.toThrow('kms:GenerateDataKey');
    await writer.send(new PutObjectCommand(put));
    await expect(writer.send(new GetObjectCommand({ Bucket: 'sealed', Key: 'x' }))).rejects.toThrow('kms:Decrypt');
  });

  it('a delete that depends on the ETag needs the right to read the object', async () => {
    await s3.send(new PutObjectCommand({ Bucket: 'there', Key: 'doomed', Body: 'x' }));
    const { ETag } = await s3.send(new HeadObjectCommand({ Bucket: 'there', Key: 'doomed' }));
    const deleting = { Effect: 'Allow', Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::there/*' };
    const reading = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::there/*' };
    const remove = async (name: string, statements: object[]) =>
      new S3Client((await userWith(name, statements))(PRIMARY)).send(
        new DeleteObjectCommand({ Bucket: 'there', Key: 'doomed', IfMatch: ETag }),
      );
    await expect(remove('deleter', [deleting])).rejects.toThrow('s3:GetObject');
    await remove('reader', [deleting, reading]);
  });

  it('RDS decides by IAM, for each resource of a call', async () => {
    const one = {
      Effect: 'Allow',
      Action: 'rds:DescribeDBSnapshots',
      Resource: `arn:aws:rds:${PRIMARY}:000000000000:snapshot:mine`,
    };
    const rds = new RDSClient((await userWith('narrow', [one]))(PRIMARY));
    const look = (DBSnapshotIdentifier: string) => rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier }));
    await expect(look('mine')).rejects.toThrow(expect.objectContaining({ name: 'DBSnapshotNotFoundFault' }));
    await expect(look('other')).rejects.toThrow('not authorized to perform: rds:DescribeDBSnapshots');
  });
});

describe('the gateway breaks on demand', () => {
  const get = async (client: S3Client, Bucket: string) =>
    (await client.send(new GetObjectCommand({ Bucket, Key: 'a' }))).Body?.transformToString();

  it('a body cut half-way is an error, not a short object', async () => {
    await sandbox.control.faults([{ kind: 'cut-body', action: 'GetObject', times: 1 }]);
    await expect(get(s3, 'there')).rejects.toThrow();
    expect((await get(s3, 'there'))?.length).toBe(1000);
  });

  it('a lost response: the call happened, the caller never hears', async () => {
    await sandbox.control.faults([{ kind: 'lost-response', action: 'PutObject', times: 1 }]);
    await expect(s3.send(new PutObjectCommand({ Bucket: 'there', Key: 'b', Body: 'b' }))).rejects.toThrow();
    await s3.send(new HeadObjectCommand({ Bucket: 'there', Key: 'b' }));
  });

  it('an error inside a 200 of a copy is an error', async () => {
    await sandbox.control.faults([{ kind: 'error-in-200', action: 'CopyObject', times: 1 }]);
    await expect(copy('broken')).rejects.toThrow('internal error');
  });

  it('a fault can begin later and end by itself', async () => {
    await sandbox.control.faults([{ kind: 'throttle', action: 'HeadObject', after: 1, times: 1 }]);
    const look = () =>
      s3.send(new HeadObjectCommand({ Bucket: 'there', Key: 'a' })).then(
        () => 'ok',
        () => 'throttled',
      );
    expect([await look(), await look(), await look()]).toEqual(['ok', 'throttled', 'ok']);
  });

  it('a dark region answers nothing, copies out of it neither, and the other region goes on', async () => {
    await sandbox.control.dark([{ region: PRIMARY, mode: 'reset' }]);
    await expect(get(s3, 'there')).rejects.toThrow();
    await expect(copy('from-the-dark')).rejects.toThrow();
    await drS3.send(new PutObjectCommand({ Bucket: 'here', Key: 'x', Body: 'x' }));
    await sandbox.control.dark([]);
    expect((await get(s3, 'there'))?.length).toBe(1000);
  });

  it('a black hole accepts and never answers', async () => {
    await sandbox.control.dark([{ region: PRIMARY, mode: 'black-hole' }]);
    await sandbox.control.clearCalls();
    const abort = new AbortController();
    const asked = s3.send(new HeadObjectCommand({ Bucket: 'there', Key: 'a' }), { abortSignal: abort.signal });
    const refused = expect(asked).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    await until('the call', async () => ((await sandbox.control.calls()).length > 0 ? true : undefined));
    // Whoever asks the other region now is answered before the one that was here first.
    await drS3.send(new PutObjectCommand({ Bucket: 'here', Key: 'y', Body: 'y' }));
    abort.abort();
    await refused;
  });

  it('records who called what, where, and how it ended', async () => {
    await sandbox.control.clearCalls();
    await get(s3, 'there');
    expect(await sandbox.control.calls()).toMatchObject([
      {
        service: 's3',
        region: PRIMARY,
        action: 'GetObject',
        resource: 'there/a',
        status: 200,
        principal: 'arn:aws:iam::000000000000:user/operator',
      },
    ]);
  });
});
