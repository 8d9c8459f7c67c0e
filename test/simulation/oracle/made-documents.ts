import { gzipSync } from 'node:zlib';
import type { Finding, FindingCode } from '../../../src/core/findings.ts';
import type { Point } from '../../../src/core/points/documents.ts';
import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import type { Direction } from '../../../src/core/recovery/direction.ts';
import type { Attempt } from '../../../src/core/recovery/documents.ts';
import type { RunOf } from '../../../src/core/recovery/run.ts';
import { BEGIN, dataOf, escrowKey, iso, type Made } from './made.ts';

const MINUTE_MS = 60_000;
/** The id of the point whose slot begins so many hours after the beginning. */
export const pointId = (hour: number): string =>
  `${iso(BEGIN + hour * 60 * MINUTE_MS)
    .slice(0, 19)
    .replace(/[-:]/g, '')
    .toLowerCase()}z`;
export const ID = pointId(0);
export const KEY = 'core/redis/4/1/x86_64/linux/core-redis-4-1-x86_64-linux.hart';
export const OTHER_KEY = 'core/zlib/1/1/x86_64/linux/core-zlib-1-1-x86_64-linux.hart';

const snapshot = { snapshotArn: 'arn', dataAt: iso(BEGIN), engineVersion: '17', encrypted: true, sizeGib: 20 };
const inventory = { key: `inventory/${ID}.artifacts.ndjson.gz`, listedAt: iso(BEGIN), count: 1, bytes: 9 };

/** A protected point; its data are of the beginning, unless it says otherwise. */
export function pointDocument(more: Partial<Point> = {}, dataAt = BEGIN): Point {
  const state = more.state ?? 'protected';
  return {
    schema: 'point/1',
    id: ID,
    kind: 'scheduled',
    requestedAt: iso(dataAt),
    deadlineAt: iso(dataAt + 60 * MINUTE_MS),
    state,
    database: {
      state: 'copied',
      ...snapshot,
      dataAt: iso(dataAt),
      capturedAt: iso(dataAt),
      copyArn: 'arn',
      copiedAt: iso(dataAt),
    },
    artifacts: { state: 'complete', ...inventory, completeAt: iso(dataAt), deletedInWindow: [] },
    keys: { state: 'escrowed', at: iso(dataAt), revisions: [] },
    history: [{ at: iso(dataAt), state, why: 'made by hand' }],
    ...more,
  };
}

export const directionDocument = (more: Partial<Direction> = {}): Direction => ({
  schema: 'direction/1',
  direction: 'primary→dr',
  epoch: 1,
  changedAt: iso(BEGIN),
  ...more,
});

export const statusDocument = (more: Partial<StatusRecord> = {}, at = BEGIN): StatusRecord => ({
  schema: 'status/1',
  at: iso(at),
  status: 'READY',
  recoverable: true,
  protecting: true,
  findings: [],
  rpoMinutes: 0,
  rpoTargetMinutes: 120,
  point: ID,
  ...more,
});

export const findingOf = (code: FindingCode, subject = 'dr', severity: Finding['severity'] = 'warning'): Finding => ({
  code,
  severity,
  subject,
  text: 'made by hand',
  hint: 'nothing',
});

const run = (id: string) => ({
  schema: 'run/1' as const,
  id,
  requestedAt: iso(BEGIN),
  point: ID,
  candidates: [ID],
  attempts: [],
  findings: [],
  errors: [],
  history: [],
});
const attemptOf = (more: Partial<Attempt>): Attempt => ({ point: ID, instance: 'hbdr-drill-1', findings: [], ...more });

export const drillDocument = (more: Partial<RunOf<'drill'>> = {}, attempt: Partial<Attempt> = {}): RunOf<'drill'> => ({
  ...run('drill-1'),
  kind: 'drill',
  state: 'passed',
  deadlineAt: iso(BEGIN + 180 * MINUTE_MS),
  readAll: false,
  attempts: [attemptOf({ outcome: 'passed', ...attempt })],
  ...more,
});

export const failoverDocument = (
  more: Partial<RunOf<'failover'>> = {},
  attempt: Partial<Attempt> = {},
): RunOf<'failover'> => ({
  ...run('failover-1'),
  kind: 'failover',
  state: 'restoring',
  acceptFindings: false,
  acceptUnfenced: false,
  fence: { wanted: true, database: {}, bucket: {} },
  attempts: [attemptOf(attempt)],
  ...more,
});

export const packedList = (keys: string[]): Uint8Array =>
  gzipSync(keys.map((key) => `${JSON.stringify({ key, size: 9, etag: '"a"' })}\n`).join(''));

/** One package, in a point that is copied and complete. */
export function protectedWorld(made: Made, damage?: string): Made {
  made.begin(1, 'advance');
  made.put('world', escrowKey, { schema: 'escrow/1' });
  made.put('world', 'direction.json', directionDocument());
  made.object('world', 'primary', KEY, 'a');
  made.object(1, 'replica', KEY, 'a');
  const data = dataOf({ [KEY]: 'a' }, damage);
  made.snapshot(1, 'primary', ID, data);
  made.snapshot(1, 'dr', ID, data);
  made.put(1, `inventory/${ID}.artifacts.ndjson.gz`, packedList([KEY]));
  return made;
}

/** The same, with its document, five minutes later and told by a run of readiness. */
export function toldWorld(made: Made, damage?: string): Made {
  protectedWorld(made, damage);
  made.put(1, `points/${ID}.json`, pointDocument());
  made.end(1);
  made.minutes(5);
  return made;
}
