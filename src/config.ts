import * as z from 'zod';
import { partitionOf } from './core/partitions.ts';
import { builderSection, drillsSection, type Policy, policySection, restoreSection } from './core/policy.ts';
import type { About } from './core/settings/kinds.ts';
import {
  alarmsSection,
  messagesSection,
  networkSection,
  schedulesSection,
  stacksSection,
} from './core/settings/operation.ts';
import { replicaSection } from './core/settings/replica.ts';
import { retentionSection } from './core/settings/retention.ts';
import { drSection, identity, primarySection } from './core/settings/sites.ts';
import { DrError } from './errors.ts';

const PREFIX = 'BUILDER_DR_';
/** The variable that holds the whole configuration of a function, as JSON. */
export const SETTINGS_VARIABLE = `${PREFIX}SETTINGS`;
const FILE_VARIABLE = `${PREFIX}CONFIG`;

const sections = {
  primary: primarySection,
  dr: drSection,
  policy: policySection.prefault({}),
  replica: replicaSection.prefault({}),
  messages: messagesSection.prefault({}),
  network: networkSection.prefault({}),
  drills: drillsSection.prefault({}),
  restore: restoreSection,
  builder: builderSection,
  retention: retentionSection.optional(),
  alarms: alarmsSection.optional(),
  schedules: schedulesSection.optional(),
  stacks: stacksSection.optional(),
};

/** One configuration for functions and CLI. Unknown names are refused. */
const configSchema = z
  .strictObject({ ...identity, ...sections })
  .superRefine(({ account, partition, primary, dr, restore, builder }, context) => {
    const same = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [site, each] of Object.entries({ primary: primary.account, dr: dr.account })) {
      if (each === undefined || each === account) continue;
      const why = 'the copies would need snapshots shared with, and keys opened to, the other account';
      same([site, 'account'], `both sites must be in one account (${account}) for now: ${why}`);
    }
    const [there, here] = [partitionOf(primary.region), partitionOf(dr.region)];
    if (there !== partition) same(['partition'], `must be ${there}, where ${primary.region} lies`);
    if (here !== there)
      same(['dr', 'region'], `must be in the partition of ${primary.region} (${there}): no copy crosses it`);
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

export type Setting = { path: [string] | [string, string]; about: About };

const aboutOf = (schema: z.ZodType) => schema.meta() as About;

/** Every setting of the schema: where it belongs, and what is said of it. */
export function everySetting(): Setting[] {
  const ofSections = Object.entries(sections).flatMap(([section, schema]) => {
    const { shape } = schema instanceof z.ZodObject ? schema : schema.unwrap();
    return Object.entries(shape).map(([name, each]): Setting => ({ path: [section, name], about: aboutOf(each) }));
  });
  return [
    ...Object.entries(identity).map(([name, each]): Setting => ({ path: [name], about: aboutOf(each) })),
    ...ofSections,
  ];
}

/** The variable of the environment that sets one setting: BUILDER_DR_POLICY_RPO_TARGET_MINUTES. */
export function variableOf({ path }: Setting): string {
  return `${PREFIX}${path.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join('_')}`;
}

/** Settings of versions before, and what is so now. A file that names one is told; what a stack wrote is read without. */
const retired: Record<string, Record<string, string>> = {
  policy: { snapshotQuota: 'is gone: AWS is asked for the quota itself; take the line out' },
};

function retiredIn(raw: Raw): string[] {
  return Object.entries(retired).flatMap(([section, names]) =>
    Object.entries(names).flatMap(([name, why]) => {
      const said = raw[section];
      if (typeof said !== 'object' || said === null || !(name in said)) return [];
      const { [name]: _gone, ...rest } = said as Record<string, unknown>;
      raw[section] = rest;
      return [`${section}.${name} ${why}`];
    }),
  );
}

export type Raw = Record<string, Record<string, unknown> | unknown>;

function overlay(raw: Raw, environment: Environment): string[] {
  const known = new Map(everySetting().map((each) => [variableOf(each), each.path]));
  const unknown: string[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || [FILE_VARIABLE, SETTINGS_VARIABLE].includes(variable) || !value) continue;
    const [section, name] = known.get(variable) ?? [];
    if (!section) unknown.push(`${variable}: no such setting`);
    else if (!name) raw[section] = value;
    else raw[section] = { ...(raw[section] as object | undefined), [name]: value };
  }
  return unknown;
}

/** What the stack wrote for a function. The error says nothing of what the variable holds, as JSON's own would. */
function settingsOf(environment: Environment): Raw {
  const json = environment[SETTINGS_VARIABLE];
  if (!json) return {};
  const settings = readJson(json);
  if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) return settings as Raw;
  throw new DrError('BAD_CONFIG', `${SETTINGS_VARIABLE} is no JSON of settings`, {
    hint: 'The stack writes it from config/<stage>.yml: deploy again.',
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function valueAt(raw: unknown, path: PropertyKey[]): unknown {
  return path.reduce((value, name) => (value as Record<PropertyKey, unknown> | null)?.[name], raw);
}

/**
 * The configuration from what a file said, else from `BUILDER_DR_SETTINGS`, and from the variables of single
 * settings, which win over both. Throws BAD_CONFIG with every bad setting by name; never prints a value.
 */
export function parseConfig(environment: Environment, file?: Raw): Config {
  const raw = { ...(file ?? settingsOf(environment)) };
  const gone = retiredIn(raw);
  const problems = [...(file ? gone : []), ...overlay(raw, environment)];
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
  const where =
    file || !environment[SETTINGS_VARIABLE] ? '' : `, from ${SETTINGS_VARIABLE} and the variables that override it`;
  throw new DrError('BAD_CONFIG', `${count} bad settings${where}\n  ${problems.join('\n  ')}`, {
    hint: 'config/example.yml explains each setting. The environment sets them as BUILDER_DR_<SECTION>_<NAME>.',
  });
}

/** What the jobs decide by. */
export function policyOf({ policy, replica, drills, restore, builder, retention }: Config): Policy {
  return { ...policy, replica, drills, restore, builder, retention };
}

/** Where the CLI looks for its configuration: the flag, the variable, the working folder. */
export function configFile(environment: Environment, flag: string | undefined): string {
  return flag ?? environment[FILE_VARIABLE] ?? './builder-dr.yml';
}

/** The environment of this process; nobody else reads it. */
export function processEnvironment(): Environment {
  return process.env;
}
