import { snapshotName } from '../../src/core/ids.ts';
import type { Point } from '../../src/core/points/documents.ts';
import type { Observations } from '../../src/core/readiness/observations.ts';

/** A healthy world as readiness sees it, and the ways in which it goes wrong. */
export const now = new Date('2026-11-22T14:20:00Z');
export const none = { count: 0, samples: [] };
export const some = { count: 3, samples: ['a', 'b', 'c'] };

export function protectedPoint(id: string, at: string, kind: Point['kind'] = 'scheduled'): Point {
  const snapshot = {
    snapshotArn: 'arn',
    dataAt: at,
    engineVersion: 'postgres 17.10',
    encrypted: false,
    sizeGib: 20,
    capturedAt: at,
  };
  return {
    schema: 'point/1',
    id,
    kind,
    requestedAt: at,
    deadlineAt: at,
    state: 'protected',
    database: { state: 'copied', ...snapshot, copyArn: 'arn', copiedAt: at },
    artifacts: { state: 'complete', key: 'k', listedAt: at, count: 9, bytes: 9, completeAt: at, deletedInWindow: [] },
    keys: { state: 'escrowed', at, revisions: ['20240101000000'] },
    history: [],
  };
}

export const point = protectedPoint('20261122t140000z', '2026-11-22T14:00:00Z');
export const copy = (id: string) => ({
  name: snapshotName(id),
  arn: 'arn',
  status: 'available' as const,
  percent: 100,
  dataAt: now,
  engineVersion: 'postgres 17.10',
  engine: 'postgres',
  version: '17.10',
  parameterGroupFamily: 'postgres17',
  encrypted: false,
  sizeGib: 20,
});

export const healthy: Observations = {
  points: [point],
  unreadable: [],
  unlisted: [],
  copies: [copy(point.id)],
  replica: { pointId: point.id, missing: none, differing: none },
  replicaMissing: undefined,
  deletions: undefined,
  escrowedRevisions: ['20240101000000'],
  nodeFiles: ['bldr.env'],
  unusableKeys: [],
  primary: {
    region: 'us-east-1',
    facts: {
      multiAz: true,
      backupRetentionDays: 7,
      encrypted: true,
      engine: 'postgres',
      cluster: undefined,
      engineLifecycleSupport: 'open-source-rds-extended-support',
    },
  },
  quotas: [],
  subscribers: 1,
  reconcile: {
    schema: 'reconcile/1',
    firstAt: '2026-11-20T00:00:00Z',
    at: '2026-11-22T14:15:00Z',
    primary: 9,
    replica: 9,
    missing: none,
    differing: none,
    queued: 0,
    eventless: none,
  },
  verified: {
    schema: 'verified-index/1',
    at: '2026-11-22T14:15:00Z',
    key: 'verified/all.ndjson.gz',
    ok: 9,
    damaged: none,
    unknownSigner: none,
    unverified: none,
  },
  pruned: undefined,
  previous: undefined,
  direction: 'primary→dr',
  reverse: undefined,
  runs: [],
  lacking: [],
  leftovers: [],
  classes: undefined,
};

export const dark = { region: 'us-east-1', unreachable: 'TimeoutError' };
export const failedPoint: Point = {
  ...point,
  id: '20261122t141000z',
  kind: 'manual',
  requestedAt: '2026-11-22T14:10:00Z',
  state: 'failed',
  database: { state: 'capturing' },
  failure: { at: '2026-11-22T14:11:00Z', code: 'INVALID_STATE', message: 'not available' },
};
export const copying: Point = {
  ...point,
  id: '20261122t100000z',
  requestedAt: '2026-11-22T10:00:00Z',
  state: 'listing+copying',
  database: {
    state: 'copying',
    snapshotArn: 'arn',
    dataAt: '2026-11-22T10:00:00Z',
    engineVersion: 'postgres 17.10',
    encrypted: false,
    sizeGib: 20,
    capturedAt: '2026-11-22T10:00:00Z',
    startedAt: '2026-11-22T10:00:00Z',
    percent: 0,
    progressAt: '2026-11-22T10:00:00Z',
  },
};
const {
  startedAt: _s,
  percent: _p,
  progressAt: _g,
  ...capturedPart
} = copying.database as Extract<Point['database'], { state: 'copying' }>;
export const waitingFor = (code: string): Point => ({
  ...copying,
  database: {
    ...capturedPart,
    state: 'captured',
    waiting: { code, message: 'refused', since: '2026-11-22T10:00:00Z' },
  },
});
export const capturing = (code: string): Point => ({
  ...copying,
  state: 'capturing',
  database: { state: 'capturing', waiting: { code, message: 'refused', since: '2026-11-22T14:00:00Z' } },
  artifacts: { state: 'pending' },
});
export const withRecord = (change: Partial<NonNullable<Observations['reconcile']>>): Partial<Observations> => ({
  reconcile: { ...(healthy.reconcile as NonNullable<Observations['reconcile']>), ...change },
});
