import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handler } from '../../functions/notify-slack.ts';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { Slack } from '../../sandbox/slack.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { deadManUrl, slackWebhook } from '../../src/adapters/aws/webhooks.ts';
import { stackNames } from '../../src/core/names.ts';
import { documentOf } from '../../src/core/notices/message.ts';
import { sampleMessages } from '../../src/core/notices/samples.ts';
import { DrError, describeError } from '../../src/errors.ts';
import { DR, environmentOf, World } from '../setup/world.ts';

const reference = 'ssm:/notify/slack-webhook';
let sandbox: Sandbox;
let slack: Slack;
let ssm: SSMClient;
beforeAll(async () => {
  sandbox = await startSandbox();
  const world = await World.create(sandbox, 'notify', (usual) => ({ ...usual, messages: { slackWebhook: reference } }));
  ssm = new SSMClient(clientOf(sandbox.address, DR));
  Object.assign(process.env, { POWERTOOLS_DEV: 'false', ...environmentOf(world.config) });
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  slack = await Slack.start();
  await put(reference, slack.url);
  return () => slack.stop();
});

const put = (name: string, Value: string) =>
  ssm.send(new PutParameterCommand({ Name: name.slice(4), Value, Type: 'SecureString', Overwrite: true }));
const webhook = () => slackWebhook({ ssm, reference, timeoutMs: 60_000, waitMs: 5 });
const invoke = (...messages: string[]) =>
  (handler as unknown as (event: unknown, context: Context) => Promise<unknown>)(
    { Records: messages.map((Message) => ({ Sns: { Subject: 'a subject', Message } })) },
    { functionName: 'test', awsRequestId: '1' } as Context,
  );
const refusal = async (work: Promise<unknown>): Promise<DrError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof DrError) return error;
  throw new Error(`no DrError but ${error}`);
};

describe('the function that posts to Slack', () => {
  it('takes its event of events/, an alarm', async () => {
    const event = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', '..', 'events', 'notify-slack.json'), 'utf8'),
    );
    await invoke(event.Records[0].Sns.Message);
    expect(JSON.stringify(slack.posted)).toContain('a failover started now would not succeed');
  });

  it("posts our own notices, CloudWatch's alarms, and plain text, each in its way", async () => {
    const [sample] = sampleMessages({ stage: 'prod', configFile: 'config/prod.yml' }, new Date());
    const ours = sample && documentOf(sample);
    const alarm = {
      AlarmName: stackNames('notify').alarms.replicateDeadLetters,
      NewStateValue: 'ALARM',
      OldStateValue: 'OK',
    };
    await invoke(JSON.stringify(ours), JSON.stringify(alarm), 'by hand');
    expect(slack.posted.map((each) => each.text)).toEqual([
      expect.stringContaining('NOT_READY'),
      'hbdr-notify-replicate-dead-letters\nAlarm hbdr-notify-replicate-dead-letters: OK → ALARM',
      'a subject\nby hand',
    ]);
    expect(JSON.stringify(slack.posted[1])).toContain('builder-dr reconcile');
    expect(slack.refused).toEqual([]);
  });
});

describe('the webhook', () => {
  const message = { text: 'hello', blocks: [] };

  it('is tried again when Slack is busy or broken, and heeds how long to wait', async () => {
    slack.failNext({ status: 429, retryAfter: '0' }, { status: 500 }, { status: 503 });
    await webhook().post(message);
    expect([slack.requests, slack.posted.length]).toEqual([4, 1]);
  });

  it('is given up after four attempts, as throttled', async () => {
    slack.failNext(...Array(4).fill({ status: 429, retryAfter: '0' }));
    expect((await refusal(webhook().post(message))).code).toBe('THROTTLED');
    expect(slack.requests).toBe(4);
  });

  it('is not tried again when Slack refuses the message itself', async () => {
    const error = await refusal(webhook().post({ text: '', blocks: [] }));
    expect([error.code, slack.requests]).toEqual(['REMOTE_FAILED', 1]);
    expect(error.message).toContain('invalid_blocks');
  });

  it('is told apart from one that does not answer', async () => {
    const { url } = slack;
    await slack.stop();
    slack = await Slack.start();
    await put(reference, url);
    expect((await refusal(webhook().post(message))).code).toBe('SITE_UNREACHABLE');
  });

  it('is a secret: no error holds it, whatever goes wrong', async () => {
    const secrets = ['only-for-tests', 'token-in-a-wrong-place'];
    const errors = [];
    slack.failNext(...Array(4).fill({ status: 500 }));
    errors.push(await refusal(webhook().post(message)));
    await put(reference, slack.url.replace('T000', 'other').replace('/services', '/token-in-a-wrong-place/services'));
    slack.failNext({ status: 403 });
    errors.push(await refusal(webhook().post(message)));
    await put(reference, 'ftp://token-in-a-wrong-place');
    errors.push(await refusal(webhook().post(message)));
    await put(reference, 'http://127.0.0.1:1/token-in-a-wrong-place');
    errors.push(await refusal(webhook().post(message)));
    const proxy = createServer((request, response) => response.writeHead(403).end(`<h1>no way to ${request.url}</h1>`));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    await put(reference, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/token-in-a-wrong-place`);
    errors.push(await refusal(webhook().post(message)));
    proxy.close();
    errors.push(await refusal(slackWebhook({ ssm, reference: 'ssm:/nobody', timeoutMs: 60_000 }).post(message)));
    const all = errors.map((each) => [describeError(each), each.hint, String(each.stack), String(each.cause)].join());
    for (const secret of secrets) expect(all.join('\n')).not.toContain(secret);
    expect(errors.map((each) => each.code)).toEqual([
      'REMOTE_FAILED',
      'REMOTE_FAILED',
      'SECRET_UNREADABLE',
      'SITE_UNREACHABLE',
      'REMOTE_FAILED',
      'SECRET_UNREADABLE',
    ]);
  });

  it('of an outside monitor is called', async () => {
    await put('ssm:/notify/monitor', slack.monitorUrl);
    await deadManUrl({ ssm, reference: 'ssm:/notify/monitor', timeoutMs: 60_000 }).ping();
    expect(slack.pings).toBe(1);
  });
});
