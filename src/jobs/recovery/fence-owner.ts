import { adopting, handedOver, isLifted } from '../../core/recovery/fence.ts';
import { isCutOver } from '../../core/recovery/lifecycle.ts';
import { isProduction, type ProductionRun } from '../../core/recovery/run.ts';
import { attempt, type Pass } from '../pass.ts';
import { readRunAgain, updateRun } from '../vault/runs.ts';
import { keepFence } from './fencing.ts';
import { whoIsInHand } from './in-hand.ts';

/** The failover whose fence it is: the one in hand, else the one that is in force. */
async function ownerOf(pass: Pass, inForce: string | undefined): Promise<ProductionRun | undefined> {
  const { run } = await whoIsInHand(pass);
  return run ?? pass.runs.filter(isProduction).find((each) => each.id === inForce);
}

/** Notes a change of a run in the pass, too. */
async function change(pass: Pass, run: ProductionRun, how: (run: ProductionRun) => ProductionRun): Promise<void> {
  const changed = await updateRun(pass.ports, run, how);
  pass.runs = pass.runs.map((each) => (each.id === run.id && each.kind === run.kind ? changed : each));
}

/**
 * There is one primary, so there is one fence: a failover that begins takes over the fence of one that was called
 * off and is not lifted yet, with what was there before it. Two that each pulled their way would never end.
 * Dying between the two writes is harmless: the next pass writes both again.
 */
export async function takeOverFences(pass: Pass, inForce: string | undefined): Promise<void> {
  const owner = await ownerOf(pass, inForce);
  if (!owner) return;
  for (const other of pass.runs.filter(isProduction)) {
    if (other.id === owner.id || other.state !== 'aborted' || isLifted(other.fence)) continue;
    const left = other.fence;
    await change(pass, owner, (now) =>
      now.fence.bucket.handedOver ? now : { ...now, fence: adopting(now.fence, left) },
    );
    await change(pass, other, (now) => ({ ...now, fence: handedOver(now.fence) }));
    pass.ports.log.info('the fence was taken over', { from: other.id, by: owner.id });
  }
}

/** Whether the fence of this run is to be kept as its record wants it. */
function concerns(run: ProductionRun, inForce: string | undefined): boolean {
  if (run.state === 'planned' || run.state === 'fencing' || run.state === 'failed') return false;
  // Once protection flows as before, what an old failover fenced is the live primary.
  return !isCutOver(run) || run.id === inForce;
}

/** A fence that nobody wants and of which nothing is left needs no look. */
const rests = ({ fence }: ProductionRun): boolean => !fence.wanted && isLifted(fence);

/** The fence of the failover that is in hand or in force stands, or is taken away, whatever else happens. */
export async function keepFences(pass: Pass, inForce: string | undefined): Promise<void> {
  for (const read of pass.runs.filter(isProduction)) {
    if (!concerns(read, inForce) || pass.fenced.has(read.id) || rests(read)) continue;
    await attempt(pass, read.id, async () => {
      const now = await readRunAgain(pass.ports.vault, read);
      if (concerns(now, inForce)) await keepFence(pass, now);
    });
  }
}
