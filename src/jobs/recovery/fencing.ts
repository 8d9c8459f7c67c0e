import { isPrimaryServing } from '../../core/recovery/direction.ts';
import { isProduction, type ProductionRun } from '../../core/recovery/run.ts';
import {
  isSettled,
  lifted,
  type Opening,
  openingNoted,
  remembers,
  type SiteFence,
} from '../../core/recovery/site-fence.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import type { Pass } from '../pass.ts';
import { readDirectionAgain } from '../vault/direction.ts';
import { forget } from '../vault/read-once.ts';
import { recordOf, updateRun } from '../vault/runs.ts';
import { closeBucket } from './fence-bucket.ts';
import { closeDatabase } from './fence-database.ts';
import { onHalf, untilRefused } from './fence-half.ts';
import { openBucket, openDatabase } from './open-primary.ts';
import { siteFence, updateSiteFence } from './site-fence.ts';

/**
 * Brings the fence up as far as it goes, and looks whether it still stands: swaps the groups, waits, reboots, denies
 * writes by policy, and proves both. What was there before is in `fence.json` before anything is changed. `last`: the
 * look right before the cut-over.
 */
export async function raiseFence(pass: Pass, run: ProductionRun, { last = false } = {}): Promise<ProductionRun> {
  // The old instance has another name by now: what bears the primary's name may be the live one.
  if (run.fence.bucket.handedOver) return run;
  pass.fenced.add(run.id);
  const closed = await onHalf(pass, run, 'database', () => closeDatabase(pass, run));
  const denied = pass.overtaken ? closed : await onHalf(pass, closed, 'bucket', () => closeBucket(pass, closed, last));
  if (!pass.overtaken) return denied;
  pass.overtaken = false;
  pass.ports.log.info('the primary was closed for a failover, and that may no longer be wanted', { run: run.id });
  await settleFence(pass);
  return denied;
}

/** How each half stands after it was opened as far as it goes. */
export type Opened = { database: Opening; bucket: Opening };

/**
 * Takes the fence away as far as it goes, where nobody wants it: also one that a pass has raised which was late, and has
 * died since. `byHand`: also one of which nobody knows anything. Undefined where there is nothing to look at.
 */
export async function settleFence(pass: Pass, { byHand = false } = {}): Promise<Opened | undefined> {
  if (!isPrimaryServing(await readDirectionAgain(pass.ports.vault))) return undefined;
  const fence = await siteFence(pass);
  if (!byHand && (!fence || isSettled(fence, pass.ports.clock()))) return undefined;
  const opened = {
    database: await halfOpened(pass, 'database', () => openDatabase(pass, fence)),
    bucket: await halfOpened(pass, 'bucket', () => openBucket(pass)),
  };
  await noteOpened(pass, fence, opened);
  return opened;
}

async function halfOpened(pass: Pass, half: 'database' | 'bucket', work: () => Promise<Opening>): Promise<Opening> {
  const done = await untilRefused(pass, half, work);
  if (pass.overtaken) await closeAgain(pass);
  return 'refused' in done ? { open: false, ...done.refused } : done;
}

/** Another failover began, or is in force, while the primary was opened: it is closed again for that one, and proven anew. */
async function closeAgain(pass: Pass): Promise<void> {
  pass.overtaken = false;
  const { vault, log } = pass.ports;
  const { direction, failover, inHand } = await readDirectionAgain(vault);
  const owner = inHand?.run ?? (direction === 'primary→dr' ? undefined : failover);
  log.warn('the primary was opened while another failover began', { owner });
  if (!owner) return;
  const key = vaultKeys.run('failovers', owner);
  forget(vault, key);
  const found = await recordOf(vault, key);
  if (found && isProduction(found)) await raiseFence(pass, found);
}

/** What is left to do is in the record of whoever was called off. */
async function noteOpened(pass: Pass, fence: SiteFence | undefined, { database, bucket }: Opened): Promise<void> {
  const isOpen = database.open && bucket.open;
  for (const run of pass.runs.filter(isProduction)) {
    // What others remember is of use until all is open.
    if (run.id !== fence?.run && !(isOpen && remembers(run))) continue;
    await updateRun(pass.ports, run, (now) => openingNoted(now, database, bucket));
  }
  if (!fence || fence.liftedAt || !isOpen) return;
  const at = pass.ports.clock();
  await updateSiteFence(pass, (now) => now && lifted(now, fence, at));
}
