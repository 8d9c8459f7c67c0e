import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import {
  CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import type { Slack } from '../../sandbox/slack.ts';
import type { SandboxAddress } from '../../sandbox/start.ts';
import type { Config } from '../../src/config.ts';
import { functions } from './roles.ts';

const root = join(import.meta.dirname, '..', '..');

/** Every secret of this site: a name for reports, and what must appear nowhere. */
async function secretsOf(address: SandboxAddress, { dr }: Config, slack: Slack): Promise<Map<string, string>> {
  const found = new Map([
    ["the operator's key", address.secretAccessKey],
    ['the webhook of Slack', new URL(slack.url).pathname],
    ['the outside monitor', new URL(slack.monitorUrl).pathname],
  ]);
  const client = new SecretsManagerClient(clientOf(address, dr.region));
  for await (const { SecretList = [] } of paginateListSecrets({ client }, {})) {
    for (const { Name = '' } of SecretList) {
      const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: Name }));
      // The key's id is in every signed request and no secret by itself.
      if (!Name.endsWith('key-id')) found.set(`the secret ${Name}`, SecretString);
    }
  }
  const keys = join(address.folder, 'builder-keys');
  for (const name of (await readdir(keys)).filter((each) => each.endsWith('.box.key') || each.endsWith('.sig.key'))) {
    const lines = (await readFile(join(keys, name), 'utf8')).trim().split('\n');
    found.set(`the key ${name}`, lines.at(-1) ?? '');
  }
  return found;
}

type Text = { where: string; text: string };

async function* bundles(): AsyncIterable<Text> {
  for (const name of functions) {
    yield { where: `bundle ${name}`, text: await readFile(join(root, 'dist', 'functions', `${name}.js`), 'utf8') };
  }
}

async function* templates(address: SandboxAddress, { primary, dr, stage }: Config): AsyncIterable<Text> {
  for (const [region, StackName] of [
    [dr.region, `hbdr-${stage}-dr`],
    [primary.region, `hbdr-${stage}-relay`],
  ] as const) {
    const client = new CloudFormationClient(clientOf(address, region));
    const { TemplateBody = '' } = await client.send(new GetTemplateCommand({ StackName }));
    yield { where: `template ${StackName}`, text: TemplateBody };
  }
}

async function* logs(address: SandboxAddress, { dr }: Config): AsyncIterable<Text> {
  const client = new CloudWatchLogsClient(clientOf(address, dr.region));
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, {})) {
    for (const { logGroupName } of logGroups) {
      for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName })) {
        yield { where: `log ${logGroupName}`, text: events.map((each) => each.message ?? '').join('\n') };
      }
    }
  }
}

/** The catalogue, its page and reports; what is in escrow is sealed, and is looked through all the same. */
async function* documents(address: SandboxAddress, { dr }: Config): AsyncIterable<Text> {
  const client = new S3Client(clientOf(address, dr.region));
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: dr.vaultBucket })) {
    for (const { Key = '' } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: dr.vaultBucket, Key }));
      yield { where: `vault ${Key}`, text: (await Body?.transformToString('latin1')) ?? '' };
    }
  }
}

export type Scan = { looked: Record<string, number>; secrets: number; found: string[] };

/** Looks for every secret in everything that is written, deployed or told. */
export async function scanForSecrets(
  address: SandboxAddress,
  config: Config,
  slack: Slack,
  told: string[],
): Promise<Scan> {
  const secrets = await secretsOf(address, config, slack);
  const looked: Record<string, number> = {};
  const found: string[] = [];
  const look = ({ where, text }: Text) => {
    const kind = where.split(' ')[0] ?? '';
    looked[kind] = (looked[kind] ?? 0) + text.length;
    for (const [name, secret] of secrets) {
      if (secret.length < 8) throw new Error(`${name} is too short to be looked for`);
      if (text.includes(secret)) found.push(`${name} is in ${where}`);
    }
  };
  for (const source of [bundles(), templates(address, config), logs(address, config), documents(address, config)]) {
    for await (const text of source) look(text);
  }
  for (const text of [...told, ...slack.posted.map((each) => JSON.stringify(each))]) look({ where: 'message', text });
  // The scan itself must be able to find: a line of the log with a secret in it.
  const [name, secret] = [...secrets][0] ?? ['', ''];
  const before = found.length;
  look({ where: 'proof', text: `{"message":"${secret}"}` });
  if (found.length !== before + 1) throw new Error(`the scan does not find ${name}`);
  found.pop();
  return { looked, secrets: secrets.size, found };
}
