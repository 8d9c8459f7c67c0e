import * as z from 'zod';
import { type Partition, partitions } from '../partitions.ts';
import { accountId, bucket, flag, forStacks, kmsKeyArn, list, neededByStacks, region, text, whole } from './kinds.ts';

const account = text.optional().describe('both sites must be in one account, for now');

/** The site that serves Builder today. */
export const primarySection = z.strictObject({
  region: region.describe('the region that serves Builder today'),
  database: text.describe('the RDS instance identifier'),
  bucket: bucket.describe("Builder's artifact bucket"),
  bucketKmsKey: kmsKeyArn
    .optional()
    .meta(forStacks('the key of that bucket where it is encrypted with one (SSE-KMS): its ARN')),
  vpc: text
    .optional()
    .meta(neededByStacks("the VPC of the database; the relay stack makes the fence's security group there")),
  account,
});

/** The site that takes over. */
export const drSection = z.strictObject({
  region: region.describe('another region'),
  replicaBucket: bucket.describe("made by the stack; holds artifacts under Builder's own keys"),
  vaultBucket: bucket.describe('made by the stack; holds the catalogue, never given to Builder'),
  existingBuckets: flag.optional().meta(forStacks('both buckets are there already and stay as they are')),
  existingKeyArn: text.optional().meta(forStacks('the key that a stack before this left behind, with its alias')),
  vaultLockDays: whole
    .optional()
    .meta({ ...forStacks('Object Lock (governance) on a vault that the stack makes'), unit: 'days' }),
  endpointsVpc: text.optional().meta(forStacks("make the inspector's endpoints there (S3, Secrets Manager, KMS, SSM)")),
  endpointsRouteTables: list(text)
    .optional()
    .meta(forStacks('needed with endpointsVpc: the endpoint of S3 is a route')),
  account,
  replicateReservedConcurrency: whole
    .optional()
    .meta({ ...forStacks('kept for replicate alone; none unless asked for'), unit: 'runs at once' }),
  snapshotKmsKey: text
    .optional()
    .describe("encrypts the snapshots' copies; an encrypted database needs it; the stack makes this key"),
  escrowKmsKey: text.describe("seals Builder's keys; the stack makes this key"),
  inspectorSubnets: list(text)
    .optional()
    .meta(neededByStacks('where the function runs that looks into restored databases')),
  inspectorSecurityGroups: list(text)
    .optional()
    .meta(neededByStacks('they need S3, Secrets Manager and KMS endpoints, and the database')),
  hostedZone: text.optional().describe("Route 53: the zone of the record that Builder's nodes use for the database"),
  databaseRecord: text.optional().describe('that record, moved by a cut-over'),
  reverseVaultBucket: bucket.optional().describe('the vault of the stack for the other direction, once it is deployed'),
  databaseCaFile: text.optional().meta({
    description: "on this machine: trusted for restored databases instead of RDS's own authorities",
    keptFromFunctions: true,
  }),
});

/** What a stage is, in one word each. */
export const identity = {
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,19}$/, 'must be a short lower-case name')
    .describe('what everything is named after: hbdr-<stage>'),
  account: accountId.describe('the account of both regions, in quotes'),
  partition: z
    .enum(Object.keys(partitions) as Partition[])
    .default('aws')
    .describe('aws, aws-us-gov or aws-cn'),
};
