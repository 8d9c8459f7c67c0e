import type { Recovery, RecoveryState } from '../../core/recovery/documents.ts';
import { fencingOver, finalSeen, pastDeadline } from '../../core/recovery/observations.ts';
import { isDrill, isMoving, move, nextCandidate } from '../../core/recovery/run.ts';
import { capture } from '../points/capture.ts';
import { stepCleaningUp } from './clean-up.ts';
import { stepCuttingOver } from './cut-over.ts';
import { raiseFence } from './fencing.ts';
import { stepInspecting, stepSmokeTesting } from './inspect.ts';
import { stepRestoring } from './restore.ts';
import { type RunContext, tell, updateRun } from './runs.ts';
import { prove, stepVerifying } from './verify.ts';

type Step = (context: RunContext, run: Recovery) => Promise<Recovery>;

const stepPlanned: Step = ({ ports }, run) =>
  updateRun(ports, run, (now) => {
    if (now.state !== 'planned') return now;
    if (isDrill(now)) return nextCandidate(now, ports.clock(), 'the plan begins');
    return move(now, 'fencing', ports.clock(), 'the plan begins');
  });

const stepFencing: Step = async (context, run) => {
  const { ports, policy } = context;
  const fenced = await raiseFence(context, run);
  return updateRun(ports, fenced, (now) => fencingOver(now, policy, ports.clock()));
};

/** The final point is asked for once, at an instant that the record holds, and is moved on like any other. */
const stepCapturingFinal: Step = async (context, run) => {
  const { ports, policy } = context;
  if (!run.finalPoint) {
    const since = run.history.findLast((each) => each.state === 'capturing-final')?.at ?? run.requestedAt;
    const point = await capture(ports, policy, { kind: 'final', at: new Date(since) });
    return updateRun(ports, run, (now) => (now.finalPoint ? now : { ...now, finalPoint: point.id }));
  }
  const point = context.points.find((each) => each.id === run.finalPoint);
  return point ? updateRun(ports, run, (now) => finalSeen(now, point, ports.clock())) : run;
};

/** The step that comes after a verification begins with what the verification came to. */
const proven =
  (step: Step): Step =>
  async (context, run) => {
    if (run.attempts.length > 0) await prove(context, run);
    return step(context, run);
  };

const steps: Partial<Record<RecoveryState, Step>> = {
  planned: stepPlanned,
  fencing: stepFencing,
  'capturing-final': stepCapturingFinal,
  restoring: stepRestoring,
  inspecting: stepInspecting,
  verifying: stepVerifying,
  'healing+verifying': stepVerifying,
  'cutting-over': proven(stepCuttingOver),
  'smoke-testing': stepSmokeTesting,
  'cleaning-up': proven(stepCleaningUp),
};

/** Takes one run as far as it can go without waiting for AWS. Invoking it again is always safe. */
export async function advanceRun(context: RunContext, begun: Recovery): Promise<Recovery> {
  const { ports } = context;
  let untold: unknown;
  // A message that cannot be sent must not stop a recovery, and must not pass unnoticed either.
  const telling = (run: Recovery): Promise<Recovery> =>
    tell(context, run).catch((error: unknown) => {
      untold ??= error;
      return run;
    });
  let run = await updateRun(ports, begun, (now) => pastDeadline(now, ports.clock()));
  while (isMoving(run)) {
    run = await telling(run);
    const step = steps[run.state];
    const before = JSON.stringify(run);
    if (step) run = await step(context, run);
    if (JSON.stringify(run) === before) break;
  }
  run = await telling(run);
  if (untold !== undefined) throw untold;
  return run;
}
