import type { PermissionRow, Subject } from './permission-row.ts';

/** What prune needs and one life in the sandbox does not make it ask for. Reviewed by hand; each row says why. */
export function prunePermissions({ config, account: { account, partition }, names }: Subject): PermissionRow[] {
  const { primary, dr } = config;
  const here = (service: string, rest: string) => `arn:${partition}:${service}:${dr.region}:${account}:${rest}`;
  const object = (bucket: string, key: string) => `arn:${partition}:s3:::${bucket}/${key}`;
  return [
    {
      of: ['prune'],
      actions: ['s3:DeleteObject'],
      arns: ['reports/any', 'drills/any', 'failovers/any'].map((each) => object(dr.vaultBucket, each)),
      why: 'a life has too few runs for one of them to be old (test/jobs/points/prune-killed.test.ts)',
    },
    {
      of: ['prune'],
      actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:GetObjectVersion', 's3:PutObjectVersionTagging'],
      arns: [object(dr.replicaBucket, 'any.hart')],
      why: 'an artifact that was deleted at the primary and that no point needs any more (test/e2e/deletes.test.ts)',
    },
    {
      of: ['prune'],
      actions: ['s3:ListBucket', 's3:ListBucketVersions', 's3:GetBucketVersioning'],
      arns: [`arn:${partition}:s3:::${dr.replicaBucket}`],
      why: 'the same: whether versions are kept, and which (test/e2e/deletes.test.ts)',
    },
    {
      of: ['prune'],
      actions: ['s3:GetObject'],
      arns: [object(primary.bucket, 'any.hart')],
      why: 'the same: the primary is asked before and after (test/jobs/artifacts/removal-killed.test.ts)',
    },
    {
      of: ['prune'],
      actions: ['s3:ListBucket'],
      arns: [`arn:${partition}:s3:::${primary.bucket}`],
      why: 'without it S3 says 403, and not 404, of an artifact that is gone',
    },
    {
      of: ['prune'],
      actions: ['sqs:SendMessage', 'sqs:GetQueueAttributes'],
      arns: [here('sqs', names.queue)],
      why: 'what was uploaded while its delete marker was put is copied anew (test/jobs/artifacts/removal-killed.test.ts)',
    },
    {
      of: ['prune'],
      actions: ['s3:PutObject'],
      arns: ['deletions.json', 'deletions/all-any.ndjson.gz'].map((each) => object(dr.vaultBucket, each)),
      why: 'what was removed, and what was not (test/jobs/artifacts/removal-killed.test.ts)',
    },
    {
      of: ['prune'],
      actions: ['s3:DeleteObject'],
      arns: [object(dr.vaultBucket, 'deletions/all-any.ndjson.gz')],
      why: 'files of marks end (test/jobs/artifacts/withheld-histories.test.ts)',
    },
  ];
}
