import { isLifted, raisedLate } from '../../core/recovery/fence.ts';
import { isProduction, type ProductionRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import type { Pass } from '../pass.ts';
import { readDirectionAgain } from '../vault/direction.ts';
import { forget } from '../vault/read-once.ts';
import { recordOf, runKey, updateRun } from '../vault/runs.ts';
import { closeBucket, openBucket } from './fence-bucket.ts';
import { closeDatabase, openDatabase } from './fence-database.ts';
import { onHalf } from './fence-half.ts';

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
  const late = pass.overtaken.get(run.id);
  if (late) return undoClosing(pass, late);
  const denied = await onHalf(pass, closed, 'bucket', () => closeBucket(pass, closed, last));
  const later = pass.overtaken.get(run.id);
  return later ? undoClosing(pass, later) : denied;
}

/**
 * The failover that wanted it was called off while the primary was closed, and whoever called it off found it open: what was
 * there before is in the record again, so that every pass takes the fence away until it is gone.
 */
async function undoClosing(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  pass.overtaken.delete(run.id);
  pass.ports.log.info('the primary was closed for a failover that was called off meanwhile', { run: run.id });
  forget(pass.ports.vault, runKey(run));
  const again = await updateRun(pass.ports, run, (now) => ({ ...now, fence: raisedLate(now.fence, run.fence) }));
  return again.fence.wanted ? again : liftFence(pass, again);
}

/** Another failover began, or is in force, while the primary was opened: it is closed again for that one, and proven anew. */
async function undoOpening(pass: Pass, run: ProductionRun): Promise<void> {
  const { direction, failover, inHand } = await readDirectionAgain(pass.ports.vault);
  const owner = inHand?.run ?? (direction === 'primary→dr' ? undefined : failover);
  const key = owner && vaultKeys.run('failovers', owner);
  if (key) forget(pass.ports.vault, key);
  const found = key && (await recordOf(pass.ports.vault, key));
  pass.ports.log.warn('the primary was opened while another failover began', { run: run.id, owner });
  if (found && isProduction(found)) await raiseFence(pass, found);
}

/** Takes the fence away: the groups that were there before, and the policy without our statement. */
async function liftFence(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const database = await onHalf(pass, run, 'database', () => openDatabase(pass, run));
  if (pass.overtaken.delete(run.id)) await undoOpening(pass, run);
  const bucket = await onHalf(pass, database, 'bucket', () => openBucket(pass, database));
  if (pass.overtaken.delete(run.id)) await undoOpening(pass, run);
  return bucket;
}

/** Keeps the fence as the record wants it: raised while the failover is in hand or in force, or taken away. */
export async function keepFence(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  if (run.fence.wanted) return raiseFence(pass, run);
  return isLifted(run.fence) ? run : liftFence(pass, run);
}
