import { isInFlight } from '../core/points/point.ts';
import type { Policy } from '../core/policy.ts';
import type { AdvancePorts } from '../core/ports/all.ts';
import { isMoving, noteError } from '../core/recovery/lifecycle.ts';
import type { RunKind } from '../core/recovery/run.ts';
import { describeError } from '../errors.ts';
import { attempt, beginPass, directionOf, finishPass, type Pass } from './pass.ts';
import { advancePoints } from './points/advance-points.ts';
import { advanceRun } from './recovery/advance-run.ts';
import { sweep } from './recovery/clean-up.ts';
import { keepFences, takeOverFences } from './recovery/fence-owner.ts';
import { advanceFailback } from './recovery/left-behind.ts';
import { updateRun } from './vault/runs.ts';

export type AdvanceReport = {
  points: { id: string; state: string }[];
  runs: { id: string; kind: RunKind; state: string }[];
  /** Instances that drills had left behind. */
  swept: string[];
  /** Why the primary site was left alone, if it was. */
  primaryDark: string | undefined;
};

/**
 * Takes every point, drill and failover in flight as far as it can go, without waiting for AWS. What needs only the
 * DR site comes first; a primary that does not answer is asked once and left alone for this pass.
 * Throws PARTIAL_FAILURE after all were tried when one of them failed.
 */
export async function advance(ports: AdvancePorts, policy: Policy): Promise<AdvanceReport> {
  return advancePass(await beginPass(ports, policy));
}

/** The same, with a catalogue that was read already. */
export async function advancePass(pass: Pass): Promise<AdvanceReport> {
  const { ports } = pass;
  await advanceRuns(pass);
  // After a cut-over nothing flows from the primary any more; the failover itself was finished above.
  if ((await directionOf(pass))?.direction === 'primary→dr') await advancePoints(pass);
  await keepFences(pass, (await directionOf(pass))?.failover);
  const failback = await attempt(pass, 'failback', () => advanceFailback(pass));
  const swept = await attempt(pass, 'sweep', () => sweep(pass));
  const failingBack = failback !== undefined && failback.state !== 'ready';
  await ports.signals.setTick(pass.points.some(isInFlight) || pass.runs.some(isMoving) || failingBack);
  finishPass(pass);
  return {
    points: pass.points.map(({ id, state }) => ({ id, state })),
    runs: pass.runs.map(({ id, kind, state }) => ({ id, kind, state })),
    swept: swept ?? [],
    primaryDark: pass.darkness.silence?.message,
  };
}

async function advanceRuns(pass: Pass): Promise<void> {
  await attempt(pass, 'fence', async () => takeOverFences(pass, (await directionOf(pass))?.failover));
  for (const [index, each] of pass.runs.entries()) {
    const errors = pass.errors.length;
    pass.runs[index] = (await attempt(pass, each.id, () => advanceRun(pass, each))) ?? each;
    // Whoever asks for the status sees why it does not move.
    const failed = pass.errors[errors]?.error;
    if (failed === undefined) continue;
    await attempt(pass, each.id, () =>
      updateRun(pass.ports, each, (now) => noteError(now, describeError(failed), pass.ports.clock())),
    );
  }
}
