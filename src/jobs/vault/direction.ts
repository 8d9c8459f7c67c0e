import type { Vault } from '../../core/ports/vault.ts';
import { type Direction, directionSchema } from '../../core/recovery/direction.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { readDocument } from './documents.ts';
import { forget } from './read-once.ts';

export type CurrentDirection = Pick<Direction, 'direction' | 'epoch' | 'failover'>;

/** Which way protection flows. Without a document it flows from primary to DR. */
export async function readDirection(vault: Pick<Vault, 'get'>): Promise<CurrentDirection> {
  const found = await readDocument(vault, vaultKeys.direction, directionSchema);
  return found?.value ?? { direction: 'primary→dr', epoch: 0 };
}

/** The direction as it is at this moment, whatever was read before: asked right before the primary is touched. */
export async function readDirectionAgain(vault: Vault): Promise<CurrentDirection> {
  forget(vault, vaultKeys.direction);
  return readDirection(vault);
}

/** Refuses to work when protection flows another way. */
export async function requireDirection(vault: Vault, wanted: Direction['direction']): Promise<void> {
  const current = await readDirectionAgain(vault);
  if (current.direction === wanted) return;
  throw new DrError(
    'WRONG_DIRECTION',
    `protection flows ${current.direction} (epoch ${current.epoch}), not ${wanted}`,
    {
      subject: vaultKeys.direction,
      hint: 'This stack is not the active one; nothing was done.',
    },
  );
}
