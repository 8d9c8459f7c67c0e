/** The two sites that the demo lives in, and how they are asked. */
import { join } from 'node:path';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { loadConfig } from '../../src/config-file.ts';
import type { StatusRecord } from '../../src/core/readiness/documents.ts';
import { Slack } from '../slack.ts';
import { startSandbox } from '../start.ts';
import { until } from '../until.ts';
import type { Inbox } from './inbox.ts';
import { Operator } from './operator.ts';
import { clientOf } from './primary-site.ts';
import { Show } from './show.ts';

const root = join(import.meta.dirname, '..', '..');
export const PACKAGES = Number(process.argv[2] ?? 200);
/** Where the report, the page and the log are left. */
export const folder = join(root, 'sandbox', '.run');
export const config = loadConfig({}, join(root, 'config', 'sandbox.yml'));
export const { primary, dr } = config;

export type Login = { host: string; port: number; user: string; password: string };

export const show = new Show();
/** Every assessment that the deployed function wrote, as far as somebody looked. */
export const history: StatusRecord[] = [];

show.title(
  `Disaster recovery of a Builder with ${PACKAGES} packages: ${primary.region} is the primary, ${dr.region} takes over`,
);
export const sandbox = await show.step('sandbox', 'start two AWS regions on this machine', startSandbox);
export const { address } = sandbox;
export const slack = await Slack.start();
export const operator = new Operator(address);
export const replica = new S3Client(clientOf(address, dr.region));

export async function inReplica(key: string): Promise<true | undefined> {
  const look = replica.send(new HeadObjectCommand({ Bucket: dr.replicaBucket, Key: key }));
  return look.then(
    () => true,
    () => undefined,
  );
}

/** Notes each new assessment that the deployed function wrote. */
async function assessment(): Promise<StatusRecord> {
  const status = (await operator.cli('status')) as StatusRecord;
  if (status.at && status.at !== history.at(-1)?.at) history.push(status);
  return status;
}

export async function untilReadiness(
  wanted: string,
  inbox: Inbox,
  since: number,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<StatusRecord> {
  return until(`readiness ${wanted}, told to the subscriber`, async () => {
    const status = await assessment();
    await inbox.read();
    const told = inbox.letters.slice(since).some((letter) => letter.status === wanted);
    if (status.status === wanted && told) return status;
    await meanwhile();
    return undefined;
  });
}
