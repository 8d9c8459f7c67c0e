import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FENCE_PROBE_KEY, isArtifactKey } from '../../src/core/artifacts/reserved.ts';
import { resourceProblems } from '../setup/specification.ts';

const root = join(import.meta.dirname, '..', '..');
type Resource = {
  Type: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  Properties: Record<string, unknown>;
};
type Template = { resources: unknown };

/** The resources of a stack as the framework resolves them; CloudFormation's own functions stay as they are. */
function resourcesOf(...args: string[]): Record<string, Resource> {
  const command = join(root, 'node_modules', '.bin', 'serverless');
  const printed = execFileSync(command, ['print', '--stage', 'sandbox', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { resources } = parse(printed.toString()) as Template;
  const parts = (Array.isArray(resources) ? resources : [resources]) as { Resources: Record<string, Resource> }[];
  return Object.assign({}, ...parts.map((each) => each.Resources));
}

let dr: Record<string, Resource>;
let relay: Record<string, Resource>;
beforeAll(() => {
  dr = resourcesOf();
  relay = resourcesOf('--config', 'serverless.primary.yml');
});
const ofType = (resources: Record<string, Resource>, type: string) =>
  Object.entries(resources).filter(([, each]) => each.Type === type);

describe('the stacks', () => {
  it('keep what holds data and keys, also when the stack goes or a resource is replaced', () => {
    const kept = ['AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::KMS::Alias', 'AWS::EC2::SecurityGroup'];
    const found = [...Object.entries(dr), ...Object.entries(relay)].filter(([, each]) => kept.includes(each.Type));
    expect(found.length).toBeGreaterThanOrEqual(6);
    for (const [name, each] of found) {
      expect([name, each.DeletionPolicy, each.UpdateReplacePolicy]).toEqual([name, 'Retain', 'Retain']);
    }
  });

  it('let nobody use a wildcard where AWS knows a resource', () => {
    const unbounded = [
      'xray:PutTraceSegments',
      'xray:PutTelemetryRecords',
      'secretsmanager:GetRandomPassword',
      'cloudwatch:PutMetricData',
      'rds:DescribeAccountAttributes',
      'rds:DescribeDBEngineVersions',
      'rds:DescribeOrderableDBInstanceOptions',
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeSubnets',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ];
    const roles = [...ofType(dr, 'AWS::IAM::Role'), ...ofType(relay, 'AWS::IAM::Role')];
    expect(roles.length).toBeGreaterThanOrEqual(10);
    for (const [name, { Properties }] of roles) {
      const policies = Properties['Policies'] as {
        PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] };
      }[];
      for (const { Action, Resource } of policies.flatMap((each) => each.PolicyDocument.Statement)) {
        for (const action of [Action].flat()) {
          expect([name, action, action.includes('*')]).toEqual([name, action, false]);
          if ([Resource].flat().includes('*')) expect(unbounded).toContain(action);
        }
      }
    }
  });

  it("write one object of the primary's bucket and no other: what the fence is tried with", () => {
    const there: unknown[] = [];
    for (const [, { Properties }] of ofType(dr, 'AWS::IAM::Role')) {
      const policies = Properties['Policies'] as {
        PolicyDocument: { Statement: { Action: string[]; Resource: unknown }[] };
      }[];
      for (const { Action, Resource } of policies.flatMap((each) => each.PolicyDocument.Statement)) {
        const objects = [Action]
          .flat()
          .filter((each) => /^s3:(Put|Delete|Abort|Restore|Replicate)(?!Bucket)/.test(each));
        const arns = [Resource].flat().map((each) => JSON.stringify(each));
        if (objects.length > 0) there.push(...arns.filter((each) => each.includes(':::builder-artifacts')));
      }
    }
    expect(there.length).toBeGreaterThan(0);
    for (const each of there) expect(each).toContain(`:::builder-artifacts/${FENCE_PROBE_KEY}"`);
  });

  it('make no work of what is no artifact', () => {
    type Pattern = { detail?: { bucket?: { name: string[] }; object?: { key: unknown } } };
    const rules = [...ofType(dr, 'AWS::Events::Rule'), ...ofType(relay, 'AWS::Events::Rule')];
    const keys = rules.flatMap(([, { Properties }]) => {
      const { detail } = (Properties['EventPattern'] ?? {}) as Pattern;
      return detail?.bucket?.name[0] === 'builder-artifacts' ? [detail.object?.key] : [];
    });
    const prefix = FENCE_PROBE_KEY.slice(0, FENCE_PROBE_KEY.indexOf('/') + 1);
    expect(isArtifactKey(prefix)).toBe(false);
    expect(keys).toEqual([[{ 'anything-but': { prefix } }], [{ 'anything-but': { prefix } }]]);
  });

  it('make no grant on a key but through RDS, for what RDS keeps', () => {
    type Granting = { Action: string[]; Condition?: Record<string, Record<string, unknown>> };
    const granting = [...ofType(dr, 'AWS::IAM::Role'), ...ofType(relay, 'AWS::IAM::Role')].flatMap(([, each]) =>
      (each.Properties['Policies'] as { PolicyDocument: { Statement: Granting[] } }[])
        .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
        .filter(({ Action }) => [Action].flat().some((action) => /^kms:(CreateGrant|\*)$/.test(action))),
    );
    expect(granting.length).toBeGreaterThan(0);
    for (const { Action, Condition } of granting) {
      expect(Action).toEqual(['kms:CreateGrant']);
      expect(Condition).toEqual({
        Bool: { 'kms:GrantIsForAWSResource': 'true' },
        StringLike: { 'kms:ViaService': 'rds.*.amazonaws.com*' },
      });
    }
  });

  it("delete no instance but a drill's", () => {
    const text = JSON.stringify([dr, relay]);
    const deletions = [...text.matchAll(/"Action":\["rds:DeleteDBInstance"\],"Resource":(\[.*?\])/g)].map(
      (each) => each[1],
    );
    expect(new Set(deletions).size).toBe(1);
    expect(deletions[0]).toContain(':db:hbdr-drill-*');
  });

  it('delete snapshots of our name and with our tag only, and by the role of prune alone', () => {
    const roles = [...ofType(dr, 'AWS::IAM::Role'), ...ofType(relay, 'AWS::IAM::Role')];
    const deleting = roles.filter(([, role]) => JSON.stringify(role).includes('rds:DeleteDBSnapshot'));
    expect(deleting.map(([name]) => name)).toEqual(['PruneRole']);
    const { Properties } = dr['PruneRole'] as Resource;
    const policies = Properties['Policies'] as { PolicyDocument: { Statement: object[] } }[];
    const statements = policies.flatMap((each) => each.PolicyDocument.Statement) as Record<string, unknown>[];
    const [deletion] = statements.filter((each) => JSON.stringify(each['Action']).includes('DeleteDBSnapshot'));
    expect(deletion?.['Condition']).toEqual({ Null: { 'aws:ResourceTag/builder-dr:point': 'false' } });
    const resources = [deletion?.['Resource']].flat();
    expect(resources).toHaveLength(2);
    for (const resource of resources) expect(JSON.stringify(resource)).toContain(':snapshot:hbdr-*');
  });

  it('let no document of the vault expire that is in force, and every former version', () => {
    const { Properties } = dr['VaultBucket'] as Resource;
    const { Rules } = Properties['LifecycleConfiguration'] as { Rules: Record<string, unknown>[] };
    expect(Rules.find((each) => 'NoncurrentVersionExpiration' in each)).toMatchObject({
      Status: 'Enabled',
      NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      ExpiredObjectDeleteMarker: true,
    });
    for (const rule of Rules) {
      expect(Object.keys(rule).filter((name) => /^Expiration|^Transition/.test(name))).toEqual([]);
    }
  });

  it('encrypt every queue and topic, and ring for every queue that should be empty', () => {
    for (const [name, { Properties }] of [...ofType(dr, 'AWS::SQS::Queue'), ...ofType(relay, 'AWS::SQS::Queue')]) {
      expect([name, Properties['SqsManagedSseEnabled']]).toEqual([name, true]);
    }
    for (const [name, { Properties }] of [...ofType(dr, 'AWS::SNS::Topic'), ...ofType(relay, 'AWS::SNS::Topic')]) {
      expect([name, Properties['KmsMasterKeyId']]).toEqual([
        name,
        { 'Fn::GetAtt': expect.arrayContaining([expect.stringMatching(/Key$/), 'Arn']) },
      ]);
    }
    for (const stack of [dr, relay]) {
      const watched = JSON.stringify(ofType(stack, 'AWS::CloudWatch::Alarm'));
      for (const [name] of ofType(stack, 'AWS::SQS::Queue')) {
        if (name !== 'ReplicateQueue') expect([name, watched.includes(`"${name}"`)]).toEqual([name, true]);
      }
    }
  });

  it('delete from the replica nothing but what was let go, as long after as the configuration says', () => {
    const { Properties } = dr['ReplicaBucket'] as Resource;
    const { Rules } = Properties['LifecycleConfiguration'] as { Rules: Record<string, unknown>[] };
    const rule = { Id: expect.anything(), Status: 'Enabled' };
    const expiring = Rules.filter((rule) => Object.keys(rule).some((name) => /Expir/.test(name)));
    expect(expiring).toEqual([
      {
        ...rule,
        TagFilters: [{ Key: 'hbdr-expired', Value: 'yes' }],
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      },
      { ...rule, ExpiredObjectDeleteMarker: true, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } },
    ]);
    expect(resourceProblems('ReplicaBucket', dr['ReplicaBucket'] as Resource)).toEqual([]);
  });

  it('treat silence as an alarm in both regions', () => {
    const silent = (stack: Record<string, Resource>) =>
      ofType(stack, 'AWS::CloudWatch::Alarm').filter(([, { Properties }]) => Properties['MetricName'] === 'Heartbeat');
    for (const stack of [dr, relay]) {
      expect(silent(stack).map(([, { Properties }]) => Properties['TreatMissingData'])).toEqual(['breaching']);
    }
  });

  it('refuse plain HTTP at both buckets, and keep the fence without a way in', () => {
    const policies = ofType(dr, 'AWS::S3::BucketPolicy').map(([, { Properties }]) => JSON.stringify(Properties));
    expect(policies).toHaveLength(2);
    for (const policy of policies) expect(policy).toContain('"aws:SecureTransport":"false"');
    const [[, group] = ['', undefined]] = ofType(relay, 'AWS::EC2::SecurityGroup');
    expect(group?.Properties['SecurityGroupIngress']).toBeUndefined();
  });
});
