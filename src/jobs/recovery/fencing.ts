import { isLifted } from '../../core/recovery/fence.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import type { Pass } from '../pass.ts';
import { closeBucket, openBucket } from './fence-bucket.ts';
import { closeDatabase, openDatabase } from './fence-database.ts';
import { onHalf, stillWanting } from './fence-half.ts';

/**
 * Brings the fence up as far as it goes, and looks whether it still stands: swaps the groups, waits, reboots, denies
 * writes by policy, and proves both. What was there before is in the record before anything is changed. `last`: the
 * look right before the cut-over.
 */
export async function raiseFence(pass: Pass, run: ProductionRun, { last = false } = {}): Promise<ProductionRun> {
  // The old instance has another name by now: what bears the primary's name may be the live one.
  if (run.fence.bucket.handedOver) return run;
  pass.fenced.add(run.id);
  const closed = await onHalf(pass, run, 'database', () => closeDatabase(pass, run));
  return onHalf(pass, closed, 'bucket', () => closeBucket(pass, closed, last));
}

/** Takes the fence away: the groups that were there before, and the policy without our statement. */
async function liftFence(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const opened = await onHalf(pass, run, 'database', () => openDatabase(pass, run));
  return onHalf(pass, opened, 'bucket', async () => {
    const now = opened.fence.bucket.originalPolicy !== undefined && (await stillWanting(pass, opened, false));
    return now ? openBucket(pass, now) : opened;
  });
}

/** Keeps the fence as the record wants it: raised while the failover is in hand or in force, or taken away. */
export async function keepFence(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  if (run.fence.wanted) return raiseFence(pass, run);
  return isLifted(run.fence) ? run : liftFence(pass, run);
}
