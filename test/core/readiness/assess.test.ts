import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findingRules } from '../../../src/core/findings.ts';
import { snapshotName } from '../../../src/core/ids.ts';
import { assessReadiness } from '../../../src/core/readiness/assess.ts';
import type { Observations } from '../../../src/core/readiness/observations.ts';
import {
  capturing,
  copy,
  copying,
  dark,
  failedPoint,
  healthy,
  none,
  now,
  point,
  protectedPoint,
  some,
  waitingFor,
  withRecord,
} from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';

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
  [
    'bytes are wrong',
    { verified: { ...(healthy.verified as NonNullable<Observations['verified']>), damaged: some } },
    ['ARTIFACT_CORRUPT'],
    'NOT_READY',
    false,
    true,
  ],
  [
    'a signer is unknown',
    { verified: { ...(healthy.verified as NonNullable<Observations['verified']>), unknownSigner: some } },
    ['SIGNER_UNKNOWN'],
    'DEGRADED',
    true,
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
  ...(['KMS_UNUSABLE', 'ACCESS_DENIED'] as const).map(
    (code): Case => [
      `a capture waits for ${code} at the primary`,
      { points: [point, capturing(code)] },
      code === 'ACCESS_DENIED' ? ['RIGHT_MISSING'] : [],
      code === 'ACCESS_DENIED' ? 'NOT_READY' : 'READY',
      true,
      code !== 'ACCESS_DENIED',
    ],
  ),
  [
    'a copy is not allowed',
    { points: [point, waitingFor('ACCESS_DENIED')] },
    ['COPY_STUCK', 'RIGHT_MISSING'],
    'NOT_READY',
    true,
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
  [
    'nobody has ever compared, hours after the first point',
    { reconcile: undefined, points: [point, protectedPoint('20261122t100000z', '2026-11-22T10:00:00Z')] },
    ['REPLICATION_LAGGING'],
    'DEGRADED',
    true,
    false,
  ],
  [
    'a clock that was ahead says when they were compared last',
    withRecord({ at: '2026-11-23T10:00:00Z' }),
    ['REPLICATION_LAGGING'],
    'DEGRADED',
    true,
    false,
  ],
  [
    'a clock is a little behind the one that compared',
    withRecord({ at: '2026-11-22T14:22:00Z' }),
    [],
    'READY',
    true,
    true,
  ],
  ['nobody has compared yet', { reconcile: undefined }, [], 'READY', true, true],
  ['events do not come', withRecord({ eventless: some }), ['RELAY_SILENT'], 'DEGRADED', true, false],
  [
    'a single zone',
    {
      primary: {
        region: 'r',
        facts: {
          multiAz: false,
          backupRetentionDays: 7,
          encrypted: true,
          engine: 'postgres',
          cluster: undefined,
          engineLifecycleSupport: 'open-source-rds-extended-support',
        },
      },
    },
    ['MULTI_AZ_OFF'],
    'DEGRADED',
    true,
    true,
  ],
  [
    'no backups',
    {
      primary: {
        region: 'r',
        facts: {
          multiAz: true,
          backupRetentionDays: 0,
          encrypted: true,
          engine: 'postgres',
          cluster: undefined,
          engineLifecycleSupport: 'open-source-rds-extended-support',
        },
      },
    },
    ['BACKUPS_DISABLED'],
    'DEGRADED',
    true,
    true,
  ],
  ['nobody listens', { subscribers: 0 }, ['NO_SUBSCRIBER'], 'DEGRADED', true, true],
  [
    'the quota is near',
    { quotas: [{ region: 'us-west-2', used: 90, allowed: 100 }] },
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
        const whole =
          (seen.verified?.damaged.count ?? 0) === 0 &&
          (seen.replica?.missing.count ?? 0) === 0 &&
          (seen.replica?.differing.count ?? 0) === 0;
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
