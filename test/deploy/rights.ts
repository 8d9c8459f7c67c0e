import type { RecordedCall } from '../../sandbox/gateway/call.ts';

/** One action on one resource, and why it is needed. */
export type Need = { action: string; arn: string; why: string };
export type Grant = { action: string; resource: string };
export type RowComparisonResult = { needed: number; missing: Need[]; unneeded: Grant[] };

type Statement = { Effect: string; Action: string | string[]; Resource: string | string[] };

/** What a role's policies allow, action by action and resource by resource. */
export function grantsOf(statements: Statement[]): Grant[] {
  return statements.flatMap(({ Effect, Action, Resource }) => {
    if (Effect !== 'Allow') throw new Error(`a role's statement says ${Effect}`);
    return [Action].flat().flatMap((action) => [Resource].flat().map((resource) => ({ action, resource })));
  });
}

/** IAM's wildcards: `*` any run of characters, `?` one. */
function covers(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(value);
}

/** Holds needs against grants, both ways. */
export function compare(needs: Need[], grants: Grant[]): RowComparisonResult {
  const fits = (need: Need, grant: Grant) => grant.action === need.action && covers(grant.resource, need.arn);
  const unique = [...new Map(needs.map((need) => [`${need.action} ${need.arn}`, need])).values()];
  return {
    needed: unique.length,
    missing: unique.filter((need) => !grants.some((grant) => fits(need, grant))),
    unneeded: grants.filter((grant) => !unique.some((need) => fits(need, grant))),
  };
}

export type Account = { partition: string; account: string; keyArns: Record<string, string>; vaultBucket: string };

/** What S3 checks for a call on an object or a bucket. */
const s3Actions: Record<string, string> = {
  GetObject: 's3:GetObject',
  HeadObject: 's3:GetObject',
  PutObject: 's3:PutObject',
  CopyObject: 's3:PutObject',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  UploadPartCopy: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
  ListParts: 's3:ListMultipartUploadParts',
  DeleteObject: 's3:DeleteObject',
  ListObjectsV2: 's3:ListBucket',
  HeadBucket: 's3:ListBucket',
  GetBucketVersions: 's3:ListBucketVersions',
  GetBucketVersioning: 's3:GetBucketVersioning',
  PutObjectTagging: 's3:PutObjectTagging',
  GetBucketPolicy: 's3:GetBucketPolicy',
  PutBucketPolicy: 's3:PutBucketPolicy',
  DeleteBucketPolicy: 's3:DeleteBucketPolicy',
};

/** Those that are a right of their own when the call names a version. */
const ofVersion: Record<string, string> = {
  's3:GetObject': 's3:GetObjectVersion',
  's3:DeleteObject': 's3:DeleteObjectVersion',
  's3:PutObjectTagging': 's3:PutObjectVersionTagging',
};

function s3Needs(call: RecordedCall, { partition, vaultBucket, keyArns }: Account): [string, string][] {
  const plain = s3Actions[call.action];
  const versioned = call.names['versionId'] && plain ? ofVersion[plain] : undefined;
  const action = versioned ?? plain;
  if (!action) throw new Error(`nobody reviewed what the S3 call ${call.action} needs`);
  const needs: [string, string][] = [[action, `arn:${partition}:s3:::${call.resource}`]];
  // A delete that depends on the ETag (conditional deletes of the S3 guide).
  if (call.action === 'DeleteObject' && call.names['IfMatch'])
    needs.push(['s3:GetObject', `arn:${partition}:s3:::${call.resource}`]);
  if (call.source) {
    const [path = '', version] = call.source.split('?versionId=');
    needs.push([version ? 's3:GetObjectVersion' : 's3:GetObject', `arn:${partition}:s3:::${path}`]);
    // Of a primary bucket under a KMS key (primary.bucketKmsKey).
    const ofSource = keyArns['primary'];
    if (ofSource) needs.push(['kms:Decrypt', ofSource]);
  }
  // The vault's objects are under a key of ours (iam-dependent-actions of encrypted buckets).
  const key = keyArns['vault'] ?? '';
  if (call.resource.startsWith(`${vaultBucket}/`)) {
    if (call.action === 'GetObject') needs.push(['kms:Decrypt', key]);
    if (action === 's3:PutObject') needs.push(['kms:GenerateDataKey', key]);
    // Parts of an upload are encrypted with a data key that S3 must open again.
    if (['UploadPart', 'CompleteMultipartUpload'].includes(call.action)) needs.push(['kms:Decrypt', key]);
  }
  return needs;
}

/** Parameters of RDS calls, and the kind of resource that each names. */
const rdsKinds: Record<string, string> = {
  DBInstanceIdentifier: 'db',
  NewDBInstanceIdentifier: 'db',
  DBSnapshotIdentifier: 'snapshot',
  TargetDBSnapshotIdentifier: 'snapshot',
  SourceDBSnapshotIdentifier: 'snapshot',
  DBSubnetGroupName: 'subgrp',
  DBParameterGroupName: 'pg',
};
/** What a listing without a name lists. */
const rdsListed: Record<string, string> = { DescribeDBSnapshots: 'snapshot:*', DescribeDBInstances: 'db:*' };

/** AWS knows no resource for what RDS offers. */
const rdsWithoutResource = ['DescribeDBEngineVersions', 'DescribeOrderableDBInstanceOptions'];

function rdsNeeds({ action, region, names }: RecordedCall, { partition, account }: Account): [string, string][] {
  const arn = (rest: string) => `arn:${partition}:rds:${region}:${account}:${rest}`;
  const all = Object.entries(names);
  // AWS knows no resource for the quotas of an account.
  if (action === 'DescribeAccountAttributes') return [[`rds:${action}`, '*']];
  const named = all.flatMap(([name, value]): [string, string][] => {
    if (name === 'ResourceName') return [[`rds:${action}`, value]];
    const kind = rdsKinds[name];
    if (!kind) return [];
    return [[`rds:${action}`, value.startsWith('arn:') ? value : arn(`${kind}:${value}`)]];
  });
  const listed = rdsListed[action];
  if (named.length === 0 && rdsWithoutResource.includes(action)) return [[`rds:${action}`, '*']];
  if (named.length === 0 && listed) return [[`rds:${action}`, arn(listed)]];
  if (named.length === 0) throw new Error(`the RDS call ${action} names no resource that this test knows`);
  // What tags in the same request need (iam-dependent-actions).
  const tagged = { CreateDBSnapshot: 'snapshot:', CopyDBSnapshot: 'snapshot:', RestoreDBInstanceFromDBSnapshot: 'db:' }[
    action
  ];
  const target =
    names['TargetDBSnapshotIdentifier'] ??
    (action === 'CreateDBSnapshot' ? names['DBSnapshotIdentifier'] : names['DBInstanceIdentifier']);
  return tagged ? [...named, ['rds:AddTagsToResource', arn(`${tagged}${target}`)]] : named;
}

function otherNeeds(call: RecordedCall, { partition, account, keyArns }: Account): [string, string][] {
  const { service, region, action, names } = call;
  const arn = (owner: string, rest: string) => `arn:${partition}:${owner}:${region}:${account}:${rest}`;
  const name = names['Name'] ?? '';
  switch (service) {
    case 'kms':
      // A ciphertext names its key itself.
      return [[`kms:${action}`, keyArns[names['KeyId'] ?? 'escrow'] ?? `unknown key ${names['KeyId']}`]];
    case 'sns':
      // The topic is under the key as well.
      return action === 'Publish'
        ? [
            ['sns:Publish', names['TopicArn'] ?? ''],
            ['kms:GenerateDataKey', keyArns['topic'] ?? ''],
            ['kms:Decrypt', keyArns['topic'] ?? ''],
          ]
        : [[`sns:${action}`, names['TopicArn'] ?? '']];
    case 'sqs':
      return [[`sqs:${action.replace(/Batch$/, '')}`, arn('sqs', names['QueueUrl']?.split('/').at(-1) ?? '')]];
    case 'events':
      return [
        [
          `events:${action}`,
          action === 'PutEvents' ? arn('events', 'event-bus/default') : arn('events', `rule/${name}`),
        ],
      ];
    case 'secretsmanager':
      if (action === 'GetRandomPassword') return [['secretsmanager:GetRandomPassword', '*']];
      // Secrets Manager adds a hyphen and six characters to the name.
      return [[`secretsmanager:${action}`, arn('secretsmanager', `secret:${names['SecretId'] ?? name}-AbCdEf`)]];
    case 'ssm':
      return [[`ssm:${action}`, arn('ssm', `parameter/${name.replace(/^\//, '')}`)]];
    case 'lambda': {
      const invoked = /functions\/([^/]+)\/invocations/.exec(action)?.[1];
      if (!invoked) throw new Error(`nobody reviewed what the Lambda call ${action} needs`);
      return [['lambda:InvokeFunction', arn('lambda', `function:${decodeURIComponent(invoked)}`)]];
    }
    case 'route53': {
      const zone = /hostedzone\/([^/]+)\/rrset/.exec(action)?.[1];
      return [['route53:ChangeResourceRecordSets', `arn:${partition}:route53:::hostedzone/${zone}`]];
    }
    case 'monitoring':
      return [['cloudwatch:PutMetricData', '*']];
    default:
      throw new Error(`nobody reviewed what calls of ${service} need`);
  }
}

/** What a recorded call needs. Throws for a call that nobody reviewed. */
export function needsOf(call: RecordedCall, account: Account): Need[] {
  const why = `${call.service} ${call.action}`;
  const found =
    call.service === 's3'
      ? s3Needs(call, account)
      : call.service === 'rds'
        ? rdsNeeds(call, account)
        : otherNeeds(call, account);
  return found.map(([action, arn]) => ({ action, arn, why }));
}
