import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, PutBucketEncryptionCommand, S3Client } from '@aws-sdk/client-s3';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import type { Sandbox } from '../../sandbox/start.ts';

type Statement = { Effect: string; Action: string[]; Resource: string | string[]; Condition?: object };

/** A user with these rights only, as settings of a client in a region. */
export async function userWith(sandbox: Sandbox, name: string, statements: Statement[]) {
  const iam = new IAMClient(clientOf(sandbox.address, 'us-east-1'));
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

/** A bucket whose objects lie under a KMS key of their own; answers the key's ARN. */
export async function sealedBucket(sandbox: Sandbox, region: string, Bucket: string): Promise<string> {
  const kms = new KMSClient(clientOf(sandbox.address, region));
  const s3 = new S3Client(clientOf(sandbox.address, region));
  const KMSMasterKeyID = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  await s3.send(new CreateBucketCommand({ Bucket }));
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID } };
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }));
  return KMSMasterKeyID;
}
