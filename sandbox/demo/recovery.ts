import { createHash } from 'node:crypto';
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import pg from 'pg';
import { allFindings, current, phaseSeconds } from '../../src/core/recovery/lifecycle.ts';
import type { ProductionRun, Run } from '../../src/core/recovery/run.ts';
import type { FailoverPlan } from '../../src/jobs/recovery/failover.ts';
import { until } from '../until.ts';
import type { Operator } from './operator.ts';

type Login = { host: string; port: number; user: string; password: string };

/** A digest of every table, row by row, and of every object, byte by byte. */
export type Fingerprint = Record<string, string>;

export async function databaseFingerprint(login: Login): Promise<Fingerprint> {
  const client = new pg.Client({ ...login, database: 'builder' });
  await client.connect();
  try {
    const found: Fingerprint = {};
    const tables = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
    for (const { tablename } of tables.rows) {
      const name = client.escapeIdentifier(tablename);
      const { rows } = await client.query(
        `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') AS digest FROM ${name} t`,
      );
      found[tablename] = rows[0].digest;
    }
    return found;
  } finally {
    await client.end();
  }
}

export async function bucketFingerprint(s3: S3Client, Bucket: string): Promise<Fingerprint> {
  const found: Fingerprint = {};
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    for (const { Key = '' } of page.Contents ?? []) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      found[Key] = createHash('sha256')
        .update((await Body?.transformToByteArray()) ?? '')
        .digest('hex');
    }
  }
  return found;
}

export const same = (a: Fingerprint, b: Fingerprint): boolean => JSON.stringify(a) === JSON.stringify(b);

async function drillOf(operator: Operator, id: string): Promise<Run> {
  const { drills } = (await operator.cli('drills')) as { drills: Run[] };
  return drills.find((each) => each.id === id) as Run;
}

/** Invokes the drill function and waits for its verdict. */
export async function runDrill(operator: Operator, event: string): Promise<Run> {
  const answer = JSON.parse(await operator.serverless('invoke', '-f', 'drill', '-p', `events/${event}.json`)) as {
    id: string;
  };
  return until(`drill ${answer.id}`, async () => {
    const run = await drillOf(operator, answer.id);
    return ['passed', 'failed'].includes(run.state) ? run : undefined;
  });
}

export async function planFailover(operator: Operator): Promise<FailoverPlan> {
  return JSON.parse(
    await operator.serverless('invoke', '-f', 'failover', '-p', 'events/failover-plan.json'),
  ) as FailoverPlan;
}

/** The one call that starts or resumes a failover. */
export async function invokeFailover(operator: Operator, request: Record<string, unknown>): Promise<void> {
  await operator.serverless('invoke', '-f', 'failover', '-d', JSON.stringify(request));
}

/** Waits until the failover asks for its operator, or is over. */
export async function untilSettled(operator: Operator): Promise<ProductionRun> {
  return until('the failover', async () => {
    const [run] = (await operator.cli('failover', 'status')) as ProductionRun[];
    return run && ['done', 'blocked', 'failed', 'aborted'].includes(run.state) ? run : undefined;
  });
}

export function drillReport(run: Run) {
  const findings = allFindings(run).map((each) => each.code);
  return { id: run.id, point: current(run).point, verdict: run.state, phases: phaseSeconds(run, new Date()), findings };
}

export function failoverReport(run: ProductionRun, rowsEqual: boolean, objectsEqual: boolean) {
  const half = (part: { confirmedAt?: string | undefined } | undefined) =>
    part?.confirmedAt ? 'confirmed' : 'unconfirmed';
  const fence = { database: half(run.fence.database), bucket: half(run.fence.bucket) };
  const phases = phaseSeconds(run, new Date());
  return { id: run.id, point: current(run).point, state: run.state, phases, fence, rowsEqual, objectsEqual };
}
