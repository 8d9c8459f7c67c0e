import type { PermissionRow, Subject } from './permission-row.ts';

/** What a release of a failover needs whose record cannot be read. Reviewed by hand; each row says why. */
export function releasePermissions({ config: { dr }, account: { partition } }: Subject): PermissionRow[] {
  return [
    {
      of: ['failover'],
      actions: ['s3:ListBucketVersions'],
      arns: [`arn:${partition}:s3:::${dr.vaultBucket}`],
      why: 'which versions the vault keeps of that record (test/e2e/typed.test.ts)',
    },
    {
      of: ['failover'],
      actions: ['s3:GetObjectVersion'],
      arns: [`arn:${partition}:s3:::${dr.vaultBucket}/failovers/any.json`],
      why: 'which of them can be read (test/e2e/typed.test.ts)',
    },
  ];
}
