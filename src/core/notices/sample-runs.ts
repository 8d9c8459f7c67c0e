import type { RestoredInstance } from '../ports/recovery.ts';
import { backupsSeen } from '../recovery/backups.ts';
import type { RowComparisonResult } from '../recovery/documents.ts';
import { current, move, nextCandidate, plannedRun } from '../recovery/lifecycle.ts';
import {
  cleanedUp,
  compared,
  fencingOver,
  inspected,
  inspectionAsked,
  passwordSet,
  readyToCutOver,
  restoreAsked,
} from '../recovery/observations.ts';
import { instanceSeen, passwordSettled } from '../recovery/restored-instance.ts';
import type { Run } from '../recovery/run.ts';

/** Minutes since the sample began, as an instant. */
type Minute = (minute: number) => Date;

const POLICY = { drillDeadlineMinutes: 180, fenceMinutes: 15 };
const ENGINE = 'postgres 17.10';
const DAYS = 7;
const none = { count: 0, samples: [] };

const instanceOf = (run: Run): RestoredInstance => ({
  name: current(run).instance,
  arn: 'sample',
  status: 'available',
  engineVersion: ENGINE,
  className: 'db.m7g.large',
  storageGib: 20,
  multiAz: false,
  host: 'sample',
  port: 5432,
  masterUser: 'sample',
  deletionProtection: true,
  pending: false,
  backupRetentionDays: DAYS,
  tags: {},
});

/** Restored, with a password of its own, and looked into without a finding: as the observations of a real run say it. */
function inspectedRun<R extends Run>(begun: R, at: Minute): R {
  const facts = instanceOf(begun);
  const asked = restoreAsked(begun, facts.className, at(2));
  const settled = passwordSettled(
    passwordSet(
      instanceSeen(asked, facts, () => ENGINE, at(90)),
      'sample',
      at(90),
    ),
    facts,
    at(95),
  );
  return inspected(inspectionAsked(settled, 'sample', at(95)), [], {}, at(97));
}

const matching = (at: Minute): RowComparisonResult => ({
  at: at(100).toISOString(),
  packages: 2,
  objects: 2,
  byRecord: 2,
  reread: 0,
  missing: none,
  corrupt: none,
  checksum: none,
  unknownSigner: none,
  unverifiable: none,
  deletedInWindow: none,
  orphans: none,
});

const POINT = 'sample-point';

/** A drill that passed, in two hours and eleven minutes. */
export function sampleDrill(at: Minute): Run {
  const asked = plannedRun({ kind: 'drill', point: 'latest', readAll: false }, at(0), [POINT], POLICY);
  const begun = nextCandidate({ ...asked, id: 'sample-drill' }, at(0), 'the plan begins');
  return cleanedUp(compared(inspectedRun(begun, at), matching(at), 0, at(131)), at(131), undefined);
}

/** A failover that waits for its operator: the primary's region does not answer, so that nobody knows of its fence. */
export function sampleBlockedFailover(at: Minute): Run {
  const wanted = { kind: 'failover', point: 'latest', acceptUnfenced: false, acceptFindings: false } as const;
  const asked = plannedRun(wanted, at(0), [POINT], POLICY);
  const problem = 'unreachable: the region does not answer';
  const fence = { wanted: true, database: { problem }, bucket: { problem } };
  const fencing = move({ ...asked, id: 'sample-failover', fence }, 'fencing', at(0), 'the plan begins');
  const verified = compared(inspectedRun(fencingOver(fencing, POLICY, at(1)), at), matching(at), 0, at(131));
  const settled = backupsSeen(verified, instanceOf(verified), { days: DAYS, region: 'sample' }, at(131));
  return readyToCutOver(settled, POLICY, at(131));
}
