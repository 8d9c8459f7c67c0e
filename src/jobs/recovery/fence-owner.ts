import type { Recovery } from '../../core/recovery/documents.ts';
import { adopting, givenAway, isLifted } from '../../core/recovery/fence.ts';
import { isCutOver, isDrill, isOver } from '../../core/recovery/run.ts';
import { keepFence } from './fencing.ts';
import { type RunContext, updateRun } from './runs.ts';

/** The failover whose fence it is: the one in hand, else the one that is the truth. */
function ownerOf(runs: Recovery[], truth: string | undefined): Recovery | undefined {
  const failovers = runs.filter((each) => !isDrill(each));
  return failovers.find((each) => !isOver(each)) ?? failovers.find((each) => each.id === truth);
}

/**
 * There is one primary, so there is one fence: a failover that begins takes over the fence of one that was called
 * off and is not lifted yet, with what was there before it. Two that each pulled their way would never end.
 * Dying between the two writes is harmless: the next run writes both again.
 */
export async function takeOverFences(context: RunContext, runs: Recovery[], truth: string | undefined): Promise<void> {
  const owner = ownerOf(runs, truth);
  if (!owner?.fence) return;
  const { ports } = context;
  for (const other of runs) {
    if (other.id === owner.id || other.state !== 'aborted' || !other.fence || isLifted(other.fence)) continue;
    const left = other.fence;
    await updateRun(ports, owner, (now) =>
      now.fence && !now.fence.bucket.handedOver ? { ...now, fence: adopting(now.fence, left) } : now,
    );
    await updateRun(ports, other, (now) => (now.fence ? { ...now, fence: givenAway(now.fence) } : now));
    ports.log.info('the fence was taken over', { from: other.id, by: owner.id });
  }
}

/** Whether the fence of this run is to be kept as its record wants it. */
function concerns(run: Recovery, truth: string | undefined): boolean {
  if (run.state === 'planned' || run.state === 'fencing' || run.state === 'failed') return false;
  // Once protection flows as before, what an old failover fenced is the live primary.
  return !isCutOver(run) || run.id === truth;
}

/** The fence of the failover that is in hand or the truth stands, or is taken away, whatever else happens. */
export async function keepFences(
  context: RunContext,
  runs: Recovery[],
  truth: string | undefined,
  attempt: (id: string, work: () => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  for (const each of runs.filter((one) => concerns(one, truth))) {
    await attempt(each.id, () => keepFence(context, each));
  }
}
