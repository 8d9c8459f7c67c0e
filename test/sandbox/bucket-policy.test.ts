import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { PRIMARY } from '../setup/world.ts';

let sandbox: Sandbox;
let admin: S3Client;
beforeAll(async () => {
  sandbox = await startSandbox();
  admin = new S3Client(clientOf(sandbox.address, PRIMARY));
});
afterAll(() => sandbox.stop());

const everything = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
const denying = (bucket: string, Action: string[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: '*', Action, Resource: `arn:aws:s3:::${bucket}/*` }],
  });

async function userWith(name: string, statements: object[]): Promise<S3Client> {
  const iam = new IAMClient(clientOf(sandbox.address, PRIMARY));
  await iam.send(new CreateUserCommand({ UserName: name }));
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'own', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  return new S3Client(clientOf({ ...sandbox.address, accessKeyId, secretAccessKey }, PRIMARY));
}

const written = (client: S3Client, Bucket: string) =>
  client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' })).then(
    () => 'written',
    (error: Error) => `${error.name}: ${error.message}`,
  );

it('a denial says which kind of policy decided, in the words of S3', async () => {
  await admin.send(new CreateBucketCommand({ Bucket: 'worded' }));
  const lacking = await userWith('lacking', [{ ...everything, Action: 's3:GetObject' }]);
  const forbidden = await userWith('forbidden', [everything, { ...everything, Effect: 'Deny' }]);
  const who = (name: string) =>
    `AccessDenied: User: arn:aws:iam::000000000000:user/${name} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::worded/a"`;
  expect(await written(lacking, 'worded')).toBe(
    `${who('lacking')} because no identity-based policy allows the s3:PutObject action`,
  );
  expect(await written(forbidden, 'worded')).toBe(
    `${who('forbidden')} with an explicit deny in an identity-based policy`,
  );
  const allowed = await userWith('allowed', [everything]);
  expect(await written(allowed, 'worded')).toBe('written');
  await admin.send(new PutBucketPolicyCommand({ Bucket: 'worded', Policy: denying('worded', ['s3:PutObject']) }));
  expect(await written(allowed, 'worded')).toBe(`${who('allowed')} with an explicit deny in a resource-based policy`);
});

it('a policy that reads back is not enforced everywhere yet: some writes still succeed, and not in a row', async () => {
  await admin.send(new CreateBucketCommand({ Bucket: 'spread' }));
  await sandbox.control.policySpread([true, false, true]);
  await admin.send(new PutBucketPolicyCommand({ Bucket: 'spread', Policy: denying('spread', ['s3:PutObject']) }));
  await sandbox.control.policySpread([]);
  const seen: boolean[] = [];
  for (let n = 0; n < 5; n += 1) seen.push((await written(admin, 'spread')) === 'written');
  expect(seen).toEqual([true, false, true, false, false]);
});
