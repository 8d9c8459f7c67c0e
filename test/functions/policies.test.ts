import { beforeAll, describe, expect, it } from 'vitest';
import { packageStack, type Resource } from '../setup/packaging.ts';

type Statement = {
  Sid?: string;
  Effect: string;
  Principal?: '*' | { Service?: string; AWS?: unknown };
  Action: string | string[];
  Resource?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
};
type Document = { Statement: Statement[] };

let resources: [string, Resource][];
beforeAll(() => {
  const stacks = [packageStack(), packageStack('serverless.primary.yml')];
  resources = stacks.flatMap((each) => Object.entries(each.resources));
});

const ofType = (type: string) => resources.filter(([, each]) => each.Type === type);
const statements = (type: string, property: string) =>
  ofType(type).map(
    ([name, { Properties }]) => [name, (Properties as Record<string, Document>)[property]?.Statement ?? []] as const,
  );
/** Our own ones; the framework brings a bucket policy for its artifacts. */
const ours = (name: string) => !name.startsWith('ServerlessDeployment');

describe('who may use what', () => {
  it('of roles: one service each, and each for this account alone', () => {
    const trusted = statements('AWS::IAM::Role', 'AssumeRolePolicyDocument').map(([name, [only, ...more]]) => {
      expect([name, more, only?.Effect, only?.Action]).toEqual([name, [], 'Allow', 'sts:AssumeRole']);
      return [name, only] as const;
    });
    expect(trusted.length).toBeGreaterThanOrEqual(11);
    for (const [name, only] of trusted) {
      const service = (only as Statement & { Principal: { Service: string } }).Principal.Service;
      const account = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
      expect([name, only?.Condition]).toEqual([name, account]);
      if (name === 'ScheduleRole') expect(service).toBe('scheduler.amazonaws.com');
      else if (name === 'RelayRole') expect(service).toBe('events.amazonaws.com');
      else expect([name, service]).toEqual([name, 'lambda.amazonaws.com']);
    }
  });

  it('of keys: the account by its own policies, and alarms of this account, to encrypt what they publish', () => {
    const keys = statements('AWS::KMS::Key', 'KeyPolicy');
    expect(keys).toHaveLength(2);
    for (const [, [account, alarms, ...more]] of keys) {
      expect(more).toEqual([]);
      expect(JSON.stringify(account?.Principal)).toMatch(/:iam::.*:root/);
      expect(alarms).toMatchObject({
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      });
    }
    for (const [, { Properties }] of ofType('AWS::KMS::Key')) expect(Properties?.['EnableKeyRotation']).toBe(true);
  });

  it('of queues: a service may only send, and only from a rule of ours', () => {
    const queues = statements('AWS::SQS::QueuePolicy', 'PolicyDocument');
    expect(queues).toHaveLength(2);
    for (const [name, all] of queues) {
      for (const each of all) {
        expect([name, each.Effect, each.Action]).toEqual([name, 'Allow', 'sqs:SendMessage']);
        expect(each.Principal).toEqual({ Service: 'events.amazonaws.com' });
        expect(JSON.stringify(each.Condition)).toMatch(/"ArnEquals":\{"aws:SourceArn":.*Fn::GetAtt/);
      }
    }
  });

  it('of topics: nobody but this account, for no topic has a policy of its own', () => {
    expect(ofType('AWS::SNS::TopicPolicy')).toEqual([]);
    expect(ofType('AWS::SNS::Topic')).toHaveLength(2);
  });

  it('of buckets: nothing is allowed by a policy, and plain HTTP is denied to everybody', () => {
    const buckets = statements('AWS::S3::BucketPolicy', 'PolicyDocument').filter(([name]) => ours(name));
    expect(buckets).toHaveLength(2);
    for (const [, all] of buckets) {
      expect(all).toEqual([
        expect.objectContaining({
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      ]);
    }
  });

  it('of functions: who invokes one is named by a rule, a topic or the scheduler', () => {
    const permissions = ofType('AWS::Lambda::Permission');
    expect(permissions.length).toBeGreaterThanOrEqual(5);
    for (const [name, { Properties }] of permissions) {
      expect([name, Properties?.['SourceArn']]).not.toEqual([name, undefined]);
      expect(Properties?.['Action']).toBe('lambda:InvokeFunction');
    }
  });
});

describe('the functions', () => {
  it('have no reserved concurrency: an account with a limit of ten could not deploy them', () => {
    for (const [name, { Properties }] of ofType('AWS::Lambda::Function')) {
      expect([name, Properties?.['ReservedConcurrentExecutions']]).toEqual([name, undefined]);
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
      });
    }
  });

  it('are alone in the VPC only where a database is looked into', () => {
    const inside = ofType('AWS::Lambda::Function').filter(
      ([, { Properties }]) => Properties?.['VpcConfig'] !== undefined,
    );
    expect(inside.map(([name]) => name)).toEqual(['InspectDatabaseLambdaFunction']);
  });

  it('all have an OnFailure queue of their own but the one that a queue feeds, and logs that end', () => {
    const functions = ofType('AWS::Lambda::Function').map(([name]) => name);
    const covered = ofType('AWS::Lambda::EventInvokeConfig').map(([, { Properties }]) => {
      const { FunctionName, DestinationConfig } = Properties as Record<string, Record<string, unknown>>;
      expect(JSON.stringify(DestinationConfig)).toContain('Failed","Arn"');
      return FunctionName?.['Ref'];
    });
    expect(functions.filter((name) => !covered.includes(name))).toEqual(['ReplicateLambdaFunction']);
    const logs = ofType('AWS::Logs::LogGroup').map(([, { Properties }]) => Properties?.['RetentionInDays']);
    expect(logs).toEqual(functions.map(() => 90));
  });

  it('that are scheduled are retried, and what cannot be delivered is kept', () => {
    const schedules = ofType('AWS::Scheduler::Schedule');
    expect(schedules.length).toBeGreaterThanOrEqual(5);
    for (const [name, { Properties }] of schedules) {
      expect([name, Properties]).toEqual([
        name,
        expect.objectContaining({
          ScheduleExpressionTimezone: 'UTC',
          Target: expect.objectContaining({
            RetryPolicy: expect.anything(),
            DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['ScheduleDeadLetters', 'Arn'] } },
            RoleArn: { 'Fn::GetAtt': ['ScheduleRole', 'Arn'] },
          }),
        }),
      ]);
    }
  });

  it('that a queue feeds has six times its time-out, five attempts, batch failures and a bound', () => {
    const [[, source] = ['', undefined]] = ofType('AWS::Lambda::EventSourceMapping');
    expect(source?.Properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 8 },
    });
    const timeout = ofType('AWS::Lambda::Function').find(([name]) => name === 'ReplicateLambdaFunction')?.[1]
      .Properties?.['Timeout'];
    const queue = ofType('AWS::SQS::Queue').find(([name]) => name === 'ReplicateQueue')?.[1].Properties;
    expect(queue?.['VisibilityTimeout']).toBe(Number(timeout) * 6);
    expect(queue?.['RedrivePolicy']).toMatchObject({ maxReceiveCount: 5 });
  });
});
