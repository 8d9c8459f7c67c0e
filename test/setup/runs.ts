import type { RestoredInstance } from '../../src/core/ports/recovery.ts';
import type { Attempt, RowComparisonResult } from '../../src/core/recovery/documents.ts';
import { plannedRun } from '../../src/core/recovery/lifecycle.ts';
import type { RunKind, RunOf, RunState } from '../../src/core/recovery/run.ts';
import { none } from './observations.ts';
import { testPolicy } from './policy.ts';

export const asked = {
  drill: { kind: 'drill', point: 'latest', readAll: false },
  'alarm-test': { kind: 'alarm-test', point: 'latest' },
  'look-back': { kind: 'look-back', point: 'latest', failover: 'x' },
  failover: { kind: 'failover', point: 'latest', acceptUnfenced: false, acceptFindings: false },
  switchover: { kind: 'switchover', point: 'latest', acceptFindings: false },
} as const;

/** A run of this kind in this state, at work on point `b` after another one, with `c` left to be tried. */
export function runIn<K extends RunKind>(
  kind: K,
  state: RunState,
  attempt: Partial<Attempt> = {},
  change: Partial<RunOf<K>> = {},
): RunOf<K> {
  const run = plannedRun(asked[kind] as never, new Date('2026-11-22T15:00:00Z'), ['c'], testPolicy) as RunOf<K>;
  const tried = { point: 'a', instance: 'hbdr-a', findings: [], outcome: 'rejected' };
  const now = { point: 'b', instance: 'hbdr-b', findings: [], ...attempt };
  const history = [...run.history, { at: '2026-11-22T15:01:00Z', state, why: 'so it came' }];
  return { ...run, state, attempts: [tried, now], history, ...change } as RunOf<K>;
}

/** What RDS says of the instance of point `b`, once it is there. */
export const restoredFacts: RestoredInstance = {
  name: 'hbdr-b',
  arn: 'arn',
  status: 'available',
  engineVersion: 'postgres 17.10',
  className: 'db.t4g.small',
  storageGib: 20,
  multiAz: false,
  host: 'h',
  port: 5432,
  masterUser: 'dbadmin',
  deletionProtection: false,
  pending: false,
  backupRetentionDays: 0,
  tags: {},
};

/** Nine rows that fit their objects. */
export const comparison: RowComparisonResult = {
  at: '2026-11-22T15:10:00.000Z',
  packages: 9,
  objects: 9,
  byRecord: 9,
  reread: 0,
  missing: none,
  corrupt: none,
  checksum: none,
  unknownSigner: none,
  unverifiable: none,
  deletedInWindow: none,
  orphans: none,
};
