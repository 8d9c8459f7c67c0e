import * as z from 'zod';
import {
  days,
  flag,
  forStacks,
  hours,
  instanceClass,
  kmsKeyArn,
  list,
  minutes,
  percent,
  reference,
  text,
  whole,
} from './settings/kinds.ts';
import type { ReplicaSettings } from './settings/replica.ts';
import type { RetentionPolicy } from './settings/retention.ts';

/** What the operator asks for, in the units of the names. */
export const policySection = z.strictObject({
  captureIntervalMinutes: minutes(60).describe('one recovery point per slot of this length'),
  acceptSingleAzPauses: flag
    .default(false)
    .describe('takes points more often than every 60 minutes although each suspends the I/O of a Single-AZ primary'),
  captureGraceMinutes: minutes(15).describe('how late a capture may be before it counts as missed'),
  rpoTargetMinutes: minutes(120).describe('how much data a failover may lose'),
  copyStuckMinutes: minutes(120).describe('a copy without progress for this long is stuck'),
  copyOverdueMinutes: minutes(60).describe('a copy that could not start for this long is overdue'),
  pointStuckHours: hours(24).describe('a point in flight of which a part comes no further for this long fails'),
  copyLimit: whole.default(20).meta({ unit: 'copies', description: 'copies in flight that AWS allows per region' }),
  replicationLagMinutes: minutes(30).describe('how long an artifact may wait for its copy'),
  unverifiedHours: hours(6).describe('how long an artifact in the replica may wait to be verified'),
  reconcileStaleMinutes: minutes(180).describe('how old the last comparison of the buckets may be'),
  shrinkPercent: percent(20).describe('a greater fall of the inventory makes a point suspect'),
  heartbeatHours: hours(24).describe('a message comes this often even when nothing changes'),
  drillDeadlineMinutes: minutes(180).describe('a drill that takes longer is stopped, cleaned up and failed'),
  drillIntervalDays: days(8).describe('a passed drill older than this is overdue'),
  rtoTargetMinutes: minutes(120).describe('how long a failover may take'),
  rowsFallPercent: percent(20).describe("a greater fall of a table's rows since the last drill is a finding"),
  rereadSamples: z.coerce.number().int().nonnegative().default(50).meta({
    unit: 'artifacts',
    description: 'artifacts that a drill reads again although their bytes have a record; others each time',
  }),
  failoverStuckMinutes: minutes(60).describe('a failover that comes no further for this long is blocked, and rings'),
  unseenMinutes: minutes(10).describe('what AWS accepted and does not show for this long is gone'),
  fenceMinutes: minutes(15).describe('how long a failover waits for the fence of a primary that answers'),
  fenceProofSeconds: z.coerce.number().nonnegative().default(30).meta({
    unit: 'seconds',
    description: 'over which the primary bucket must deny writes, four times, before its fence counts',
  }),
});

/** How what would be done in a disaster is rehearsed. */
export const drillsSection = z.strictObject({
  realEvery: z.coerce.number().int().min(0).max(12).default(4).meta({
    unit: 'drills',
    description: "of so many scheduled drills one is real: a failover's class and Multi-AZ; 1 is each, 0 is none",
  }),
});

/** What a restored instance is like. Nothing is left to AWS's defaults. */
export const restoreSection = z.strictObject({
  classes: list(instanceClass).describe("Builder's class first, then those to take when AWS has none of it"),
  drillClasses: list(instanceClass).describe('the same for drills, which may be smaller'),
  subnetGroup: text.describe('an RDS subnet group in the DR region'),
  securityGroups: list(text).describe("let Builder's nodes in DR and dr.inspectorSecurityGroups in, on port 5432"),
  parameterGroup: text.describe("an RDS parameter group in the DR region, of the database's family"),
  storageType: z.enum(['gp3', 'gp2', 'io1', 'io2']).default('gp3').describe('gp3, gp2, io1 or io2'),
  storageGib: whole.optional().meta({ unit: 'GiB', description: "grows to this; a snapshot's own size is the least" }),
  iops: whole.optional().meta({
    unit: 'iops',
    description: 'io1 and io2 need it; gp3 takes it from 400 GiB, together with throughputMibps',
  }),
  throughputMibps: whole
    .optional()
    .meta({ unit: 'MiB/s', description: 'of gp3 alone, from 400 GiB, together with iops' }),
  multiAz: flag.default(true).describe('of a failover and a real drill; any other drill is Single-AZ'),
  deletionProtection: flag.default(true).describe('of a failover; what a drill restores is deleted'),
  backupRetentionDays: z.coerce
    .number()
    .int()
    .min(1)
    .max(35)
    .default(7)
    .meta({ unit: 'days', description: 'of a failover, turned on before it is cut over; 1 to 35' }),
  caCertificate: text.default('rds-ca-rsa2048-g1').describe("the authority of the instance's certificate"),
  logExports: list(text)
    .default(['postgresql'])
    .describe('logs that go to CloudWatch, of a failover; a drill exports none'),
  iamAuthentication: flag
    .default(false)
    .describe('lets a role of rds_iam log in by IAM; Builder itself keeps its password'),
  iamRole: text
    .optional()
    .describe("that role, made in the primary database beforehand; Builder's own would lose its password login"),
});

/** How Builder itself reaches its data; secrets are references (`secretsmanager:NAME`, `ssm:NAME`, `file:PATH`). */
export const builderSection = z.strictObject({
  databaseName: text.default('builder').describe("Builder's database in the instance"),
  databaseRole: text.default('hab').describe('the role that builder-api logs in as; it must own every table'),
  databasePassword: reference.optional().describe('its password; leave it out when it is the master user'),
  s3KeyId: reference.describe('the access key of Builder for the replica bucket'),
  s3SecretKey: reference.describe('the secret of that access key'),
  secretsKmsKey: kmsKeyArn
    .optional()
    .meta(forStacks("the key of those secrets where it is not AWS's own, in the DR region: its ARN")),
  url: z.url().optional().describe('a Builder frontend in DR, asked for its own routes after a cut-over'),
});

export type RestoreSettings = z.infer<typeof restoreSection>;
export type BuilderSettings = z.infer<typeof builderSection>;
export type Policy = z.infer<typeof policySection> & {
  replica: ReplicaSettings;
  drills: z.infer<typeof drillsSection>;
  restore: RestoreSettings;
  builder: BuilderSettings;
  /** Without it nothing is ever removed. */
  retention?: RetentionPolicy | undefined;
};
