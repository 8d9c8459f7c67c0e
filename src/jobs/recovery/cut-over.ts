import { cutOverDone } from '../../core/recovery/cut-over-steps.ts';
import { cuttingOver, standingOf, startingAgain } from '../../core/recovery/direction.ts';
import { current } from '../../core/recovery/lifecycle.ts';
import { fenceFell, mayCutOver } from '../../core/recovery/observations.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { readDirectionAgain, swapDirection } from '../vault/direction.ts';
import { forget } from '../vault/read-once.ts';
import { updateRun } from '../vault/runs.ts';
import { raiseFence } from './fencing.ts';
import { endOvertaken } from './in-hand.ts';
import { tellNodes } from './tell-nodes.ts';

/**
 * The one act after which DR is in force: the swap of the direction, which stands only while this run is in hand by this
 * very start of it. Done twice it changes nothing. Answers whether it stands.
 */
async function changeDirection(pass: Pass, run: ProductionRun): Promise<number | undefined> {
  forget(pass.ports.vault, vaultKeys.direction);
  const after = await swapDirection(pass.ports, (now) => cuttingOver(now, run, pass.ports.clock()));
  return standingOf(after, run) === 'in-force' ? (run.taken?.epoch ?? after.epoch) : undefined;
}

/**
 * Where the pass that decided has died, the primary is looked at once more by the one that cuts over. One that was opened since
 * sends the run back, by another start of it: whoever swaps the direction first has decided. Undefined where it goes on.
 */
async function sentBack(pass: Pass, run: ProductionRun): Promise<ProductionRun | undefined> {
  const { ports } = pass;
  if (pass.fenced.has(run.id) || standingOf(await readDirectionAgain(ports.vault), run) === 'in-force')
    return undefined;
  const looked = await raiseFence(pass, run, { last: true });
  if (mayCutOver(looked)) return undefined;
  const { inHand } = await swapDirection(ports, (now) => startingAgain(now, run, ports.clock()));
  if (inHand?.run !== run.id) return undefined;
  const { epoch, attempt } = inHand;
  return updateRun(ports, looked, (now) => fenceFell(now, { epoch, attempt }, ports.clock()));
}

/** Puts DR in force and tells Builder's nodes where it is. */
export async function stepCuttingOver(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  if (!current(run).available) throw new DrError('INVALID_STATE', `failover ${run.id} has no instance to cut over to`);
  const back = await sentBack(pass, run);
  if (back) return back;
  const epoch = await changeDirection(pass, run);
  if (epoch === undefined) return endOvertaken(pass, run);
  const { backups } = current(run);
  const steps = [...(backups?.outcome ? [backups.outcome] : []), ...(await tellNodes(pass, run))];
  return updateRun(ports, run, (now) => cutOverDone(now, epoch, steps, ports.clock()));
}
