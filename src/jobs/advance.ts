import { mustTell } from '../core/notices/of-recovery.ts';
import { isInFlight } from '../core/points/point.ts';
import type { Policy } from '../core/policy.ts';
import type { AdvancePorts } from '../core/ports/all.ts';
import { isMoving, isOver, noteError } from '../core/recovery/lifecycle.ts';
import { isProduction, isScratch, type Run, type RunKind } from '../core/recovery/run.ts';
import { vaultKeys } from '../core/vault-layout.ts';
import { describeError } from '../errors.ts';
import { attempt, beginPass, directionOf, finishPass, type Pass } from './pass.ts';
import { advancePoints, endOverdue } from './points/advance-points.ts';
import { advanceRun } from './recovery/advance-run.ts';
import { sweep } from './recovery/clean-up.ts';
import { keepFence } from './recovery/fence-owner.ts';
import type { Opened } from './recovery/fencing.ts';
import { settleHand } from './recovery/in-hand.ts';
import { advanceFailback } from './recovery/left-behind.ts';
import { forget } from './vault/read-once.ts';
import { readRunAgain, runKey, updateRun } from './vault/runs.ts';

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
  if (!pass.runs.every(isOver)) forget(ports.vault, vaultKeys.direction);
  if ((await directionOf(pass))?.direction === 'primary→dr') await advancePoints(pass);
  await endOverdue(pass);
  const opened = await attempt(pass, 'fence', () => keepFence(pass));
  const failback = await attempt(pass, 'failback', () => advanceFailback(pass));
  const swept = await attempt(pass, 'sweep', () => sweep(pass));
  const failingBack = failback !== undefined && failback.state !== 'ready';
  const busy = pass.points.some(isInFlight) || pass.runs.some(isMoving) || failingBack || isOnItsWay(opened);
  const wanted = busy || ((await attempt(pass, 'tick', () => failoverBegunSince(pass))) ?? true);
  // Without it the next schedule comes later, and what was done is done all the same.
  await attempt(pass, 'tick', () => ports.signals.setTick(wanted));
  finishPass(pass);
  return {
    points: pass.points.map(({ id, state }) => ({ id, state })),
    runs: pass.runs.map(({ id, kind, state }) => ({ id, kind, state })),
    swept: swept ?? [],
    primaryDark: pass.darkness.silence?.message,
  };
}

/** What obeys is waited for; what needs somebody is looked at when a pass comes by. */
const isOnItsWay = (opened: Opened | undefined): boolean =>
  opened !== undefined && (opened.database.waitsFor ?? opened.bucket.waitsFor) !== undefined;

/** Whether a failover was begun or started again since this pass read: whoever did that has turned the tick on. */
async function failoverBegunSince({ ports: { vault }, runs, errors }: Pass): Promise<boolean> {
  const newest = (await vault.list(vaultKeys.failovers)).findLast(({ key }) => key.endsWith('.json'));
  const last = runs.filter(isProduction).at(-1);
  const unreadable = errors.some(({ id }) => id === newest?.key);
  if (newest && !unreadable && (!last || newest.key > runKey(last))) return true;
  const waiting = runs.filter((each) => each.state === 'blocked');
  const now = await Promise.all(waiting.map((each) => readRunAgain(vault, each)));
  return now.some(isMoving);
}

/** A run before this one may have taken minutes, in which an operator or another pass went on: only one at rest is as it was. */
async function advanceAsItIsNow(pass: Pass, read: Run): Promise<Run> {
  if (isOver(read) && !mustTell(read)) return read;
  return advanceRun(pass, await readRunAgain(pass.ports.vault, read));
}

async function advanceRuns(pass: Pass): Promise<void> {
  await attempt(pass, 'in hand', () => settleHand(pass));
  // A failover never waits for a drill.
  const order = [...pass.runs].sort((a, b) => Number(isScratch(a)) - Number(isScratch(b)));
  for (const each of order) {
    const errors = pass.errors.length;
    const now = await attempt(pass, each.id, () => advanceAsItIsNow(pass, each));
    pass.runs = pass.runs.map((one) => (runKey(one) === runKey(each) ? (now ?? one) : one));
    // Whoever asks for the status sees why it does not move.
    const failed = pass.errors[errors]?.error;
    if (failed === undefined) continue;
    await attempt(pass, each.id, () =>
      updateRun(pass.ports, each, (now) => noteError(now, describeError(failed), pass.ports.clock())),
    );
  }
}
