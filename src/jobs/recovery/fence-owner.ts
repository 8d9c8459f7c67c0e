import { type CurrentDirection, isPrimaryServing } from '../../core/recovery/direction.ts';
import { isProduction, type ProductionRun } from '../../core/recovery/run.ts';
import { directionOf, type Pass } from '../pass.ts';
import { readRunAgain } from '../vault/runs.ts';
import { type Opened, raiseFence, settleFence } from './fencing.ts';
import { whoIsInHand } from './in-hand.ts';

/** The failover whose fence it is: the one in hand, else the one that is in force. */
async function ownerOf(pass: Pass, { direction, failover }: CurrentDirection): Promise<ProductionRun | undefined> {
  const { run } = await whoIsInHand(pass);
  const inForce = direction === 'primary→dr' ? undefined : failover;
  return run ?? pass.runs.filter(isProduction).find(({ id }) => id === inForce);
}

/**
 * The fence stands while a failover is in hand or in force, and is taken away while none is, whatever else happens: every
 * pass compares what is wanted with what it finds.
 */
export async function keepFence(pass: Pass): Promise<Opened | undefined> {
  const direction = await directionOf(pass);
  if (!direction) return undefined;
  if (isPrimaryServing(direction)) {
    // Without a failover ever there was no fence: such a site is not asked.
    return direction.schema !== undefined || pass.runs.some(isProduction) ? settleFence(pass) : undefined;
  }
  const owner = await ownerOf(pass, direction);
  if (!owner || pass.fenced.has(owner.id)) return undefined;
  const now = await readRunAgain(pass.ports.vault, owner);
  // Its own steps begin it.
  if (now.fence.wanted && now.state !== 'planned' && now.state !== 'fencing') await raiseFence(pass, now);
  return undefined;
}
