// One table of the functions. A row and infra/rights/<function>.yml are all that the stack knows of one.
const config = require('./config.cjs');
const options = require('./options.cjs');

const sent = (input) => ({ input: JSON.stringify(input), retries: 3, maxAgeSeconds: 900 });
/** Named by its scheduled time, so that a retry finds what was made. */
const atItsTime = sent({ kind: 'scheduled', scheduledAt: '<aws.scheduler.scheduled-time>' });

/**
 * By the name of its file in functions/. `timeout` in seconds, `memory` in MiB. `schedule`: what the scheduler sends,
 * as often as schedules.<function> says, and how long it tries. `failed`: the queue for what could not be done, after
 * so many retries, and what its alarm says; none where a queue feeds the function. `network`: runs in the inspector's.
 * `role`: a logical id that stays as it was named.
 */
const table = {
  capture: { timeout: 60, memory: 512, schedule: atItsTime, failed: { retries: 2 } },
  advance: { timeout: 300, memory: 512, schedule: sent({ job: 'advance' }), failed: { retries: 2 } },
  replicate: { timeout: 150, memory: 512, reserved: ({ dr }) => dr.replicateReservedConcurrency },
  reconcile: { timeout: 300, memory: 512, schedule: sent({ job: 'reconcile' }), failed: { retries: 2 } },
  readiness: { timeout: 300, memory: 512, schedule: sent({ job: 'readiness' }), failed: { retries: 2 } },
  prune: { timeout: 300, memory: 512, schedule: sent({ job: 'prune' }), failed: { retries: 2 } },
  drill: { timeout: 60, memory: 512, schedule: atItsTime, failed: { retries: 2 } },
  failover: { timeout: 300, memory: 512, failed: { retries: 2 } },
  // Four attempts, and as long as Slack asks to wait.
  'notify-slack': { timeout: 90, memory: 512, failed: { retries: 2, says: 'could not post to Slack' } },
  'inspect-database': { timeout: 900, memory: 512, failed: { retries: 0 }, network: true, role: 'InspectRole' },
};
const rows = Object.entries(table);
module.exports.names = Object.keys(table);

// biome-ignore lint/suspicious/noTemplateCurlyInString: the framework resolves it
const stack = '${self:custom.names}';
const ref = (Ref) => ({ Ref });
const arnOf = (id) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const pascal = (name) => name.replace(/(?:^|-)([a-z])/g, (_, letter) => letter.toUpperCase());
const camel = (name) => name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
const functionId = (name) => `${pascal(name)}LambdaFunction`;
const roleId = ([name, { role }]) => role ?? `${pascal(name)}Role`;
const resourcesOf = (chosen, make) => ({ Resources: Object.fromEntries(chosen.flatMap(make)) });

const scheduled = rows.filter(([, { schedule }]) => schedule);
const failing = rows.filter(([, { failed }]) => failed);

/** What a function gets of the configuration. */
module.exports.environment = async (given) => ({ BUILDER_DR_SETTINGS: await config.functionSettings(given) });

module.exports.functions = async (given) => {
  const found = await config(given);
  const { inspectorSubnets: subnetIds, inspectorSecurityGroups: securityGroupIds } = found.dr;
  const functionOf = ([name, { timeout, memory, reserved, network, ...row }]) => ({
    name: `${stack}-${name}`,
    handler: `dist/functions/${name}.handler`,
    role: roleId([name, row]),
    timeout,
    memorySize: memory,
    reservedConcurrency: reserved?.(found),
    vpc: network && { subnetIds, securityGroupIds },
    package: { patterns: [`dist/functions/${name}.js`] },
  });
  return Object.fromEntries(rows.map((row) => [camel(row[0]), functionOf(row)]));
};

module.exports.scheduled = scheduled.map(([name]) => arnOf(functionId(name)));

const scheduleOf = ([name, { schedule }], ScheduleExpression) => ({
  Type: 'AWS::Scheduler::Schedule',
  Properties: {
    Name: `${stack}-${name}`,
    ScheduleExpression,
    ScheduleExpressionTimezone: 'UTC',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: arnOf(functionId(name)),
      RoleArn: arnOf('ScheduleRole'),
      Input: schedule.input,
      RetryPolicy: { MaximumRetryAttempts: schedule.retries, MaximumEventAgeInSeconds: schedule.maxAgeSeconds },
      DeadLetterConfig: { Arn: arnOf('ScheduleDeadLetters') },
    },
  },
});

module.exports.schedules = async (given) => {
  const { schedules } = await config(given);
  return resourcesOf(scheduled, (row) => [[`${pascal(row[0])}Schedule`, scheduleOf(row, schedules[row[0]])]]);
};

const failedQueue = (name) => ({
  Type: 'AWS::SQS::Queue',
  Properties: {
    QueueName: `${stack}-${name}-failed`,
    SqsManagedSseEnabled: true,
    MessageRetentionPeriod: 1_209_600,
  },
});

const onFailure = (name, { retries }) => ({
  Type: 'AWS::Lambda::EventInvokeConfig',
  Properties: {
    FunctionName: ref(functionId(name)),
    Qualifier: '$LATEST',
    MaximumRetryAttempts: retries,
    MaximumEventAgeInSeconds: 3600,
    DestinationConfig: { OnFailure: { Destination: arnOf(`${pascal(name)}Failed`) } },
  },
});

/** What could not be done ends in a queue of its own. */
module.exports.failures = resourcesOf(failing, ([name, { failed }]) => [
  [`${pascal(name)}Failed`, failedQueue(name)],
  [`${pascal(name)}OnFailure`, onFailure(name, failed)],
]);

const alarm = (name, AlarmDescription, measured) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmName: `${stack}-${name}`,
    AlarmDescription,
    ...measured,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    AlarmActions: [ref('Topic')],
    OKActions: [ref('Topic')],
  },
});

const failedAlarm = (name, { says = 'could not do its work' }) =>
  alarm(`${name}-failed`, `${name} ${says}; the event and the error are in this queue`, {
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [`${pascal(name)}Failed`, 'QueueName'] } }],
    Statistic: 'Maximum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 0,
  });

const errorsAlarm = (name) =>
  alarm(`${name}-errors`, `${name} fails again and again`, {
    Namespace: 'AWS/Lambda',
    MetricName: 'Errors',
    Dimensions: [{ Name: 'FunctionName', Value: ref(functionId(name)) }],
    Statistic: 'Sum',
    Period: 300,
    EvaluationPeriods: 3,
    Threshold: 2,
  });

/** A function rings when it fails again and again, and when something lies in its queue. */
module.exports.alarms = resourcesOf(rows, ([name, { failed }]) => [
  [`${pascal(name)}ErrorsAlarm`, errorsAlarm(name)],
  ...(failed ? [[`${pascal(name)}FailedAlarm`, failedAlarm(name, failed)]] : []),
]);

const allow = (Action, Resource) => ({ Effect: 'Allow', Action, Resource });
const policy = (PolicyName, Statement) => ({ PolicyName, PolicyDocument: { Version: '2012-10-17', Statement } });
const logOf = (name) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${stack}-${name}:*`,
});

/** Those of AWSLambdaVPCAccessExecutionRole, v3. */
const networkRights = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** What Lambda itself does with the role of a function. */
const runtimeRights = ([name, { failed, network }]) => [
  allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logOf(name)),
  // AWS knows no resource for traces, and none for a network interface that is not there yet.
  allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*'),
  ...(failed ? [allow(['sqs:SendMessage'], arnOf(`${pascal(name)}Failed`))] : []),
  ...(network ? [allow(networkRights, '*')] : []),
];

const roleOf = (row, own, bounds) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    ...bounds,
    RoleName: `${stack}-${row[0]}`,
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
        },
      ],
    },
    Policies: [policy(row[0], own), policy('runtime', runtimeRights(row))],
  },
});

/** One role per function: its own rights, where a list in the list stands for its items, and what Lambda needs. */
module.exports.roles = async (given) => {
  const { resolveVariable } = given;
  const bounds = await options.bounds(given);
  const rights = await Promise.all(rows.map(([name]) => resolveVariable(`file(infra/rights/${name}.yml)`)));
  return resourcesOf(rows, (row) => [[roleId(row), roleOf(row, rights[rows.indexOf(row)].flat(Infinity), bounds)]]);
};
