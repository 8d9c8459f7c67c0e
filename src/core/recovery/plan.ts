import { minutesBetween } from '../ids.ts';
import type { Point } from '../points/documents.ts';
import type { Policy } from '../policy.ts';
import { expectedTime, type MeasuredBy } from './rehearsals.ts';
import { type Rejections, rejectedText } from './rejected.ts';
import { classesFor, type RestoreTarget } from './restore-request.ts';
import type { Run, RunState } from './run.ts';

export type PlanStep = {
  phase: RunState;
  does: string;
  why: string;
  /** From the last runs that went through this phase; undefined when there was none. */
  expectedSeconds: number | undefined;
  /** The very run that took so long. */
  expectedFrom: MeasuredBy | undefined;
  needsPrimary: boolean;
  /** Route 53 and bucket policies are changed through us-east-1; without it the step is done by hand. */
  needsUsEast1: boolean;
};

type Draft = Omit<PlanStep, 'expectedSeconds' | 'expectedFrom' | 'needsUsEast1' | 'needsPrimary'> &
  Partial<Pick<PlanStep, 'needsUsEast1' | 'needsPrimary'>>;

export type PlanOptions = { planned?: boolean; dns?: boolean };

const fencing: Draft = {
  phase: 'fencing',
  does: "swap the database's security groups for the one without rules, reboot it, and deny writes in the bucket's policy",
  why: 'two writable sites are two truths',
  needsPrimary: true,
  needsUsEast1: true,
};
const finalPoint: Draft = {
  phase: 'capturing-final',
  does: 'capture a final point, copy it, and let the last artifacts arrive',
  why: 'a switchover loses nothing',
  needsPrimary: true,
};

function restoring(point: Point | undefined, target: RestoreTarget, policy: Policy): Draft[] {
  const { restore } = policy;
  const classes = classesFor(restore, target);
  const multiAz = target !== 'scratch' && restore.multiAz;
  const kind = `${target === 'production' ? '' : 'scratch '}instance${multiAz ? ', Multi-AZ' : ''}`;
  return [
    {
      phase: 'restoring',
      does: `restore ${point?.id ?? 'the point'} into a ${kind} of class ${classes.join(', else ')}, in ${restore.subnetGroup}; set a fresh master password`,
      why: 'the copy lies in the DR region; nothing of the primary is needed',
    },
    {
      phase: 'inspecting',
      does: `query it inside its network: ledger, owner ${policy.builder.databaseRole}, rows of all tables, packages, keys; log in and read, put and delete as Builder`,
      why: 'a restore that RDS calls available can be empty, or useless to Builder',
    },
  ];
}

const verifying: Draft = {
  phase: 'verifying',
  does: 'compare every package row with its object: there, bytes as recorded, signed by a key of the restored database',
  why: 'a database and a bucket that do not belong together are no recovery',
};

function ending(target: RestoreTarget, options: PlanOptions): Draft[] {
  if (target !== 'production') {
    const does = 'delete the instance and its password, record verdict, evidence and times';
    return [verifying, { phase: 'cleaning-up', does, why: 'a drill leaves nothing behind' }];
  }
  const dns = options.dns ? ', move the DNS record' : '';
  return [
    {
      ...verifying,
      phase: 'healing+verifying',
      does: `${verifying.does}; fetch what the primary can still give; turn backups on, for which the database restarts, and log in again`,
    },
    {
      phase: 'cutting-over',
      does: `change the direction, publish Builder's new settings${dns}`,
      why: 'from here on DR is in force; going back is a failback',
      needsUsEast1: options.dns ?? false,
    },
    {
      phase: 'smoke-testing',
      does: 'log in and read, put and delete as Builder does, against the new settings',
      why: '/v1/status answers 200 whatever happens behind it',
    },
  ];
}

/** The ordered steps from a point to a target. Pure; what is executed follows the same states. */
export function restorePlan(
  point: Point | undefined,
  target: RestoreTarget,
  policy: Policy,
  past: Run[],
  now: Date,
  options: PlanOptions = {},
): PlanStep[] {
  const before = target !== 'production' ? [] : options.planned ? [fencing, finalPoint] : [fencing];
  return [...before, ...restoring(point, target, policy), ...ending(target, options)].map((draft) => {
    const expected = expectedTime(draft.phase, target, past, now);
    return {
      needsPrimary: false,
      needsUsEast1: false,
      ...draft,
      expectedSeconds: expected?.seconds,
      expectedFrom: expected?.from,
    };
  });
}

/** What one candidate would cost and what is known of it. */
export type Candidate = {
  point: string;
  state: string;
  dataAt: string | null;
  minutesLost: number | null;
  artifacts: number | null;
  /** What the last run that restored it found, where it could not use it. */
  rejected?: string;
};

export function candidateRow(point: Point, now: Date, rejections?: Rejections): Candidate {
  const dataAt = 'dataAt' in point.database ? point.database.dataAt : null;
  return {
    point: point.id,
    state: point.state,
    dataAt,
    minutesLost: dataAt === null ? null : Math.max(0, Number(minutesBetween(dataAt, now).toFixed(1))),
    artifacts: point.artifacts.state === 'pending' ? null : point.artifacts.count,
    ...(rejections?.has(point.id) ? { rejected: rejectedText([point.id], rejections) } : {}),
  };
}
