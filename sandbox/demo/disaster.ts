import { S3Client } from '@aws-sdk/client-s3';
import { current } from '../../src/core/recovery/lifecycle.ts';
import type { ProductionRun } from '../../src/core/recovery/run.ts';
import { until } from '../until.ts';
import type { Installed } from './install.ts';
import { clientOf } from './primary-site.ts';
import {
  bucketFingerprint,
  databaseFingerprint,
  failoverReport,
  invokeFailover,
  planFailover,
  same,
  untilSettled,
} from './recovery.ts';
import { address, dr, operator, primary, replica, sandbox, show } from './site.ts';

export type Survived = {
  run: ProductionRun;
  failover: ReturnType<typeof failoverReport>;
  artifacts: { primary: number; replica: number };
};

/** The one call that starts it, and the one that says that nobody can fence a region that is dark. */
async function failOver(confirm: string | null): Promise<ProductionRun> {
  const start = (more: Record<string, unknown> = {}) => invokeFailover(operator, { action: 'start', confirm, ...more });
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
  return show.step(
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
}

/** Loses the primary region, brings Builder's data up in DR, and holds it against what was lost. */
export async function loseThePrimary({ builder, database, inbox }: Installed): Promise<Survived> {
  show.title(`The disaster: ${primary.region} becomes a black hole`);
  const rows = await databaseFingerprint(database);
  const objects = await bucketFingerprint(new S3Client(clientOf(address, primary.region)), primary.bucket);
  await builder.close();
  await sandbox.control.dark([{ region: primary.region, mode: 'black-hole' }]);
  const plan = await show.step('plan', 'serverless invoke -f failover: plan', () => planFailover(operator));
  for (const each of plan.candidates)
    show.say(`${each.point}  ${each.state.padEnd(10)} ${each.minutesLost} minutes of data lost`);
  const run = await failOver(plan.confirm);
  const { host, port } = current(run).available as { host: string; port: number };
  const restored = await databaseFingerprint({ ...database, host, port });
  const served = await bucketFingerprint(replica, dr.replicaBucket);
  const failover = failoverReport(run, same(rows, restored), same(objects, served));
  show.say(`the database in DR answers: ${Object.keys(restored).length} tables, rows equal: ${failover.rowsEqual}`);
  show.say(`the replica holds ${Object.keys(objects).length} artifacts, bytes equal: ${failover.objectsEqual}`);
  await inbox.read();
  const letter = inbox.letters.findLast((each) => each.kind === 'failover');
  process.stdout.write(`\n${letter?.subject}\n\n${letter?.body.replace(/^/gm, '    ')}\n`);
  const artifacts = { primary: Object.keys(objects).length, replica: Object.keys(served).length };
  return { run, failover, artifacts };
}
