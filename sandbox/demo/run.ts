import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteObjectCommand, HeadObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { loadConfig } from '../../src/config-file.ts';
import { stackNames } from '../../src/core/names.ts';
import type { StatusRecord } from '../../src/core/readiness/documents.ts';
import { current } from '../../src/core/recovery/lifecycle.ts';
import type { SeededBuilder } from '../seed/builder.ts';
import { Slack } from '../slack.ts';
import { startSandbox } from '../start.ts';
import { until } from '../until.ts';
import { prepareDrSite } from './dr-site.ts';
import { Inbox } from './inbox.ts';
import { Operator } from './operator.ts';
import { clientOf, createPrimarySite, seedPrimarySite } from './primary-site.ts';
import {
  bucketFingerprint,
  databaseFingerprint,
  drillReport,
  failoverReport,
  invokeFailover,
  planFailover,
  runDrill,
  same,
  untilSettled,
} from './recovery.ts';
import { writeReport } from './report.ts';
import { Show } from './show.ts';

const root = join(import.meta.dirname, '..', '..');
const PACKAGES = Number(process.argv[2] ?? 200);
const config = loadConfig({}, join(root, 'config', 'sandbox.yml'));
const { primary, dr } = config;

type Login = { host: string; port: number; user: string; password: string };

const show = new Show();
const history: StatusRecord[] = [];

show.title(
  `Disaster recovery of a Builder with ${PACKAGES} packages: ${primary.region} is the primary, ${dr.region} takes over`,
);
const sandbox = await show.step('sandbox', 'start two AWS regions on this machine', startSandbox);
const { address } = sandbox;
const slack = await Slack.start();
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

async function untilReadiness(
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

  await show.step('drSite', "prepare DR: subnet group, parameter group, Builder's own credentials", () =>
    prepareDrSite(address, config, database.password, slack),
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
    () => until('the uploaded package in the replica', () => inReplica(uploaded.key)),
  );
  const point = await show.step(
    'protected',
    'wait until the recovery point is protected',
    () => until('a protected point', async () => (await operator.points()).find((each) => each.state === 'protected')),
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
  const lose = async (): Promise<void> => {
    await replica.send(new DeleteObjectCommand({ Bucket: dr.replicaBucket, Key: victim }));
    await operator.serverless('invoke', '-f', 'readiness', '-p', 'events/readiness.json');
  };
  await show.step('lose', `delete ${victim} from the replica`, lose);
  const lost = await show.step('notReady', 'wait until readiness notices and tells', () =>
    // The hourly comparison, here every minute, may bring it back before anybody looks: then it is lost again.
    untilReadiness('NOT_READY', inbox, before, async () => ((await inReplica(victim)) ? lose() : undefined)),
  );
  show.say(`${show.word(lost.status)}: ${lost.findings.map((each) => each.code).join(', ')}`);
  await show.step('repaired', 'wait until reconcile has brought it back', () =>
    until('the artifact in the replica', () => inReplica(victim)),
  );
  await operator.serverless('invoke', '-f', 'readiness', '-p', 'events/readiness.json');
  const again = await show.step('readyAgain', 'wait until readiness says READY again', () =>
    untilReadiness('READY', inbox, before + 1),
  );
  show.say(
    `${show.word(again.status)}, told in ${inbox.letters.length} messages, ${slack.posted.length} of them in Slack so far; the last one:`,
  );
  process.stdout.write(`\n${inbox.letters.at(-1)?.subject}\n\n${inbox.letters.at(-1)?.body.replace(/^/gm, '    ')}\n`);
  await recover(builder, database, inbox);
}

/** Rehearse, prove the alarm, then lose the primary region and bring Builder's data up in DR. */
async function recover(builder: SeededBuilder, database: Login, inbox: Inbox): Promise<void> {
  show.title('Rehearse the recovery');
  const drill = await show.step(
    'drill',
    'serverless invoke -f drill: restore into a scratch instance, look into it, compare it with the replica',
    () => runDrill(operator, 'drill'),
    (run) => `${run.state}, ${JSON.stringify(drillReport(run).phases)}`,
  );
  const proven = (await operator.points()).find((each) => each.id === drill.attempts[0]?.point);
  if (drill.state !== 'passed' || proven?.state !== 'proven')
    throw new Error(`the drill did not prove its point: ${JSON.stringify(drill)}`);
  show.say(`point ${proven.id} is ${proven.state}`);
  const alarm = await show.step(
    'alarmTest',
    'drill --alarm-test: a flipped byte, a missing object, a wrong key must be found and told',
    () => runDrill(operator, 'drill-alarm-test'),
    (run) => `${run.state}: ${drillReport(run).findings.join(', ')}`,
  );
  if (alarm.state !== 'passed') throw new Error(`the alarm test failed: ${JSON.stringify(alarm)}`);

  show.title(`The disaster: ${primary.region} becomes a black hole`);
  const rows = await databaseFingerprint(database);
  const objects = await bucketFingerprint(new S3Client(clientOf(address, primary.region)), primary.bucket);
  await builder.close();
  await sandbox.control.dark([{ region: primary.region, mode: 'black-hole' }]);
  const plan = await show.step('plan', 'serverless invoke -f failover: plan', () => planFailover(operator));
  for (const each of plan.candidates)
    show.say(`${each.point}  ${each.state.padEnd(10)} ${each.minutesLost} minutes of data lost`);
  const start = (more: Record<string, unknown> = {}) =>
    invokeFailover(operator, { action: 'start', confirm: plan.confirm, ...more });
  const blocked = await show.step(
    'blocked',
    'serverless invoke -f failover: start; restores and checks, and stops before two sites could take writes',
    async () => {
      await start();
      return untilSettled(operator);
    },
    (run) => run.state,
  );
  show.say(blocked.blocked?.reason ?? '');
  const run = await show.step(
    'failover',
    'serverless invoke -f failover: start, acceptUnfenced',
    async () => {
      await start({ acceptUnfenced: true });
      return until('the failover', async () => {
        const now = await untilSettled(operator);
        return now.state === 'blocked' ? undefined : now;
      });
    },
    (each) => `${each.state}, ${JSON.stringify(failoverReport(each, true, true).phases)}`,
  );
  const { host, port } = current(run).available as { host: string; port: number };
  const restored = await databaseFingerprint({ ...database, host, port });
  const failover = failoverReport(
    run,
    same(rows, restored),
    same(objects, await bucketFingerprint(replica, dr.replicaBucket)),
  );
  show.say(`the database in DR answers: ${Object.keys(restored).length} tables, rows equal: ${failover.rowsEqual}`);
  show.say(`the replica holds ${Object.keys(objects).length} artifacts, bytes equal: ${failover.objectsEqual}`);
  await inbox.read();
  const letter = inbox.letters.findLast((each) => each.kind === 'failover');
  process.stdout.write(`\n${letter?.subject}\n\n${letter?.body.replace(/^/gm, '    ')}\n`);
  await report(inbox, Object.keys(objects).length, [drill, alarm].map(drillReport), failover);
  if (run.state !== 'done' || !failover.rowsEqual || !failover.objectsEqual) {
    throw new Error(`the failover is not what was protected: ${JSON.stringify(failover)}`);
  }
}

/** What the demo did and saw, for people and programs; throws when the sites do not hold what they should. */
async function report(
  inbox: Inbox,
  primaryObjects: number,
  drills: ReturnType<typeof drillReport>[],
  failover: ReturnType<typeof failoverReport>,
): Promise<void> {
  const folder = join(root, 'sandbox', '.run');
  await writeReport(operator, folder, {
    artifacts: { primary: primaryObjects, replica: await countObjects(dr.region, dr.replicaBucket) },
    expectedArtifacts: PACKAGES + 1,
    history,
    drills,
    failover,
    notifications: inbox.letters.length,
    timings: show.timings,
  });
  show.say('report written to sandbox/.run/report.json, the status page to sandbox/.run/status.html');
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
  show.title('Done: protected, watched, rehearsed, failed over.');
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${(error as Error).message}\n`);
  process.stderr.write(`${await explain()}\n`);
  process.exitCode = 1;
} finally {
  await slack.stop();
  await sandbox.stop();
}
