import type { Policy } from '../../core/policy.ts';
import type { Ports } from '../../core/ports/all.ts';
import { type Recovery, recoverySchema } from '../../core/recovery/documents.ts';
import { type PlanStep, restorePlan } from '../../core/recovery/plan.ts';
import { candidatesFor, isDrill, isOver, plannedRun } from '../../core/recovery/run.ts';
import { readPoints, requireDirection, updateDocument } from '../vault/documents.ts';
import { availablePoints } from './candidates.ts';
import { announceRun, readRuns, runKey } from './runs.ts';

type DrillPorts = Pick<Ports, 'clock' | 'database' | 'log' | 'signals' | 'vault'>;

export type DrillRequest = { point: string; alarmTest: boolean; readAll?: boolean; at: Date };

/**
 * Starts a drill: restore a recovery point into a scratch instance, look into it, compare it with the replica, throw
 * it away. The same request again finds its own record; while a drill is in hand no other one begins.
 */
export async function startDrill(ports: DrillPorts, policy: Policy, request: DrillRequest): Promise<Recovery> {
  await requireDirection(ports.vault, 'primary→dr');
  const { runs } = await readRuns(ports.vault);
  const inHand = runs.find((each) => isDrill(each) && !isOver(each));
  if (inHand) {
    await ports.signals.setTick(true);
    return inHand;
  }
  const { points } = await readPoints(ports.vault);
  const [best] = candidatesFor(request.point, points, await availablePoints(ports));
  const wanted = {
    point: request.point,
    alarmTest: request.alarmTest,
    readAll: request.readAll ?? false,
    planned: false,
    acceptUnfenced: false,
    acceptFindings: false,
  };
  const run = plannedRun('drill', request.at, wanted, best ? [best.id] : [], policy);
  const { before, after } = await updateDocument(ports.vault, runKey(run), recoverySchema, (now) => now ?? run);
  if (!before) await announceRun(ports, run);
  await ports.signals.setTick(true);
  return after ?? run;
}

export type DrillPlan = { point: string | null; steps: PlanStep[] };

/** What a drill would do now; nothing is started. */
export async function planDrill(ports: DrillPorts, policy: Policy, point: string): Promise<DrillPlan> {
  const { points } = await readPoints(ports.vault);
  const [best] = candidatesFor(point, points, await availablePoints(ports));
  const { runs } = await readRuns(ports.vault);
  const past = runs.filter((each) => isDrill(each) && each.state === 'passed');
  return { point: best?.id ?? null, steps: restorePlan(best, 'scratch', policy, past, ports.clock()) };
}
