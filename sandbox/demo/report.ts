import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Point } from '../../src/core/points/documents.ts';
import type { StatusRecord } from '../../src/core/readiness/documents.ts';
import type { Operator } from './operator.ts';
import type { drillReport, failoverReport } from './recovery.ts';

export type DemoFacts = {
  artifacts: { primary: number; replica: number };
  expectedArtifacts: number;
  history: StatusRecord[];
  drills: ReturnType<typeof drillReport>[];
  failover: ReturnType<typeof failoverReport>;
  notifications: number;
  timings: Record<string, number>;
};

function summary({ id, kind, state, database, artifacts, keys }: Point) {
  return { id, kind, state, database: database.state, artifacts: artifacts.state, keys: keys.state };
}

/** Writes report.json; throws when the sites do not hold what they should. */
export async function writeReport(operator: Operator, folder: string, facts: DemoFacts): Promise<void> {
  const { artifacts, expectedArtifacts, history, drills, failover, notifications, timings } = facts;
  const points = (await operator.points()).map(summary);
  const readiness = history.map(({ at, status, recoverable, protecting, findings }) => ({
    at,
    status,
    recoverable,
    protecting,
    findings: findings.map((each) => each.code),
  }));
  const document = { points, artifacts, readiness, drills, failovers: [failover], notifications, timings };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(document, null, 2)}\n`);
  if (!points.some((each) => each.state === 'proven')) throw new Error('no point is proven');
  if (artifacts.primary !== artifacts.replica || artifacts.primary !== expectedArtifacts) {
    const seen = `primary ${artifacts.primary} and replica ${artifacts.replica}`;
    throw new Error(`${seen} should both hold ${expectedArtifacts} artifacts`);
  }
}
