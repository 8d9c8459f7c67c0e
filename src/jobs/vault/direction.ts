import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { type CurrentDirection, type Direction, directionSchema, NO_DIRECTION } from '../../core/recovery/direction.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { readDocument, updateDocument } from './documents.ts';
import { forget } from './read-once.ts';

/** Which way protection flows, and who is in hand. Without a document it flows from primary to DR. */
export async function readDirection(vault: Pick<Vault, 'get'>): Promise<CurrentDirection> {
  const found = await readDocument(vault, vaultKeys.direction, directionSchema);
  return found?.value ?? NO_DIRECTION;
}

/** The direction as it is at this moment, whatever was read before: asked right before the primary is touched. */
export async function readDirectionAgain(vault: Vault): Promise<CurrentDirection> {
  forget(vault, vaultKeys.direction);
  return readDirection(vault);
}

/** Swaps the direction against what it is now; `change` answers the same again, or nothing, where it does not apply. */
export async function swapDirection(
  { vault }: Pick<Ports, 'vault'>,
  change: (now: CurrentDirection) => Direction | undefined,
): Promise<CurrentDirection> {
  const { after } = await updateDocument(vault, vaultKeys.direction, directionSchema, (now) => {
    const changed = change(now ?? NO_DIRECTION);
    return changed === NO_DIRECTION ? undefined : changed;
  });
  return after ?? NO_DIRECTION;
}

/** Refuses to work when protection flows another way, as it does at this moment. */
export async function requireDirection(vault: Vault, wanted: Direction['direction']): Promise<void> {
  requireFlow(await readDirectionAgain(vault), wanted);
}

export function requireFlow({ direction, epoch }: CurrentDirection, wanted: Direction['direction']): void {
  if (direction === wanted) return;
  throw new DrError('WRONG_DIRECTION', `protection flows ${direction} (epoch ${epoch}), not ${wanted}`, {
    subject: vaultKeys.direction,
    hint: 'This stack is not the active one; nothing was done.',
  });
}
