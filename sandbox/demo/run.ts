import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteObjectCommand, HeadObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { loadConfig } from '../../src/config.ts';
import type { Point, StatusRecord } from '../../src/core/documents.ts';
import { stackNames } from '../../src/core/names.ts';
import { startSandbox } from '../start.ts';
import { Inbox } from './inbox.ts';
import { Operator, until } from './operator.ts';
import { clientOf, createPrimarySite, seedPrimarySite } from './primary-site.ts';
import { Show } from './show.ts';

const root = join(import.meta.dirname, '..', '..');
const PACKAGES = Number(process.argv[2] ?? 200);
const config = loadConfig({}, join(root, 'config', 'sandbox.yml'));
const { primary, dr } = config;

const show = new Show();
const history: StatusRecord[] = [];

show.title(
  `Disaster recovery of a Builder with ${PACKAGES} packages: ${primary.region} is the primary, ${dr.region} takes over`,
);
const sandbox = await show.step('sandbox', 'start two AWS regions on this machine', startSandbox);
const { address } = sandbox;
const operator = new Operator(address);
const replica = new S3Client(clientOf(address, dr.region));

async function countObjects(region: string, bucket: string): Promise<number> {
  let count = 0;
  const pages = paginateListObjectsV2({ client: new S3Client(clientOf(address, region)) }, { Bucket: bucket });
  for await (const page of pages) count += page.Contents?.length ?? 0;
  return count;
}

async function inReplica(key: string): Promise<true | undefined> {
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

async function untilReadiness(wanted: string, inbox: Inbox, since: number): Promise<StatusRecord> {
  return until(`readiness ${wanted}, told to the subscriber`, 150, async () => {
    const status = await assessment();
    await inbox.read();
    const told = inbox.letters.slice(since).some((letter) => letter.status === wanted);
    return status.status === wanted && told ? status : undefined;
  });
}

async function demo(): Promise<void> {
  show.title('A Builder, as it runs today');
  const database = await show.step('database', 'create an encrypted PostgreSQL instance and a bucket', () =>
    createPrimarySite(address, primary),
  );
  const builder = await show.step(
    'seed',
    `publish ${PACKAGES} signed packages, one of them larger than a multipart part`,
    () => seedPrimarySite(address, primary, database, PACKAGES),
    (made) =>
      `${made.packages.length} packages, ${(made.packages.reduce((sum, each) => sum + each.bytes, 0) / 1e6).toFixed(1)} MB`,
  );

  show.title('Install');
  await show.step('deployDr', 'serverless deploy', () => operator.serverless('deploy'));
  await show.step('deployRelay', 'serverless deploy --config serverless.primary.yml', () =>
    operator.serverless('deploy', '--config', 'serverless.primary.yml'),
  );
  const topicArn = `arn:aws:sns:${dr.region}:${address.account}:${stackNames(config.stage).topic}`;
  const inbox = await show.step('subscribe', 'subscribe to the readiness topic', () =>
    Inbox.subscribe(address, dr.region, topicArn),
  );
  await show.step('escrow', 'builder-dr keys escrow --from builder-keys', () =>
    operator.cli('keys', 'escrow', '--from', join(address.folder, 'builder-keys')),
  );

  show.title('Protect');
  await show.step('capture', 'serverless invoke -f capture', () =>
    operator.serverless('invoke', '-f', 'capture', '-p', 'events/capture-manual.json'),
  );
  const uploaded = await builder.publish();
  await show.step(
    'event',
    `hab pkg upload: ${uploaded.ident.origin}/${uploaded.ident.name} reaches the replica by its event`,
    () => until('the uploaded package in the replica', 60, () => inReplica(uploaded.key)),
  );
  const point = await show.step(
    'protected',
    'wait until the recovery point is protected',
    () =>
      until('a protected point', 120, async () => (await operator.points()).find((each) => each.state === 'protected')),
    (each) => `${each.id}, ${each.kind}`,
  );
  for (const { at, state, why } of point.history) show.say(`${at.slice(11, 19)}  ${state.padEnd(16)} ${why}`);
  const status = await show.step('ready', 'wait until readiness says READY, and the subscriber hears it', () =>
    untilReadiness('READY', inbox, 0),
  );
  show.say(`${show.word(status.status)}: a failover now would lose ${status.rpoMinutes?.toFixed(1)} minutes`);

  show.title('Lose an artifact behind its back');
  const victim = builder.packages.at(-1)?.key ?? '';
  const before = inbox.letters.length;
  await show.step('lose', `delete ${victim} from the replica`, () =>
    replica.send(new DeleteObjectCommand({ Bucket: dr.replicaBucket, Key: victim })),
  );
  await operator.serverless('invoke', '-f', 'readiness', '-p', 'events/readiness.json');
  const lost = await show.step('notReady', 'wait until readiness notices and tells', () =>
    untilReadiness('NOT_READY', inbox, before),
  );
  show.say(`${show.word(lost.status)}: ${lost.findings.map((each) => each.code).join(', ')}`);
  await show.step('repaired', 'wait until reconcile has brought it back', () =>
    until('the artifact in the replica', 120, () => inReplica(victim)),
  );
  await operator.serverless('invoke', '-f', 'readiness', '-p', 'events/readiness.json');
  const again = await show.step('readyAgain', 'wait until readiness says READY again', () =>
    untilReadiness('READY', inbox, before + 1),
  );
  show.say(`${show.word(again.status)}, told in ${inbox.letters.length} messages; the last one:`);
  process.stdout.write(`\n${inbox.letters.at(-1)?.subject}\n\n${inbox.letters.at(-1)?.body.replace(/^/gm, '    ')}\n`);
  await builder.close();
  await report(inbox);
}

function summary({ id, kind, state, database, artifacts, keys }: Point) {
  return { id, kind, state, database: database.state, artifacts: artifacts.state, keys: keys.state };
}

async function report(inbox: Inbox): Promise<void> {
  const points = (await operator.points()).map(summary);
  const artifacts = {
    primary: await countObjects(primary.region, primary.bucket),
    replica: await countObjects(dr.region, dr.replicaBucket),
  };
  const readiness = history.map(({ at, status, recoverable, protecting, findings }) => ({
    at,
    status,
    recoverable,
    protecting,
    findings: findings.map((each) => each.code),
  }));
  const document = { points, artifacts, readiness, notifications: inbox.letters.length, timings: show.timings };
  const folder = join(root, 'sandbox', '.run');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(document, null, 2)}\n`);
  if (!points.some((each) => each.state === 'protected')) throw new Error('no point is protected');
  if (artifacts.primary !== artifacts.replica || artifacts.primary !== PACKAGES + 1) {
    throw new Error(
      `primary ${artifacts.primary} and replica ${artifacts.replica} should both hold ${PACKAGES + 1} artifacts`,
    );
  }
  show.say('report written to sandbox/.run/report.json');
}

/** What the catalogue and the emulator say, for whoever has to find out why. */
async function explain(): Promise<string> {
  const folder = join(root, 'sandbox', '.run');
  await mkdir(folder, { recursive: true });
  await copyFile(join(address.folder, 'ministack.log'), join(folder, 'ministack.log'));
  const points = await operator.points().catch((error: Error) => error.message);
  return `The emulator's log is in sandbox/.run/ministack.log. The recovery points: ${JSON.stringify(points, null, 2)}`;
}

try {
  await demo();
  show.title('Done: protected, watched, repaired.');
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${(error as Error).message}\n`);
  process.stderr.write(`${await explain()}\n`);
  process.exitCode = 1;
} finally {
  await sandbox.stop();
}
