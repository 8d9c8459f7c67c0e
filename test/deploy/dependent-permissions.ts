import { FENCE_PROBE_KEY } from '../../src/core/artifacts/reserved.ts';
import type { PermissionRow, Subject } from './permission-row.ts';
import { prunePermissions } from './prune-permissions.ts';
import { releasePermissions } from './release-permissions.ts';
import type { Need } from './rights.ts';

/**
 * What no call of ours shows and AWS checks all the same, or what a call needs that one life in the sandbox does not
 * make. Reviewed by hand; each row says why. A row that a role does not grant fails, as a call does.
 */
function table({ name, config, account: { account, partition, keyArns }, names }: Subject): PermissionRow[] {
  const { primary, dr, stage } = config;
  const stack = `hbdr-${stage}`;
  const here = (service: string, rest: string) => `arn:${partition}:${service}:${dr.region}:${account}:${rest}`;
  const there = (service: string, rest: string) => `arn:${partition}:${service}:${primary.region}:${account}:${rest}`;
  const object = (bucket: string, key = 'core/any.hart') => `arn:${partition}:s3:::${bucket}/${key}`;
  const key = keyArns['vault'] ?? '';
  const recovering = ['advance', 'failover'];
  return [
    {
      of: 'all',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      arns: [here('logs', `log-group:/aws/lambda/${stack}-${name}:log-stream:any`)],
      why: 'the Lambda runtime writes the log with the function’s role',
    },
    {
      of: 'all',
      actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
      arns: ['*'],
      why: 'the Lambda runtime sends traces with the function’s role',
    },
    {
      of: [
        'capture',
        'advance',
        'reconcile',
        'readiness',
        'prune',
        'drill',
        'failover',
        'notify-slack',
        'inspect-database',
      ],
      actions: ['sqs:SendMessage'],
      arns: [here('sqs', `${stack}-${name}-failed`)],
      why: 'Lambda puts what failed into the OnFailure queue with the function’s role',
    },
    {
      of: ['replicate'],
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      arns: [here('sqs', names.queue)],
      why: 'Lambda polls the queue with the function’s role',
    },
    {
      of: ['inspect-database'],
      actions: [
        'ec2:CreateNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:DeleteNetworkInterface',
        'ec2:AssignPrivateIpAddresses',
        'ec2:UnassignPrivateIpAddresses',
      ],
      arns: ['*'],
      why: 'Lambda puts the function into the VPC with its role',
    },
    {
      of: ['capture', 'inspect-database'],
      actions: ['s3:ListBucket'],
      arns: [`arn:${partition}:s3:::${dr.vaultBucket}`],
      why: 'without it S3 says 403, and not 404, of a document that is not there yet',
    },
    {
      of: ['replicate'],
      actions: ['s3:ListBucket'],
      arns: [primary.bucket, dr.replicaBucket].map((name) => `arn:${partition}:s3:::${name}`),
      why: 'without it S3 says 403, and not 404, of an artifact that is gone',
    },
    {
      of: ['replicate', ...recovering],
      actions: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      arns: [object(dr.replicaBucket), object(dr.vaultBucket, 'displaced/any')],
      why: 'an artifact that is copied, or kept aside, part by part, over several runs (test/contract/artifact-copies.test.ts)',
    },
    {
      of: ['replicate'],
      actions: ['s3:GetObject', 's3:PutObject'],
      arns: [object(dr.vaultBucket, 'uncopyable.json'), object(dr.vaultBucket, 'copies/any.json')],
      why: 'what is remembered of artifacts that cannot be copied, or not in one run (test/jobs/artifacts)',
    },
    {
      of: ['replicate', 'reconcile', ...recovering],
      actions: ['s3:DeleteObject'],
      arns: [object(dr.vaultBucket, 'copies/any.json')],
      why: 'a copy that took several runs is done, or was given up (test/contract/artifact-copies.test.ts)',
    },
    {
      of: ['replicate'],
      actions: ['s3:DeleteObject'],
      arns: [object(dr.replicaBucket, 'hbdr-canary/doctor')],
      why: 'doctor has one artifact copied and read by this role, and removes it (test/functions/handlers.test.ts)',
    },
    {
      of: ['replicate'],
      actions: ['s3:PutObject'],
      arns: [object(dr.vaultBucket, 'deletions/log/any.ndjson')],
      why: 'an artifact of the replica was deleted at the primary (test/functions/handlers.test.ts)',
    },
    {
      of: ['replicate'],
      actions: ['s3:PutObject'],
      arns: [object(dr.vaultBucket, 'deletions/uncopied/any.ndjson')],
      why: 'an artifact was deleted at the primary before anybody copied it (test/jobs/points/deleted-uncopied.test.ts)',
    },
    {
      of: ['replicate'],
      actions: ['s3:PutObject'],
      arns: [object(dr.vaultBucket, 'unreadable/etag/uncopyable.json')],
      why: 'the list of refused copies cannot be read, and is kept aside (test/jobs/unreadable.test.ts)',
    },
    {
      of: ['reconcile'],
      actions: ['s3:DeleteObject'],
      arns: [object(dr.vaultBucket, 'unreadable/etag/any.json')],
      why: 'of what was set aside the newest fifty are kept (test/jobs/vault/set-aside.test.ts)',
    },
    {
      of: ['reconcile'],
      actions: ['s3:DeleteObject'],
      arns: [object(dr.vaultBucket, 'deletions/log/any.ndjson')],
      why: 'what such events showed is merged, and files of marks end (test/jobs/artifacts/withheld-histories.test.ts)',
    },
    {
      of: ['capture'],
      actions: ['rds:DescribeDBSnapshots'],
      arns: [there('rds', 'snapshot:hbdr-any')],
      why: 'a snapshot of this name exists already: whose is it? (test/contract/database.test.ts)',
    },
    {
      of: ['capture'],
      actions: ['rds:DescribeDBInstances'],
      arns: [there('rds', `db:${primary.database}`)],
      why: 'a snapshot was refused: what keeps the instance? (test/contract/database.test.ts)',
    },
    {
      of: recovering,
      actions: ['rds:ModifyDBInstance'],
      arns: [here('rds', 'db:hbdr-failover-any')],
      why: 'backups of what a failover restored are turned on before its cut-over (test/e2e/rds-states.test.ts)',
    },
    {
      of: recovering,
      actions: ['rds:CreateDBSnapshot'],
      arns: [there('rds', `db:${primary.database}`)],
      why: 'a capture that was refused is asked for again; the final point of a switchover (test/e2e/failover.test.ts)',
    },
    {
      of: recovering,
      actions: ['rds:DescribeDBInstances'],
      arns: [there('rds', 'db:diverged-any')],
      why: 'the old primary under its new name, before a failback (test/e2e/failback.test.ts)',
    },
    {
      of: recovering,
      actions: ['s3:PutBucketPolicy', 's3:DeleteBucketPolicy', 's3:GetBucketPolicy'],
      arns: [`arn:${partition}:s3:::${primary.bucket}`],
      why: 'the fence, whichever of the two raises it or takes it away (test/e2e/failover.test.ts)',
    },
    {
      of: recovering,
      actions: ['s3:PutObject', 's3:GetObject'],
      arns: [object(dr.replicaBucket)],
      why: 'healing in a failover: what the replica lacks or holds damaged (test/e2e/failover.test.ts)',
    },
    {
      of: recovering,
      actions: ['s3:GetObject'],
      arns: [object(primary.bucket)],
      why: 'what the replica still lacks a pass after it was listed: is it gone at the primary too? (test/jobs/cycle.test.ts)',
    },
    {
      of: recovering,
      actions: ['sns:GetTopicAttributes'],
      arns: [here('sns', names.topic)],
      why: 'an alarm test asks whether anybody is subscribed (test/e2e/drill-faults.test.ts)',
    },
    {
      of: recovering,
      actions: ['kms:DescribeKey', 'kms:CreateGrant'],
      arns: [key, there('kms', 'key/any')],
      why: 'copies and restores of encrypted snapshots: RDS uses the keys of both regions in the caller’s name',
    },
    {
      of: recovering,
      actions: ['rds:RestoreDBInstanceFromDBSnapshot'],
      arns: [here('rds', 'og:default:postgres-17')],
      why: 'a restore is checked against the option group too, which is the default one',
    },
    {
      of: ['replicate'],
      actions: ['s3:GetObject'],
      arns: [object(dr.vaultBucket, 'failovers/any.json')],
      why: 'newer bytes wait for the end of a failover that there has been (test/jobs/recovery/older-bytes.test.ts)',
    },
    {
      of: ['replicate', ...recovering],
      actions: ['s3:GetObjectVersion'],
      arns: [object(dr.replicaBucket)],
      why: 'healing from a version of the replica’s own (test/e2e/other-bytes.test.ts)',
    },
    {
      of: ['replicate', ...recovering],
      actions: ['s3:ListBucketVersions'],
      arns: [`arn:${partition}:s3:::${dr.replicaBucket}`],
      why: 'which versions the replica keeps of a key whose bytes are wrong or missing (test/e2e/other-bytes.test.ts)',
    },
    {
      of: ['replicate'],
      actions: ['s3:GetObject', 's3:PutObject'],
      arns: [object(dr.vaultBucket, 'displaced/any')],
      why: 'bytes that newer ones replace are kept there, and healed from there (test/e2e/other-bytes.test.ts)',
    },
    {
      of: recovering,
      actions: ['s3:GetObjectVersion'],
      arns: [object(primary.bucket)],
      why: 'healing from a version that is no longer the current one (test/e2e/drill-faults.test.ts)',
    },
    {
      of: recovering,
      actions: ['s3:ListBucketVersions'],
      arns: [`arn:${partition}:s3:::${primary.bucket}`],
      why: 'what the primary still keeps of a missing artifact (test/e2e/drill-faults.test.ts)',
    },
    {
      of: recovering,
      actions: ['rds:AddTagsToResource'],
      arns: [here('rds', 'db:hbdr-failover-any')],
      why: 'an aborted failover marks the instance that it keeps (test/e2e/failover.test.ts)',
    },
    {
      of: recovering,
      actions: ['rds:CreateDBSnapshot', 'rds:AddTagsToResource'],
      arns: [there('rds', 'snapshot:hbdr-diverged-any')],
      why: 'the final snapshot of an old primary before a failback (test/e2e/failback.test.ts)',
    },
    {
      of: recovering,
      actions: ['rds:DescribeDBInstances', 'rds:ModifyDBInstance', 'rds:RebootDBInstance'],
      arns: [there('rds', `db:${primary.database}`)],
      why: 'the fence, whichever of the two raises it, and the rename of an old primary before a failback',
    },
    {
      of: recovering,
      actions: ['s3:PutObject', 's3:DeleteObject'],
      arns: [object(primary.bucket, FENCE_PROBE_KEY)],
      why: 'whichever of the two raises the fence tries to write this one object (test/jobs/recovery/fence-proof.test.ts)',
    },
    {
      of: recovering,
      actions: ['route53:ChangeResourceRecordSets'],
      arns: [`arn:${partition}:route53:::hostedzone/${dr.hostedZone ?? 'none'}`],
      why: 'the record of the database, where one is configured (test/contract/recovery-ports.test.ts)',
    },
    {
      of: ['failover', 'readiness'],
      actions: ['s3:GetObject'],
      arns: [object(dr.reverseVaultBucket ?? 'no-reverse-vault', 'status.json')],
      why: 'the stack of the other direction, once it is deployed (test/e2e/failback.test.ts)',
    },
    {
      of: ['failover', 'readiness'],
      actions: ['s3:ListBucket'],
      arns: [`arn:${partition}:s3:::${dr.reverseVaultBucket ?? 'no-reverse-vault'}`],
      why: 'without it S3 says 403, and not 404, of what is not there',
    },
    {
      of: ['failover', 'readiness'],
      actions: ['kms:Decrypt'],
      arns: [there('kms', 'key/any')],
      why: 'the vault of the other direction is under the key of its own stack',
    },
  ];
}

export function dependentNeeds(subject: Subject): Need[] {
  return [...table(subject), ...prunePermissions(subject), ...releasePermissions(subject)]
    .filter(({ of }) => of === 'all' || of.includes(subject.name))
    .flatMap(({ actions, arns, why }) => actions.flatMap((action) => arns.map((arn) => ({ action, arn, why }))));
}
