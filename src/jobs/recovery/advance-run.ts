import { isMoving, isOver, move, nextCandidate } from '../../core/recovery/lifecycle.ts';
import { fencingOver, finalDueAt, finalOutdated, finalSeen, pastDeadline } from '../../core/recovery/observations.ts';
import {
  isProduction,
  isScratch,
  type ProductionRun,
  type Run,
  type RunOf,
  type ScratchRun,
} from '../../core/recovery/run.ts';
import { finalPointOf, stuckFor } from '../../core/recovery/stuck.ts';
import { describeError } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { capture } from '../points/capture.ts';
import { unpinPoint } from '../points/pin.ts';
import { runKey, updateRun } from '../vault/runs.ts';
import { stepCleaningUp } from './clean-up.ts';
import { stepCuttingOver } from './cut-over.ts';
import { raiseFence } from './fencing.ts';
import { endOvertaken, giveBack } from './in-hand.ts';
import { stepInspecting, stepSmokeTesting } from './inspect.ts';
import { stepRestoring } from './restore.ts';
import { tell } from './tell.ts';
import { prove, stepHealing, stepVerifying } from './verify.ts';

type RunStep = (pass: Pass, run: Run) => Promise<Run>;

const stepPlanned: RunStep = ({ ports }, run) =>
  updateRun(ports, run, (now) => {
    if (now.state !== 'planned') return now;
    if (isScratch(now)) return nextCandidate(now, ports.clock(), 'the plan begins');
    return move(now, 'fencing', ports.clock(), 'the plan begins');
  });

async function stepFencing(pass: Pass, run: ProductionRun): Promise<Run> {
  const { ports, policy } = pass;
  const fenced = await raiseFence(pass, run);
  return updateRun(ports, fenced, (now) => fencingOver(now, policy, ports.clock()));
}

/** The final point is asked for once, at an instant that the record holds, and is moved on like any other. */
async function stepCapturingFinal(pass: Pass, run: ProductionRun): Promise<Run> {
  const { ports, policy } = pass;
  if (run.kind !== 'switchover') return run;
  const lacksFinal = (now: RunOf<'switchover'>): boolean => !now.finalPoint || finalOutdated(now);
  if (lacksFinal(run)) {
    const at = new Date(finalDueAt(run));
    const point = await capture(ports, policy, { kind: 'final', at, request: `${run.id} ${at.toISOString()}` });
    return updateRun(ports, run, (now) => (lacksFinal(now) ? { ...now, finalPoint: point.id } : now));
  }
  const point = pass.points.find((each) => each.id === run.finalPoint);
  return point ? updateRun(ports, run, (now) => finalSeen(now, point, ports.clock())) : run;
}

const ofProduction =
  (step: (pass: Pass, run: ProductionRun) => Promise<Run>): RunStep =>
  async (pass, run) =>
    isProduction(run) ? step(pass, run) : run;
const ofScratch =
  (step: (pass: Pass, run: ScratchRun) => Promise<Run>): RunStep =>
  async (pass, run) =>
    isScratch(run) ? step(pass, run) : run;

/** The step that comes after a verification begins with what the verification came to. */
const proven =
  (step: RunStep): RunStep =>
  async (pass, run) => {
    if (run.attempts.length > 0) await prove(pass, run);
    return step(pass, run);
  };

const steps: Partial<Record<Run['state'], RunStep>> = {
  planned: stepPlanned,
  fencing: ofProduction(stepFencing),
  'capturing-final': ofProduction(stepCapturingFinal),
  restoring: stepRestoring,
  inspecting: stepInspecting,
  verifying: stepVerifying,
  'healing+verifying': ofProduction(stepHealing),
  'cutting-over': proven(ofProduction(stepCuttingOver)),
  'smoke-testing': ofProduction(stepSmokeTesting),
  'cleaning-up': proven(ofScratch(stepCleaningUp)),
};

/** In these states a failover acts on the world before its cut-over: only while it is in hand at that moment. */
const acting: readonly Run['state'][] = ['fencing', 'capturing-final', 'restoring', 'inspecting', 'healing+verifying'];

async function stepAsItStands(pass: Pass, read: Run): Promise<Run> {
  const run = isProduction(read) && acting.includes(read.state) ? await endOvertaken(pass, read) : read;
  return run.state === read.state ? ((await steps[run.state]?.(pass, run)) ?? run) : run;
}

/** A run that is over pins nothing; a pass that dies before it says so leaves pins that do not count. */
export async function unpinPoints({ ports, points }: Pass, run: Run): Promise<void> {
  // A final point takes the place of the one that was confirmed and pinned.
  const pinned = points.filter(({ pins }) => pins?.some((each) => each.run === runKey(run))).map(({ id }) => id);
  const used = [...run.candidates.slice(0, 1), ...run.attempts.map((each) => each.point)];
  for (const id of new Set([...pinned, ...used])) {
    try {
      await unpinPoint(ports, id, runKey(run));
    } catch (error) {
      ports.log.warn('a pin was left behind, which does not count', { point: id, error: describeError(error) });
    }
  }
}

/**
 * Takes one run as far as it can go without waiting for AWS. Invoking it again is always safe. Each step begins with
 * the record that the step before has written, and ends with a write that is refused when somebody else was faster.
 */
export async function advanceRun(pass: Pass, begun: Run): Promise<Run> {
  const { ports } = pass;
  let untold: unknown;
  // A message that cannot be sent must not stop a recovery, and must not pass unnoticed either.
  const telling = (run: Run): Promise<Run> =>
    tell(pass, run).catch((error: unknown) => {
      untold ??= error;
      return run;
    });
  let run = await updateRun(ports, begun, (now) => pastDeadline(now, ports.clock()));
  let failure: unknown;
  try {
    while (isMoving(run)) {
      run = await telling(run);
      const before = JSON.stringify(run);
      run = await stepAsItStands(pass, run);
      if (JSON.stringify(run) === before) break;
    }
  } catch (error) {
    failure = error;
  }
  // Also where a step fails in every pass. What has failed first is what is thrown.
  run = await telling(await giveUpWaiting(pass, run)).catch((error: unknown) => Promise.reject(failure ?? error));
  if (isOver(run)) await unpinPoints(pass, run);
  if (isOver(run) && isProduction(run)) await giveBack(pass, run);
  if (failure !== undefined) throw failure;
  if (untold !== undefined) throw untold;
  return run;
}

/** Looked at when everything was tried: a pass that comes late sees first what AWS has done since. */
function giveUpWaiting({ ports, policy, points }: Pass, run: Run): Promise<Run> {
  if (!isProduction(run) || !isMoving(run)) return Promise.resolve(run);
  return updateRun<Run>(ports, run, (now) => {
    if (!isProduction(now)) return now;
    return stuckFor(now, policy, ports.clock(), finalPointOf(now, points));
  });
}
