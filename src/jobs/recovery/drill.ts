import type { Policy } from '../../core/policy.ts';
import type { Ports } from '../../core/ports/all.ts';
import { candidatesFor, isOver, plannedRun } from '../../core/recovery/lifecycle.ts';
import { type PlanStep, restorePlan } from '../../core/recovery/plan.ts';
import { type Run, type RunOf, runSchema } from '../../core/recovery/run.ts';
import { pinBestPoint } from '../points/pin.ts';
import { requireDirection } from '../vault/direction.ts';
import { updateDocument } from '../vault/documents.ts';
import { readPoints } from '../vault/points.ts';
import { announceRun, readRuns, runKey } from '../vault/runs.ts';
import { readAvailableCopies } from './candidates.ts';

type DrillPorts = Pick<Ports, 'clock' | 'database' | 'log' | 'signals' | 'vault'>;

/** `at` names the run: the same request again finds its own record. */
export type DrillRequest =
  | { kind: 'drill'; point: string; readAll: boolean; at: Date }
  | { kind: 'alarm-test'; point: string; at: Date };

type Rehearsal = RunOf<'drill' | 'alarm-test'>;
const isRehearsal = (run: Run): run is Rehearsal => run.kind === 'drill' || run.kind === 'alarm-test';

/**
 * Starts a drill: restore a recovery point into a scratch instance, look into it, compare it with the replica, throw
 * it away. The same request again finds its own record; while a drill is in hand no other one begins.
 */
export async function startDrill(ports: DrillPorts, policy: Policy, request: DrillRequest): Promise<Rehearsal> {
  await requireDirection(ports.vault, 'primary→dr');
  const { runs } = await readRuns(ports.vault);
  const inHand = runs.filter(isRehearsal).find((each) => !isOver(each));
  if (inHand) {
    await ports.signals.setTick(true);
    return inHand;
  }
  const { at, ...asked } = request;
  const planned = plannedRun(asked, at, [], policy);
  const best = await pinBestPoint(ports, request.point, runKey(planned));
  const run: Rehearsal = { ...planned, candidates: best ? [best.id] : [] };
  const { before, after } = await updateDocument<Run>(ports.vault, runKey(run), runSchema, (now) => now ?? run);
  if (!before) await announceRun(ports, run);
  await ports.signals.setTick(true);
  return after && isRehearsal(after) ? after : run;
}

export type DrillPlan = { point: string | null; steps: PlanStep[] };

/** What a drill would do now; nothing is started. */
export async function planDrill(ports: DrillPorts, policy: Policy, point: string): Promise<DrillPlan> {
  const { points } = await readPoints(ports.vault);
  const [best] = candidatesFor(point, points, await readAvailableCopies(ports));
  const { runs } = await readRuns(ports.vault);
  const past = runs.filter((each) => each.kind === 'drill' && each.state === 'passed');
  return { point: best?.id ?? null, steps: restorePlan(best, 'scratch', policy, past, ports.clock()) };
}
