import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { IAMClient, paginateListRoles } from '@aws-sdk/client-iam';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import type { SandboxAddress } from '../../sandbox/start.ts';

/** Everything of a stage that a region still has, by its name; what is kept on purpose is not looked for. */
async function inRegion(address: SandboxAddress, region: string, prefix: string): Promise<string[]> {
  const client = clientOf(address, region);
  const { Functions = [] } = await new LambdaClient(client).send(new ListFunctionsCommand({}));
  const { QueueUrls = [] } = await new SQSClient(client).send(new ListQueuesCommand({ QueueNamePrefix: prefix }));
  const { Topics = [] } = await new SNSClient(client).send(new ListTopicsCommand({}));
  const { Rules = [] } = await new EventBridgeClient(client).send(new ListRulesCommand({ NamePrefix: prefix }));
  const asked = new DescribeAlarmsCommand({ AlarmNamePrefix: prefix });
  const { MetricAlarms = [] } = await new CloudWatchClient(client).send(asked);
  const groups = new DescribeLogGroupsCommand({ logGroupNamePrefix: `/aws/lambda/${prefix}` });
  const { logGroups = [] } = await new CloudWatchLogsClient(client).send(groups);
  const names = {
    function: Functions.map((each) => each.FunctionName),
    queue: QueueUrls.map((each) => each.split('/').at(-1)),
    topic: Topics.map((each) => each.TopicArn?.split(':').at(-1)),
    rule: Rules.map((each) => each.Name),
    alarm: MetricAlarms.map((each) => each.AlarmName),
    log: logGroups.map((each) => each.logGroupName?.replace('/aws/lambda/', '')),
  };
  return Object.entries(names).flatMap(([kind, all]) =>
    all.filter((name) => name?.startsWith(prefix)).map((name) => `${region} ${kind} ${name}`),
  );
}

/** What removing both stacks left behind and should not have. */
export async function leftOver(address: SandboxAddress, regions: string[], prefix: string): Promise<string[]> {
  const roles: string[] = [];
  for await (const page of paginateListRoles({ client: new IAMClient(clientOf(address, 'us-east-1')) }, {})) {
    roles.push(
      ...(page.Roles ?? []).flatMap(({ RoleName = '' }) => (RoleName.startsWith(prefix) ? [`role ${RoleName}`] : [])),
    );
  }
  const found = await Promise.all(regions.map((region) => inRegion(address, region, prefix)));
  return [...roles, ...found.flat()];
}
