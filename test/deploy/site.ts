/** The site that the deployment test lives in, and how it is asked. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import type { Inbox } from '../../sandbox/demo/inbox.ts';
import { Operator } from '../../sandbox/demo/operator.ts';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { Show } from '../../sandbox/demo/show.ts';
import { Slack } from '../../sandbox/slack.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { until } from '../../sandbox/until.ts';
import { loadConfig } from '../../src/config-file.ts';

export const root = join(import.meta.dirname, '..', '..');
export const config = loadConfig({}, join(root, 'config', 'sandbox.yml'));
export const { primary, dr, stage } = config;
export const show = new Show();
await mkdir(join(root, 'sandbox', '.run'), { recursive: true });
export const sandbox = await startSandbox();
export const slack = await Slack.start();
export const { address } = sandbox;
export const operator = new Operator(address);
export const client = (region: string) => clientOf(address, region);
export const replica = new S3Client(client(dr.region));
export const lambda = new LambdaClient(client(dr.region));

export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

export async function stacks(region: string): Promise<string[]> {
  const { Stacks = [] } = await new CloudFormationClient(client(region)).send(new DescribeStacksCommand({}));
  return Stacks.filter((each) => each.StackStatus !== 'DELETE_COMPLETE').map((each) => each.StackName ?? '');
}

export async function alarmState(region: string, name: string): Promise<string | undefined> {
  const command = new DescribeAlarmsCommand({ AlarmNames: [name] });
  return (await new CloudWatchClient(client(region)).send(command)).MetricAlarms?.[0]?.StateValue;
}

export async function told(inbox: Inbox, what: string, fits: (letter: Inbox['letters'][number]) => boolean) {
  return until(what, async () => {
    await inbox.read();
    return inbox.letters.find(fits);
  });
}

export async function protectedPoint(id: string): Promise<true | undefined> {
  const point = (await operator.points()).find((each) => each.id === id);
  return point && ['protected', 'proven'].includes(point.state) ? true : undefined;
}

export async function invoke(name: string, event: string): Promise<Record<string, unknown>> {
  return JSON.parse(await operator.serverless('invoke', '-f', name, '-p', `events/${event}.json`));
}
