import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Point } from '../../src/core/documents.ts';
import { findingRules } from '../../src/core/findings.ts';
import { snapshotName } from '../../src/core/ids.ts';
import { assessReadiness, type Observations } from '../../src/core/readiness.ts';
import { testPolicy } from '../setup/policy.ts';

const now = new Date('2026-11-22T14:20:00Z');
const none = { count: 0, samples: [] };
const some = { count: 3, samples: ['a', 'b', 'c'] };

function protectedPoint(id: string, at: string, kind: Point['kind'] = 'scheduled'): Point {
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

const point = protectedPoint('20261122t140000z', '2026-11-22T14:00:00Z');
const copy = (id: string) => ({
  name: snapshotName(id),
  arn: 'arn',
  status: 'available' as const,
  percent: 100,
  dataAt: now,
  engineVersion: 'postgres 17.10',
  encrypted: false,
  sizeGib: 20,
});

const healthy: Observations = {
  points: [point],
  unreadable: [],
  copies: [copy(point.id)],
  replica: { pointId: point.id, missing: none, differing: none },
  escrowedRevisions: ['20240101000000'],
  unusableKeys: [],
  primary: { region: 'us-east-1', facts: { multiAz: true, backupRetentionDays: 7, encrypted: true } },
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
  previous: undefined,
};

const dark = { region: 'us-east-1', unreachable: 'TimeoutError' };
const failedPoint: Point = {
  ...point,
  id: '20261122t141000z',
  kind: 'manual',
  requestedAt: '2026-11-22T14:10:00Z',
  state: 'failed',
  database: { state: 'capturing' },
  failure: { at: '2026-11-22T14:11:00Z', code: 'INVALID_STATE', message: 'not available' },
};
const copying: Point = {
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
const waitingFor = (code: string): Point => ({
  ...copying,
  database: {
    ...capturedPart,
    state: 'captured',
    waiting: { code, message: 'refused', since: '2026-11-22T10:00:00Z' },
  },
});
const withRecord = (change: Partial<NonNullable<Observations['reconcile']>>): Partial<Observations> => ({
  reconcile: { ...(healthy.reconcile as NonNullable<Observations['reconcile']>), ...change },
});

type Case = [
  name: string,
  change: Partial<Observations>,
  codes: string[],
  status: string,
  recoverable: boolean,
  protecting: boolean,
];
const table: Case[] = [
  ['all is well', {}, [], 'READY', true, true],
  ['no point at all', { points: [], copies: [], replica: undefined }, ['NO_PROTECTED_POINT'], 'NOT_READY', false, true],
  [
    'the copy vanished',
    { copies: [], replica: undefined },
    ['NO_PROTECTED_POINT', 'COPY_FAILED'],
    'NOT_READY',
    false,
    false,
  ],
  [
    'an artifact is missing',
    { replica: { pointId: point.id, missing: some, differing: none } },
    ['ARTIFACT_MISSING'],
    'NOT_READY',
    false,
    true,
  ],
  [
    'an artifact differs',
    { replica: { pointId: point.id, missing: none, differing: some } },
    ['ARTIFACT_CORRUPT'],
    'NOT_READY',
    false,
    true,
  ],
  ['no key in escrow', { escrowedRevisions: [] }, ['BUILDER_KEY_MISSING'], 'NOT_READY', false, true],
  [
    'the needed key is gone',
    { escrowedRevisions: ['20250101000000'] },
    ['BUILDER_KEY_MISSING'],
    'NOT_READY',
    false,
    true,
  ],
  [
    'a KMS key is disabled',
    { unusableKeys: [{ keyId: 'k', reason: 'Disabled' }] },
    ['DR_KMS_UNUSABLE'],
    'NOT_READY',
    false,
    true,
  ],
  [
    'a document is unreadable',
    { unreadable: [{ key: 'points/x.json', problem: 'not JSON' }] },
    ['VAULT_UNREADABLE'],
    'NOT_READY',
    true,
    true,
  ],
  ['the primary is dark', { primary: dark }, ['PRIMARY_UNREACHABLE'], 'NOT_READY', true, false],
  ['a newer capture failed', { points: [point, failedPoint] }, ['CAPTURE_FAILED'], 'DEGRADED', true, false],
  ['a copy is stuck', { points: [point, copying] }, ['COPY_STUCK'], 'DEGRADED', true, false],
  ['a copy never started', { points: [point, waitingFor('QUOTA_EXCEEDED')] }, ['COPY_STUCK'], 'DEGRADED', true, false],
  [
    'a copy waits for its key',
    { points: [point, waitingFor('KMS_UNUSABLE')] },
    ['COPY_STUCK', 'DR_KMS_UNUSABLE'],
    'NOT_READY',
    false,
    false,
  ],
  [
    'a point is suspect',
    { points: [point, { ...copying, state: 'suspect' }] },
    ['INVENTORY_SHRANK'],
    'NOT_READY',
    true,
    false,
  ],
  [
    'artifacts lag',
    withRecord({ missing: some, oldestMissingAt: '2026-11-22T13:00:00Z' }),
    ['REPLICATION_LAGGING'],
    'DEGRADED',
    true,
    false,
  ],
  [
    'artifacts are on their way',
    withRecord({ missing: some, oldestMissingAt: '2026-11-22T14:10:00Z' }),
    [],
    'READY',
    true,
    true,
  ],
  ['nobody compares', withRecord({ at: '2026-11-22T10:00:00Z' }), ['REPLICATION_LAGGING'], 'DEGRADED', true, false],
  ['events do not come', withRecord({ eventless: some }), ['RELAY_SILENT'], 'DEGRADED', true, false],
  [
    'a single zone',
    { primary: { region: 'r', facts: { multiAz: false, backupRetentionDays: 7, encrypted: true } } },
    ['MULTI_AZ_OFF'],
    'DEGRADED',
    true,
    true,
  ],
  [
    'no backups',
    { primary: { region: 'r', facts: { multiAz: true, backupRetentionDays: 0, encrypted: true } } },
    ['BACKUPS_DISABLED'],
    'DEGRADED',
    true,
    true,
  ],
  ['nobody listens', { subscribers: 0 }, ['NO_SUBSCRIBER'], 'DEGRADED', true, true],
  [
    'the quota is near',
    { copies: [...Array(90).keys()].map((n) => copy(n === 0 ? point.id : `x${n}`)) },
    ['QUOTA_NEAR'],
    'DEGRADED',
    true,
    true,
  ],
];

describe('readiness', () => {
  it.each(table)('%s', (_name, change, codes, status, recoverable, protecting) => {
    const found = assessReadiness({ ...healthy, ...change }, testPolicy, now);
    expect(found.findings.map((each) => each.code).sort()).toEqual([...codes].sort());
    expect(found).toMatchObject({ status, recoverable, protecting });
  });

  it('measures RPO by the data of the point that a failover would take, not by its copy', () => {
    const later = new Date('2026-11-22T16:01:00Z');
    const found = assessReadiness(healthy, testPolicy, later);
    expect(found.rpoMinutes).toBe(121);
    expect(found.findings.map((each) => each.code)).toEqual(expect.arrayContaining(['RPO_EXCEEDED', 'CAPTURE_MISSED']));
  });

  it('misses a scheduled capture after its grace, not before, and a point by hand does not stand for it', () => {
    const byHand = protectedPoint('20261122t150500z', '2026-11-22T15:05:00Z', 'manual');
    const seen = { ...healthy, points: [point, byHand], copies: [copy(point.id), copy(byHand.id)] };
    const codes = (at: string) => assessReadiness(seen, testPolicy, new Date(at)).findings.map((each) => each.code);
    expect(codes('2026-11-22T15:14:59Z')).toEqual([]);
    expect(codes('2026-11-22T15:15:00Z')).toEqual(['CAPTURE_MISSED']);
  });

  it('forgets failures once a newer point is protected', () => {
    const older = { ...failedPoint, id: 'x', requestedAt: '2026-11-22T13:10:00Z' };
    expect(assessReadiness({ ...healthy, points: [older, point] }, testPolicy, now).status).toBe('READY');
  });

  it('folds what follows from a dark primary into one finding, with since when and the loss', () => {
    const previous = { primaryUnreachableSince: '2026-11-22T13:00:00.000Z' } as Observations['previous'];
    const later = new Date('2026-11-22T17:00:00Z');
    const found = assessReadiness({ ...healthy, primary: dark, previous }, testPolicy, later);
    expect(found.findings.map((each) => each.code)).toEqual(['PRIMARY_UNREACHABLE']);
    expect(found.findings[0]?.text).toContain('since 2026-11-22T13:00:00.000Z');
    expect(found.findings[0]?.text).toContain('loses 180 minutes');
    expect(found.findings[0]?.text).toContain('RPO_EXCEEDED');
    expect(found.primaryUnreachableSince).toBe('2026-11-22T13:00:00.000Z');
  });

  it('I1: is never recoverable without a protected point whose copy, artifacts, keys and KMS key are there', () => {
    const changes = fc.subarray(table.map(([, change]) => change));
    fc.assert(
      fc.property(changes, (chosen) => {
        const seen: Observations = Object.assign({}, healthy, ...chosen);
        const found = assessReadiness(seen, testPolicy, now);
        const copied = seen.points.some(
          (each) => each.state === 'protected' && seen.copies.some((one) => one.name === snapshotName(each.id)),
        );
        const whole = (seen.replica?.missing.count ?? 0) === 0 && (seen.replica?.differing.count ?? 0) === 0;
        const keys = seen.escrowedRevisions.includes('20240101000000') && seen.unusableKeys.length === 0;
        if (!copied || !whole || !keys) expect(found.recoverable).toBe(false);
        expect(found.status === 'NOT_READY').toBe(found.findings.some((each) => each.severity === 'critical'));
        expect(found.status === 'READY').toBe(found.findings.length === 0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('has a hint for every finding', () => {
    for (const rule of Object.values(findingRules)) expect(rule.hint.length).toBeGreaterThan(20);
  });
});
