/** Deploys both stacks as a user does, lives with them, upgrades, breaks and removes them: `npm run test:deploy`. */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { GetRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import {
  DeleteObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { prepareDrSite } from '../../sandbox/demo/dr-site.ts';
import { Inbox } from '../../sandbox/demo/inbox.ts';
import { Operator, until } from '../../sandbox/demo/operator.ts';
import { clientOf, createPrimarySite, seedPrimarySite } from '../../sandbox/demo/primary-site.ts';
import { invokeFailover, planFailover, runDrill, untilSettled } from '../../sandbox/demo/recovery.ts';
import { Show } from '../../sandbox/demo/show.ts';
import { Slack } from '../../sandbox/slack.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { loadConfig } from '../../src/config-file.ts';
import { stackNames } from '../../src/core/names.ts';
import { compareRoles, comparisonText } from './roles.ts';
import { scanForSecrets } from './secrets.ts';

const root = join(import.meta.dirname, '..', '..');
const config = loadConfig({}, join(root, 'config', 'sandbox.yml'));
const { primary, dr, stage } = config;
const show = new Show();
await mkdir(join(root, 'sandbox', '.run'), { recursive: true });
const sandbox = await startSandbox();
const slack = await Slack.start();
const { address } = sandbox;
const operator = new Operator(address);
const client = (region: string) => clientOf(address, region);
const replica = new S3Client(client(dr.region));
const lambda = new LambdaClient(client(dr.region));

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

async function stacks(region: string): Promise<string[]> {
  const { Stacks = [] } = await new CloudFormationClient(client(region)).send(new DescribeStacksCommand({}));
  return Stacks.filter((each) => each.StackStatus !== 'DELETE_COMPLETE').map((each) => each.StackName ?? '');
}

async function alarmState(region: string, name: string): Promise<string | undefined> {
  const command = new DescribeAlarmsCommand({ AlarmNames: [name] });
  return (await new CloudWatchClient(client(region)).send(command)).MetricAlarms?.[0]?.StateValue;
}

async function told(inbox: Inbox, what: string, seconds: number, fits: (letter: Inbox['letters'][number]) => boolean) {
  return until(what, seconds, async () => {
    await inbox.read();
    return inbox.letters.find(fits);
  });
}

/** A configuration with a wrong and two missing settings must create nothing, and name all three. */
async function refuseBadConfiguration(): Promise<void> {
  const file = join(root, 'config', 'bad-by-test.yml');
  const { vpc: _vpc, ...withoutVpc } = primary;
  const bad = {
    ...config,
    stage: 'bad-by-test',
    primary: withoutVpc,
    dr: { ...dr, escrowKmsKey: undefined },
    policy: { ...config.policy, shrinkPercent: 'much' },
  };
  await writeFile(file, JSON.stringify(bad));
  try {
    const refusal = await operator.serverlessFor('bad-by-test', 'deploy').then(
      () => 'was deployed',
      (error: Error) => error.message,
    );
    for (const name of ['policy.shrinkPercent', 'dr.escrowKmsKey', 'primary.vpc']) {
      must(refusal.includes(name), `the refusal names ${name}: ${refusal.slice(0, 2_000)}`);
    }
    must((await stacks(dr.region)).length === 0, 'nothing was created');
  } finally {
    await rm(file);
  }
}

async function protectedPoint(id: string): Promise<true | undefined> {
  const point = (await operator.points()).find((each) => each.id === id);
  return point && ['protected', 'proven'].includes(point.state) ? true : undefined;
}

async function invoke(name: string, event: string): Promise<Record<string, unknown>> {
  return JSON.parse(await operator.serverless('invoke', '-f', name, '-p', `events/${event}.json`));
}

async function install() {
  const database = await createPrimarySite(address, primary);
  const builder = await seedPrimarySite(address, primary, database, 20);
  await prepareDrSite(address, config, database.password, slack);
  await show.step('refuse', 'a wrong configuration creates nothing and is named whole', refuseBadConfiguration);
  await show.step('deploy', 'deploy both stacks', async () => {
    await operator.serverless('deploy');
    await operator.serverless('deploy', '--config', 'serverless.primary.yml');
  });
  const names = stackNames(stage);
  const arn = (region: string, topic: string) => `arn:aws:sns:${region}:${address.account}:${topic}`;
  const inbox = await Inbox.subscribe(address, dr.region, arn(dr.region, names.topic));
  const relayInbox = await Inbox.subscribe(address, primary.region, arn(primary.region, `hbdr-${stage}-relay`));
  await operator.cli('keys', 'escrow', '--from', join(address.folder, 'builder-keys'));
  return { builder, inbox, relayInbox };
}

async function live({ builder, inbox }: Awaited<ReturnType<typeof install>>): Promise<void> {
  const { id } = await show.step('capture', 'capture by the deployed function', () =>
    invoke('capture', 'capture-manual'),
  );
  await show.step('upgrade', 'deploy again while the point is in flight', () => operator.serverless('deploy'));
  const uploaded = await builder.publish();
  await show.step('event', 'an uploaded artifact arrives by its event', () =>
    until('the artifact', 60, () =>
      replica.send(new HeadObjectCommand({ Bucket: dr.replicaBucket, Key: uploaded.key })).then(
        () => true as const,
        () => undefined,
      ),
    ),
  );
  await show.step('protected', 'the point in flight survived the upgrade and is protected', () =>
    until('a protected point', 120, () => protectedPoint(String(id))),
  );
  await show.step('ready', 'readiness arrives at a subscriber', () =>
    told(inbox, 'READY', 120, (letter) => letter.status === 'READY'),
  );
  await show.step('slack', 'readiness is in Slack too, and the outside monitor was called', () =>
    until('Slack', 60, async () =>
      slack.pings > 0 && slack.posted.some((each) => each.text.includes('READY')) ? true : undefined,
    ),
  );
  await show.step('page', 'the status page opens by its link, and by no other', async () => {
    const { url } = (await operator.cli('status', '--url')) as { url: string };
    const page = await fetch(url);
    const text = await page.text();
    must(page.headers.get('content-type') === 'text/html; charset=utf-8', 'a browser shows it');
    must(text.includes('Builder disaster recovery, stage sandbox') && text.includes('RPO over time'), 'it is the page');
    const [bare = ''] = url.split('?');
    must((await fetch(bare)).status === 403, 'nobody reads it without the signature');
  });
  await show.step('notify', 'a message of each kind is sent as a test, and Slack takes every one', async () => {
    const { subscribers } = (await operator.cli('notify', '--test')) as { subscribers: number };
    must(subscribers >= 2, `the address and Slack are subscribed: ${subscribers}`);
    await until('five tests', 60, async () =>
      slack.posted.filter((each) => each.text.includes('TEST MESSAGE')).length >= 5 ? true : undefined,
    );
    must(slack.refused.length === 0, `Slack refuses nothing: ${slack.refused}`);
  });
  const drill = await show.step('drill', 'a drill proves it', () => runDrill(operator, 'drill'));
  must(drill.state === 'passed', `the drill passed: ${JSON.stringify(drill.history)}`);
  const plan = await invoke('failover', 'failover-plan');
  must(typeof plan['confirm'] === 'string', `the failover function answers plan: ${JSON.stringify(plan)}`);
}

/** A handler that throws ends in its queue and rings; DR in the dark rings in the primary region. */
async function breakThings({ inbox, relayInbox }: Awaited<ReturnType<typeof install>>): Promise<void> {
  await show.step('failure', 'a handler that throws ends in its OnFailure queue and rings', async () => {
    const Payload = Buffer.from('{"hello":"world"}');
    const FunctionName = `hbdr-${stage}-capture`;
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
    await told(inbox, 'the alarm', 60, (letter) => letter.subject.includes(`hbdr-${stage}-capture-failed`));
  });
  const silent = `hbdr-${stage}-dr-silent`;
  await show.step('heartbeat', 'the primary region hears the heartbeat', () =>
    until('the heartbeat', 90, async () => ((await alarmState(primary.region, silent)) === 'OK' ? true : undefined)),
  );
  await sandbox.control.dark([{ region: dr.region, mode: 'reset' }]);
  await show.step('silence', 'with DR dark the alarm of the primary region rings', () =>
    told(relayInbox, 'the silence', 200, (letter) => letter.subject.startsWith(`ALARM: "${silent}"`)),
  );
  await sandbox.control.dark([]);
}

async function loseAnArtifact(): Promise<void> {
  await show.step('lost', 'an artifact that the replica lost is brought back by the comparison', async () => {
    const { Contents = [] } = await replica.send(new ListObjectsV2Command({ Bucket: dr.replicaBucket }));
    const key = Contents[0]?.Key ?? '';
    await replica.send(new DeleteObjectCommand({ Bucket: dr.replicaBucket, Key: key }));
    await until('the repair', 200, () =>
      replica.send(new HeadObjectCommand({ Bucket: dr.replicaBucket, Key: key })).then(
        () => true as const,
        () => undefined,
      ),
    );
  });
}

/** One action less in one role: the failure must be told, twice, and end when the action is back. */
async function takeARightAway({ inbox }: Awaited<ReturnType<typeof install>>): Promise<void> {
  const iam = new IAMClient(client(dr.region));
  const role = { RoleName: `hbdr-${stage}-advance`, PolicyName: 'advance' };
  const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand(role));
  const before = decodeURIComponent(PolicyDocument);
  const policy = JSON.parse(before) as { Statement: { Action: string[] }[] };
  policy.Statement = policy.Statement.filter((each) => !each.Action.includes('rds:CopyDBSnapshot'));
  must(JSON.stringify(policy).length < before.length, 'a statement was taken away');
  await iam.send(new PutRolePolicyCommand({ ...role, PolicyDocument: JSON.stringify(policy) }));
  const { id } = await invoke('capture', 'capture-manual');
  await show.step(
    'right',
    'without rds:CopyDBSnapshot an alarm rings, and readiness names what is missing',
    async () => {
      await told(inbox, 'the finding', 200, (letter) => letter.body.includes('RIGHT_MISSING'));
      await told(inbox, 'the alarm', 200, (letter) => letter.subject.includes(`hbdr-${stage}-advance-failed`));
    },
  );
  await iam.send(new PutRolePolicyCommand({ ...role, PolicyDocument: before }));
  await show.step('right back', 'with it the point goes on by itself', () =>
    until('a protected point', 150, () => protectedPoint(String(id))),
  );
}

/** The one call that fails over, against a primary that answers: both halves of the fence, cut-over, and back. */
async function failOver({ inbox }: Awaited<ReturnType<typeof install>>): Promise<void> {
  await show.step('called off', 'a failover is started and called off, and its fence taken away', async () => {
    await sandbox.control.rds({ stateDelayMs: 20_000 });
    const { confirm } = await planFailover(operator);
    await invokeFailover(operator, { action: 'start', point: confirm, confirm });
    await invokeFailover(operator, { action: 'abort' });
    await invokeFailover(operator, { action: 'unfence' });
    await sandbox.control.rds({ stateDelayMs: 1_500 });
  });
  const run = await show.step('failover', 'the failover function fails over, and tells', async () => {
    const { confirm } = await planFailover(operator);
    await invokeFailover(operator, { action: 'start', point: confirm, confirm });
    return untilSettled(operator, 120);
  });
  must(run.state === 'done', `the failover is done: ${JSON.stringify(run.history)}`);
  await told(inbox, 'the failover', 60, (letter) => letter.subject.includes('failover'));
}

/** What everything that was done left behind in logs and rights. */
async function judge({ inbox, relayInbox }: Awaited<ReturnType<typeof install>>): Promise<void> {
  await show.step('secrets', 'no secret is in a bundle, a template, a log, a document or a message', async () => {
    const told = [...inbox.letters, ...relayInbox.letters].map((each) => `${each.subject}\n${each.body}`);
    const { looked, secrets, found } = await scanForSecrets(address, config, slack, told);
    show.say(`${secrets} secrets looked for in ${JSON.stringify(looked)} characters`);
    must(found.length === 0, `no secret is anywhere: ${found.join('; ')}`);
    for (const kind of ['bundle', 'template', 'log', 'vault', 'message'])
      must((looked[kind] ?? 0) > 0, `a ${kind} was seen`);
  });
  await show.step('roles', 'every role holds what its function needs, and nothing else', async () => {
    const calls = await sandbox.control.calls();
    await writeFile(join(root, 'sandbox', '.run', 'calls.json'), JSON.stringify(calls));
    const compared = await compareRoles(address, config, calls);
    process.stdout.write(`${comparisonText(compared)}\n`);
    const wrong = Object.values(compared).filter((each) => each.missing.length + each.unneeded.length > 0);
    must(wrong.length === 0, 'no right is missing and none is never needed');
  });
}

async function remove(): Promise<void> {
  await show.step('remove', 'remove both stacks', async () => {
    await operator.serverless('remove', '--config', 'serverless.primary.yml');
    await operator.serverless('remove');
  });
  must([...(await stacks(dr.region)), ...(await stacks(primary.region))].length === 0, 'both stacks are gone');
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  must(Functions.length === 0, `no function is left: ${Functions.map((each) => each.FunctionName)}`);
  for (const Bucket of [dr.replicaBucket, dr.vaultBucket]) await replica.send(new HeadBucketCommand({ Bucket }));
}

try {
  const installed = await install();
  await live(installed);
  await breakThings(installed);
  await Promise.all([takeARightAway(installed), loseAnArtifact()]);
  await failOver(installed);
  await installed.builder.close();
  await judge(installed);
  await remove();
  show.title('Done: deployed, lived, upgraded, broken, removed; replica and vault are kept.');
} catch (error) {
  process.stderr.write(`\nThe deployment test failed: ${(error as Error).message}\n`);
  await copyFile(join(address.folder, 'ministack.log'), join(root, 'sandbox', '.run', 'deploy-ministack.log'));
  process.exitCode = 1;
} finally {
  await slack.stop();
  await sandbox.stop();
}
