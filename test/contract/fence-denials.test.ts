import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { RDSClient } from '@aws-sdk/client-rds';
import {
  DeleteBucketEncryptionCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { awsFence } from '../../src/adapters/aws/fence.ts';
import { FENCE_PROBE_KEY } from '../../src/core/artifacts/reserved.ts';
import { World } from '../setup/world.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.stop());

/** A bucket whose every call is refused with this. */
const refusedWith = (name: string, message: string) =>
  awsFence({
    rds: {} as RDSClient,
    ssm: {} as SSMClient,
    s3: { send: async () => Promise.reject(Object.assign(new Error(message), { name })) } as unknown as S3Client,
    instanceId: 'builder',
    bucket: 'acme',
    groupParameter: '/p',
  });
const user = 'User: arn:aws:sts::123456789012:assumed-role/hbdr-prod-advance/hbdr-prod-advance';
const onProbe = `${user} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::acme/.builder-dr/fence-probe"`;

it.each([
  [`${onProbe} with an explicit deny in a resource-based policy`],
  [`${onProbe.replace('arn:aws:s3', 'arn:aws-us-gov:s3')} with an explicit deny in a resource-based policy`],
])('a denial by a policy of the bucket is proof: %s', async (message) => {
  expect(await refusedWith('AccessDenied', message).writeProbe()).toEqual({ result: 'denied-by-resource-policy' });
});

it('a denial of one way to encrypt alone is none: another policy demands the other', async () => {
  const denied = `${onProbe} with an explicit deny in a resource-based policy`;
  const only = (taken: string | undefined) =>
    awsFence({
      rds: {} as RDSClient,
      ssm: {} as SSMClient,
      s3: {
        send: async ({ input }: { input: { Body?: string; ServerSideEncryption?: string } }) => {
          if (input.Body === undefined || input.ServerSideEncryption === taken) return {};
          throw Object.assign(new Error(denied), { name: 'AccessDenied' });
        },
      } as unknown as S3Client,
      instanceId: 'builder',
      bucket: 'acme',
      groupParameter: '/p',
    });
  expect(await only('AES256').writeProbe()).toEqual({ result: 'written' });
  expect(await only(undefined).writeProbe()).toEqual({ result: 'written' });
  expect(await only('neither').writeProbe()).toEqual({ result: 'denied-by-resource-policy' });
});

it.each([
  ['AccessDenied', 'Access Denied'],
  ['AccessDenied', `${onProbe} because no identity-based policy allows the s3:PutObject action`],
  ['AccessDenied', `${onProbe} because no resource-based policy allows the s3:PutObject action`],
  ['AccessDenied', `${onProbe} with an explicit deny in an identity-based policy`],
  ['AccessDenied', `${onProbe} with an explicit deny in a service control policy`],
  ['AccessDenied', `${onProbe} with an explicit deny in a resource control policy`],
  ['AccessDenied', `${onProbe} with an explicit deny in a VPC endpoint policy`],
  ['AccessDenied', `${onProbe} with an explicit deny in a permissions boundary`],
  ['AccessDenied', `${onProbe} with an explicit deny in a session policy`],
  // Of another object, of another call, or by another name.
  [
    'AccessDenied',
    `${onProbe.replace('/acme/', '/x/').replace('acme', 'other')} with an explicit deny in a resource-based policy`,
  ],
  [
    'AccessDenied',
    `${user} is not authorized to perform: kms:GenerateDataKey on resource: "x" with an explicit deny in a resource-based policy`,
  ],
  ['KMS.AccessDeniedException', `${onProbe} with an explicit deny in a resource-based policy`],
])('anything else is none: %s, %s', async (name, message) => {
  const refused = refusedWith(name, message).writeProbe();
  if (name !== 'AccessDenied') return expect(refused).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
  return expect(await refused).toMatchObject({ result: 'denied-otherwise', detail: expect.stringContaining(message) });
});

it('a default key of the bucket is nothing to the probe; a policy of the role is not taken for one of the bucket', async () => {
  const world = await World.create(sandbox, 'probe');
  const { s3, config, rds, sandbox: there } = world;
  const { bucket } = config.primary;
  const name = 'probe-user';
  const iam = new IAMClient(clientOf(there.address, config.primary.region));
  await iam.send(new CreateUserCommand({ UserName: name }));
  const allowing = (Resource: string) =>
    iam.send(
      new PutUserPolicyCommand({
        UserName: name,
        PolicyName: 'own',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: ['s3:PutObject', 's3:DeleteObject'], Resource }],
        }),
      }),
    );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  const client = clientOf({ ...there.address, accessKeyId, secretAccessKey }, config.primary.region);
  const fence = awsFence({
    rds,
    s3: new S3Client(client),
    ssm: new SSMClient(client),
    instanceId: 'none',
    bucket,
    groupParameter: 'none',
  });
  await allowing('arn:aws:s3:::another/*');
  expect(await fence.writeProbe()).toMatchObject({
    result: 'denied-otherwise',
    detail: expect.stringContaining('because no identity-based policy allows the s3:PutObject action'),
  });
  await allowing(`arn:aws:s3:::${bucket}/${FENCE_PROBE_KEY}`);
  const kms = new KMSClient(clientOf(there.address, config.primary.region));
  const KMSMasterKeyID = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn;
  const encrypted = { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID };
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket: bucket,
      ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: encrypted }] },
    }),
  );
  const other = new PutObjectCommand({ Bucket: bucket, Key: FENCE_PROBE_KEY, Body: 'x' });
  await expect(new S3Client(client).send(other)).rejects.toMatchObject({ name: 'AccessDenied' });
  expect(await fence.writeProbe()).toEqual({ result: 'written' });
  await s3.send(new DeleteBucketEncryptionCommand({ Bucket: bucket }));
});
