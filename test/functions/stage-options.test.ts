import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseConfig, policyOf } from '../../src/config.ts';
import { loadConfig } from '../../src/config-file.ts';
import { packageStack } from '../setup/packaging.ts';
import { danglingIn, resourceProblems } from '../setup/specification.ts';

const root = join(import.meta.dirname, '..', '..');
type Resource = {
  Type: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  Properties: Record<string, unknown>;
};
const ofType = (resources: Record<string, Resource>, type: string) =>
  Object.entries(resources).filter(([, each]) => each.Type === type);

describe('what a stage may choose', () => {
  const stage = `options-${process.pid}`;
  const file = join(root, 'config', `${stage}.yml`);
  const example = parse(readFileSync(join(root, 'config', 'example.yml'), 'utf8'));
  const withFile = <T>(
    work: () => T,
    more: Record<string, unknown>,
    messages: Record<string, unknown> = {},
    others: Record<string, unknown> = {},
  ): T => {
    const dr = { ...example.dr, ...more };
    writeFileSync(
      file,
      stringify({ ...example, stage, dr, messages: { ...example.messages, ...messages }, ...others }),
    );
    try {
      return work();
    } finally {
      rmSync(file);
    }
  };
  const withDr = (...said: [Record<string, unknown>, Record<string, unknown>?, Record<string, unknown>?]) =>
    withFile(() => packageStack('serverless.yml', stage).resources, ...said);
  const everything = {
    vaultLockDays: 14,
    replicateReservedConcurrency: 8,
    endpointsVpc: 'vpc-1',
    endpointsRouteTables: ['rtb-1'],
  };

  it('is a lock on the vault, and endpoints for the inspector, as AWS knows them', () => {
    const resources = withDr(everything);
    expect(resources['VaultBucket']?.Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 14 } } },
    });
    expect(Object.keys(resources).filter((name) => name.endsWith('Endpoint'))).toHaveLength(4);
    expect(resources['ReplicateLambdaFunction']?.Properties?.['ReservedConcurrentExecutions']).toBe(8);
    expect(Object.entries(resources).flatMap(([id, each]) => resourceProblems(id, each))).toEqual([]);
    expect(danglingIn(resources, resources)).toEqual([]);
  });

  it('is buckets that exist already: the stack makes none then', () => {
    const resources = withDr({ existingBuckets: true });
    expect(Object.values(resources).filter((each) => each.Type.startsWith('AWS::S3::'))).toEqual([
      expect.objectContaining({ Properties: expect.not.objectContaining({ BucketName: expect.anything() }) }),
      expect.anything(),
    ]);
    expect(danglingIn(resources, resources)).toEqual([]);
  });

  it('is what a stack before this left behind: its buckets and its key, under which everything is', () => {
    const existingKeyArn = 'arn:aws:kms:us-west-2:123456789012:key/kept';
    const resources = withDr({ existingBuckets: true, existingKeyArn });
    expect(Object.values(resources).filter((each) => each.Type.startsWith('AWS::KMS::'))).toEqual([]);
    expect(resources['Topic']?.Properties?.['KmsMasterKeyId']).toBe(existingKeyArn);
    const rights = JSON.stringify(resources['AdvanceRole']?.Properties);
    expect(rights).toContain(`"Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":["${existingKeyArn}"]`);
    expect(danglingIn(resources, resources)).toEqual([]);
    expect(Object.entries(resources).flatMap(([id, each]) => resourceProblems(id, each))).toEqual([]);
  });

  it('is who is subscribed: each address to the topics of both regions', () => {
    const mail = Object.values(withDr({})).filter((each) => each.Properties?.['Protocol'] === 'email');
    expect(mail.map((each) => each.Properties?.['Endpoint'])).toEqual(['builder-team@example.com']);
  });

  it('is the key of the primary bucket: for those who read artifacts, through S3 of its region, and nobody else', () => {
    const bucketKmsKey = 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const resources = withDr({}, {}, { primary: { ...example.primary, bucketKmsKey } }) as Record<string, Resource>;
    const rights = ofType(resources, 'AWS::IAM::Role').flatMap(([name, { Properties }]) => {
      const policies = Properties?.['Policies'] as { PolicyDocument: { Statement: { Resource: unknown }[] } }[];
      const all = policies.flatMap((each) => each.PolicyDocument.Statement);
      return all.filter((each) => [each.Resource].flat().includes(bucketKmsKey)).map((each) => [name, each]);
    });
    const Condition = { StringLike: { 'kms:ViaService': `s3.${example.primary.region}.*` } };
    const right = { Effect: 'Allow', Action: ['kms:Decrypt'], Resource: [bucketKmsKey], Condition };
    expect(rights.toSorted()).toEqual(['AdvanceRole', 'FailoverRole', 'ReplicateRole'].map((name) => [name, right]));
  });

  it("is the key of Builder's secrets: for the inspector, through the services that keep them, and nobody else", () => {
    const secretsKmsKey = 'arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const rightsWith = (more: object) => {
      const resources = withDr({}, {}, { builder: { ...example.builder, secretsKmsKey, ...more } });
      return ofType(resources as Record<string, Resource>, 'AWS::IAM::Role').flatMap(([name, { Properties }]) => {
        const policies = Properties['Policies'] as { PolicyDocument: { Statement: { Resource: unknown }[] } }[];
        const all = policies.flatMap((each) => each.PolicyDocument.Statement);
        return all.filter((each) => [each.Resource].flat().includes(secretsKmsKey)).map((each) => [name, each]);
      });
    };
    const right = (...services: string[]) => ({
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: [secretsKmsKey],
      Condition: { StringLike: { 'kms:ViaService': services.map((each) => `${each}.${example.dr.region}.*`) } },
    });
    expect(rightsWith({})).toEqual([['InspectRole', right('secretsmanager')]]);
    expect(rightsWith({ s3KeyId: 'ssm:/builder/key' })).toEqual([['InspectRole', right('secretsmanager', 'ssm')]]);
  });

  it('is what an organization asks of both stacks: a boundary and a path of every role, and tags', () => {
    const [permissionsBoundary, rolePath] = ['arn:aws:iam::123456789012:policy/boundary', '/builder/'];
    const stacks = { permissionsBoundary, rolePath, tags: ['team=builder'] };
    const files = ['serverless.yml', 'serverless.primary.yml'];
    const packages = withFile(() => files.map((each) => packageStack(each, stage)), {}, {}, { stacks });
    expect(packages.map(({ tags }) => tags)).toEqual([{ team: 'builder' }, { team: 'builder' }]);
    const roles = packages.flatMap(({ resources }) => ofType(resources as Record<string, Resource>, 'AWS::IAM::Role'));
    expect(roles.length).toBeGreaterThanOrEqual(12);
    for (const [name, { Properties }] of roles) {
      const { PermissionsBoundary, Path } = Properties;
      expect([name, PermissionsBoundary, Path]).toEqual([name, permissionsBoundary, rolePath]);
    }
    expect(roles.flatMap(([id, each]) => resourceProblems(id, each))).toEqual([]);
  });

  it('is refused by name when functions could not carry it', () => {
    const classes = Array.from({ length: 250 }, (_, n) => `db.r${n}.large`);
    expect(() => withDr({}, {}, { restore: { ...example.restore, classes } })).toThrow(
      /BUILDER_DR_SETTINGS would be \d+ bytes, and may be 3584, .* the longest settings: restore\.classes/,
    );
  });

  it('may be what a file before there was a retention says: prune comes every hour, and has nothing to do', () => {
    const { prune: _prune, ...schedules } = example.schedules;
    const resources = withDr({}, {}, { schedules, retention: undefined });
    expect(resources['PruneSchedule']?.Properties?.['ScheduleExpression']).toBe('rate(60 minutes)');
    expect(JSON.stringify(resources['PruneLambdaFunction']?.Properties)).not.toContain('\\"retention\\"');
  });

  it('may be a list, one name, or names with commas between', () => {
    const resources = withDr({ inspectorSubnets: 'subnet-1' }, { emails: 'a@example.com, b@example.com' });
    const mail = Object.values(resources).filter((each) => each.Properties?.['Protocol'] === 'email');
    expect(mail.map((each) => each.Properties?.['Endpoint'])).toEqual(['a@example.com', 'b@example.com']);
    const inspector = resources['InspectDatabaseLambdaFunction']?.Properties?.['VpcConfig'];
    expect(inspector).toMatchObject({ SubnetIds: ['subnet-1'] });
  });
});

describe('what functions know of the configuration', () => {
  it('is one variable, which means to them what the file means to the command line', () => {
    const { resources } = packageStack();
    const functions = Object.values(resources).filter((each) => each.Type === 'AWS::Lambda::Function');
    expect(functions.length).toBeGreaterThanOrEqual(9);
    const file = loadConfig({}, join(root, 'config', 'sandbox.yml'));
    for (const { Properties = {} } of functions) {
      const { Variables } = Properties['Environment'] as { Variables: Record<string, string> };
      expect(Object.keys(Variables)).toEqual(['BUILDER_DR_SETTINGS']);
      const { alarms: _alarms, schedules: _schedules, ...found } = parseConfig(Variables);
      const { region, database, bucket } = file.primary;
      const { inspectorSubnets: _subnets, inspectorSecurityGroups: _groups, ...dr } = file.dr;
      expect(file).toMatchObject({ ...found, primary: { region, database, bucket }, dr });
      expect(policyOf(parseConfig(Variables))).toEqual(policyOf(file));
    }
  });
});
