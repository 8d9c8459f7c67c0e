import * as z from 'zod';
import type { Policy } from './core/policy.ts';
import { DrError } from './errors.ts';

const PREFIX = 'BUILDER_DR_';
const minutes = (preset: number) => z.coerce.number().positive().default(preset);
const text = z.string().min(1);
const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as us-west-2');
const bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name');
const percent = z.coerce.number().min(1).max(100);
const size = z.coerce.number().int().positive();
/** A YAML flag, or the text of an environment variable. */
const flag = z.union([z.boolean(), z.stringbool()]);
/** A YAML list, or the text of an environment variable: a, b. */
const list = (item: z.ZodType<string>) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((each) => each.trim()) : value),
    z.array(item).min(1),
  );
const instanceClass = z.string().regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/, 'must be an instance class such as db.t4g.medium');
const parameter = z
  .string()
  .regex(/^ssm:\/.+/, 'must name an SSM parameter of type SecureString (ssm:/NAME), never the URL itself');
const reference = z
  .string()
  .regex(
    /^(secretsmanager|ssm|file):.+/,
    'must be a reference (secretsmanager:NAME, ssm:NAME or file:PATH), never the secret',
  );

const sections = {
  primary: z.strictObject({
    region,
    database: text,
    bucket,
    /** Read by serverless.primary.yml only: the fence's security group is made in this VPC. */
    vpc: text.optional(),
    account: text.optional(),
  }),
  dr: z.strictObject({
    region,
    replicaBucket: bucket,
    vaultBucket: bucket,
    /** Read by serverless.yml only: both buckets are there already and stay as they are. */
    existingBuckets: flag.optional(),
    existingKeyArn: text.optional(),
    /** Read by serverless.yml only: what is written into the vault cannot be deleted for so long. */
    vaultLockDays: size.optional(),
    /** Read by serverless.yml only: make the endpoints that the inspector needs in this VPC. */
    endpointsVpc: text.optional(),
    endpointsRouteTables: list(text).optional(),
    account: text.optional(),
    /** Read by serverless.yml only: concurrency kept for `replicate` alone; none unless asked for. */
    replicateReservedConcurrency: size.optional(),
    /** Key in the DR region for the snapshots' copies; needed when the database is encrypted. */
    snapshotKmsKey: text.optional(),
    /** Key in the DR region that seals Builder's keys. */
    escrowKmsKey: text,
    /** Read by serverless.yml only: where the function runs that looks into restored databases. */
    inspectorSubnets: list(text).optional(),
    inspectorSecurityGroups: list(text).optional(),
    /** Route 53: the record that Builder's nodes use for the database, moved by a cut-over. */
    hostedZone: text.optional(),
    databaseRecord: text.optional(),
    /** The vault of the stack for the other direction, once it is deployed (failback). */
    reverseVaultBucket: bucket.optional(),
    /** A CA file for the restored databases; without it RDS's own certificate authorities are trusted. */
    databaseCaFile: text.optional(),
  }),
  policy: z.strictObject({
    captureIntervalMinutes: minutes(60),
    captureGraceMinutes: minutes(15),
    rpoTargetMinutes: minutes(120),
    copyStuckMinutes: minutes(120),
    copyOverdueMinutes: minutes(60),
    copyLimit: z.coerce.number().int().positive().default(20),
    replicationLagMinutes: minutes(30),
    reconcileStaleMinutes: minutes(180),
    shrinkPercent: percent.default(20),
    heartbeatHours: z.coerce.number().positive().default(24),
    snapshotQuota: z.coerce.number().int().positive().default(100),
    drillDeadlineMinutes: minutes(180),
    drillIntervalDays: z.coerce.number().positive().default(8),
    rtoTargetMinutes: minutes(120),
    rowsFallPercent: percent.default(20),
    rereadSamples: z.coerce.number().int().nonnegative().default(50),
    fenceMinutes: minutes(15),
  }),
  restore: z.strictObject({
    classes: list(instanceClass),
    drillClasses: list(instanceClass),
    subnetGroup: text,
    securityGroups: list(text),
    parameterGroup: text,
    storageType: z.enum(['gp3', 'gp2', 'io1', 'io2']).default('gp3'),
    storageGib: size.optional(),
    iops: size.optional(),
    throughputMibps: size.optional(),
    multiAz: flag.default(true),
    deletionProtection: flag.default(true),
    backupRetentionDays: z.coerce.number().int().min(1).max(35).default(7),
    caCertificate: text.default('rds-ca-rsa2048-g1'),
    logExports: list(text).default(['postgresql']),
    iamAuthentication: flag.default(false),
    /** The role that people and tools log in as by IAM; made in the primary database beforehand. */
    iamRole: text.optional(),
  }),
  builder: z.strictObject({
    databaseName: text.default('builder'),
    databaseRole: text.default('hab'),
    databasePassword: reference.optional(),
    s3KeyId: reference,
    s3SecretKey: reference,
    url: z.url().optional(),
  }),
  messages: z.strictObject({
    /** Read by the stacks only: subscribed to the topics of both regions; each must be confirmed once. */
    emails: list(z.email()).optional(),
    /** Slack's incoming webhook, and a monitor that rings when it hears nothing; both URLs are secrets. */
    slackWebhook: parameter.optional(),
    deadManUrl: parameter.optional(),
  }),
  network: z.strictObject({
    connectTimeoutMs: z.coerce.number().int().positive().default(2_000),
    requestTimeoutMs: z.coerce.number().int().positive().default(8_000),
  }),
};

/** One configuration for functions and CLI. Unknown names are refused. */
const configSchema = z
  .strictObject({
    stage: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, 'must be a short lower-case name'),
    account: z.string().regex(/^\d{12}$/, 'must be an account id of 12 digits, in quotes'),
    partition: z.enum(['aws', 'aws-us-gov', 'aws-cn']).default('aws'),
    primary: sections.primary,
    dr: sections.dr,
    policy: sections.policy.prefault({}),
    messages: sections.messages.prefault({}),
    network: sections.network.prefault({}),
    restore: sections.restore,
    builder: sections.builder,
    /** Read by the stacks only: how long silence may last. */
    alarms: z.strictObject({ periodSeconds: size }).optional(),
    /** Read by serverless.yml only: how often each job runs. */
    schedules: z.record(z.string(), z.string()).optional(),
  })
  .superRefine(({ account, primary, dr, restore, builder }, context) => {
    const same = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [site, each] of Object.entries({ primary: primary.account, dr: dr.account })) {
      if (each === undefined || each === account) continue;
      const why = 'the copies would need snapshots shared with, and keys opened to, the other account';
      same([site, 'account'], `both sites must be in one account (${account}) for now: ${why}`);
    }
    if (dr.existingBuckets && dr.vaultLockDays) {
      same(['dr', 'vaultLockDays'], 'cannot be given to a bucket that exists: set its Object Lock there');
    }
    if (dr.endpointsVpc && !dr.endpointsRouteTables) {
      same(['dr', 'endpointsRouteTables'], 'is needed with dr.endpointsVpc: the endpoint of S3 is a route');
    }
    if (primary.region === dr.region)
      same(['dr', 'region'], 'must differ from primary.region: one region is one disaster');
    if (dr.replicaBucket === dr.vaultBucket)
      same(['dr', 'vaultBucket'], 'must differ from dr.replicaBucket: Builder must never own the vault');
    if (primary.bucket === dr.replicaBucket) same(['dr', 'replicaBucket'], 'must differ from primary.bucket');
    if (primary.bucket === dr.vaultBucket) same(['dr', 'vaultBucket'], 'must differ from primary.bucket');
    if (restore.iamRole !== undefined && restore.iamRole === builder.databaseRole) {
      same(['restore', 'iamRole'], "must not be Builder's own role: a role of rds_iam loses its password login");
    }
    if (dr.databaseRecord && !dr.hostedZone) same(['dr', 'hostedZone'], 'is needed to move dr.databaseRecord');
    if (restore.storageType.startsWith('io') && !restore.iops) same(['restore', 'iops'], 'is required for io1 and io2');
    if (restore.storageType === 'gp3' && !restore.iops !== !restore.throughputMibps) {
      same(['restore', 'throughputMibps'], 'gp3 takes iops and throughputMibps together, from 400 GiB');
    }
  });

export type Config = z.infer<typeof configSchema>;
export type Environment = Record<string, string | undefined>;

function constantCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** Every variable of the environment that can set something, and where it belongs. */
function variables(): Map<string, string[]> {
  const found = new Map<string, string[]>([
    ['STAGE', ['stage']],
    ['ACCOUNT', ['account']],
    ['PARTITION', ['partition']],
  ]);
  for (const [section, schema] of Object.entries(sections)) {
    for (const name of Object.keys(schema.shape)) {
      found.set(`${constantCase(section)}_${constantCase(name)}`, [section, name]);
    }
  }
  return found;
}

export type Raw = Record<string, Record<string, unknown> | unknown>;

function overlay(raw: Raw, environment: Environment): string[] {
  const known = variables();
  const unknown: string[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || variable === `${PREFIX}CONFIG` || value === undefined || value === '') continue;
    const path = known.get(variable.slice(PREFIX.length));
    const [section, name] = path ?? [];
    if (!section) unknown.push(`${variable}: no such setting`);
    else if (!name) raw[section] = value;
    else raw[section] = { ...(raw[section] as object | undefined), [name]: value };
  }
  return unknown;
}

function valueAt(raw: unknown, path: PropertyKey[]): unknown {
  return path.reduce((value, name) => (value as Record<PropertyKey, unknown> | null)?.[name], raw);
}

/**
 * The configuration from what a file said (if any) and the environment, which wins. Throws BAD_CONFIG
 * with every bad setting by name; never prints a value.
 */
export function parseConfig(environment: Environment, file: Raw = {}): Config {
  const raw = { ...file };
  const problems = overlay(raw, environment);
  const parsed = configSchema.safeParse(raw);
  const missing: string[] = [];
  for (const issue of parsed.error?.issues ?? []) {
    const name = issue.path.join('.');
    const unknownNames = issue.code === 'unrecognized_keys' ? ` (${issue.keys.join(', ')})` : '';
    if (issue.code !== 'custom' && valueAt(raw, issue.path) === undefined) missing.push(name);
    else problems.push(`${name || 'top level'}: ${issue.message}${unknownNames}`);
  }
  const count = problems.length + missing.length;
  if (missing.length > 0) problems.unshift(`missing: ${missing.join(', ')}`);
  if (parsed.success && count === 0) return parsed.data;
  throw new DrError('BAD_CONFIG', `${count} bad settings\n  ${problems.join('\n  ')}`, {
    hint: 'config/example.yml explains each setting. The environment sets them as BUILDER_DR_<SECTION>_<NAME>.',
  });
}

/** What the jobs decide by. */
export function policyOf(config: Config): Policy {
  const { iops, storageGib, throughputMibps, iamRole, ...restore } = config.restore;
  const { databasePassword, url, ...builder } = config.builder;
  return {
    ...config.policy,
    restore: { ...restore, iops, storageGib, throughputMibps, iamRole },
    builder: { ...builder, databasePassword, url },
  };
}

/** Where the CLI looks for its configuration: the flag, the variable, the working folder. */
export function configFile(environment: Environment, flag: string | undefined): string {
  return flag ?? environment[`${PREFIX}CONFIG`] ?? './builder-dr.yml';
}

/** The environment of this process; nobody else reads it. */
export function processEnvironment(): Environment {
  return process.env;
}
