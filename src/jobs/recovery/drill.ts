import type { Policy } from '../../core/policy.ts';
import type { Ports } from '../../core/ports/all.ts';
import { isOver, plannedRun } from '../../core/recovery/lifecycle.ts';
import type { ClassesSeen } from '../../core/recovery/orderable.ts';
import { type PlanStep, restorePlan } from '../../core/recovery/plan.ts';
import { type NextDrill, nextScheduledDrill } from '../../core/recovery/rehearsals.ts';
import type { Run } from '../../core/recovery/run.ts';
import { pinBestPoint, unpinPoint } from '../points/pin.ts';
import { requireDirection } from '../vault/direction.ts';
import { readPoints } from '../vault/points.ts';
import { readRuns, runKey } from '../vault/runs.ts';
import { readAvailableCopies, readCandidates } from './candidates.ts';
import { classesForPlan } from './classes.ts';
import { beginAlone, isRehearsal, type Rehearsal } from './drill-lease.ts';

type DrillPorts = Pick<Ports, 'clock' | 'database' | 'log' | 'signals' | 'vault'>;

/**
 * `at` names the run: the same request again finds its own record. `real`: of the real thing, or not (the default), or
 * whichever is due by `drills.realEvery`.
 */
export type DrillRequest =
  | { kind: 'drill'; point: string; readAll: boolean; real?: 'as-scheduled' | boolean; at: Date }
  | { kind: 'alarm-test'; point: string; at: Date };

function askedOf(request: DrillRequest, runs: Run[], policy: Policy) {
  const { point } = request;
  if (request.kind === 'alarm-test') return { kind: request.kind, point };
  const { kind, readAll, real = false } = request;
  const wanted = real === 'as-scheduled' ? nextScheduledDrill(runs, policy.drills.realEvery).real : real;
  return { kind, point, readAll, ...(wanted ? { real: true } : {}) };
}

/**
 * Starts a drill: restore a recovery point into a scratch instance, look into it, compare it with the replica, throw
 * it away. The same request again finds its own record; while a drill is in hand no other one begins, and its record is the
 * answer, also where both begin at once.
 */
export async function startDrill(ports: DrillPorts, policy: Policy, request: DrillRequest): Promise<Rehearsal> {
  await requireDirection(ports.vault, 'primary→dr');
  const { runs } = await readRuns(ports.vault);
  const inHand = runs.filter(isRehearsal).find((each) => !isOver(each));
  if (inHand) {
    await ports.signals.setTick(true);
    return inHand;
  }
  const planned = plannedRun(askedOf(request, runs, policy), request.at, [], policy);
  const best = await pinBestPoint(ports, request.point, runKey(planned));
  const run: Rehearsal = { ...planned, candidates: best ? [best.id] : [] };
  const begun = await beginAlone(ports, run);
  if (best && runKey(begun) !== runKey(run)) await unpinPoint(ports, best.id, runKey(run));
  await ports.signals.setTick(true);
  return begun;
}

export type DrillPlan = {
  point: string | null;
  real: boolean;
  steps: PlanStep[];
  /** Which classes RDS would take now. */
  classes: ClassesSeen;
  /** Which kind the next scheduled one is. */
  nextScheduled: NextDrill;
};

/** What a drill would do now; nothing is started. */
export async function planDrill(
  ports: DrillPorts & Pick<Ports, 'offers'>,
  policy: Policy,
  { point, real }: { point: string; real: boolean },
): Promise<DrillPlan> {
  const { points } = await readPoints(ports.vault);
  const found = await readCandidates(ports, point, points, await readAvailableCopies(ports));
  for (const each of found.unreadable) ports.log.warn('a point is left out: its inventory cannot be read', each);
  const [best] = found.candidates;
  const { runs } = await readRuns(ports.vault);
  return {
    point: best?.id ?? null,
    real,
    steps: restorePlan(best, real ? 'real' : 'scratch', policy, runs, ports.clock()),
    classes: await classesForPlan(ports, policy, best),
    nextScheduled: nextScheduledDrill(runs, policy.drills.realEvery),
  };
}
