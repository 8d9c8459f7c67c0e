import type { Ports } from '../../core/ports/all.ts';
import { endStates, runEndSchema } from '../../core/recovery/run-end.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { readDirectionAgain } from '../vault/direction.ts';
import { readAll } from '../vault/documents.ts';

/**
 * Whether good bytes in the replica may give way to newer ones now: asked right before. What a failover in hand has put in
 * its place stays, and what a site in force serves; one that cannot be read may be either.
 */
export async function mayGiveWay({ vault, log }: Pick<Ports, 'log' | 'vault'>): Promise<boolean> {
  const { direction, inHand } = await readDirectionAgain(vault);
  if (direction !== 'primary→dr' || inHand) return false;
  const { found, unreadable } = await readAll(vault, vaultKeys.failovers, runEndSchema);
  for (const each of unreadable) log.warn('newer bytes wait: the record of a failover cannot be read', each);
  return unreadable.length === 0 && found.every(({ state }) => endStates.includes(state));
}
