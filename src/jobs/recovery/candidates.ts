import type { Point } from '../../core/points/documents.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { candidatesFor } from '../../core/recovery/lifecycle.ts';
import type { Rejections } from '../../core/recovery/rejected.ts';
import { DrError, hasCode } from '../../errors.ts';
import { readPointInventory } from '../artifacts/inventory.ts';
import type { Unreadable } from '../vault/documents.ts';

/** Names of the snapshots of ours that lie in the DR region now. */
export async function readAvailableCopies(ports: Pick<Ports, 'database'>): Promise<ReadonlySet<string>> {
  const copies = await ports.database.copies();
  return new Set(copies.filter((each) => each.status === 'available').map((each) => each.name));
}

/** Why the inventory of a point cannot be read, if it cannot. */
async function brokenInventory(
  vault: Pick<Vault, 'openStream'>,
  { artifacts }: Point,
): Promise<Unreadable | undefined> {
  if (artifacts.state === 'pending') return undefined;
  try {
    for await (const _page of readPointInventory(vault, artifacts));
    return undefined;
  } catch (error) {
    if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
    return { key: artifacts.key, problem: error.message };
  }
}

/** `unreadable`: what newer points lack that are left out. */
export type Candidates = { candidates: Point[]; unreadable: Unreadable[] };

/**
 * The points that a run for `wanted` may use, as `candidatesFor` has them. `latest` begins with the newest that has an
 * inventory which can be read: what a newer one needs of the replica nobody knows. A point that is asked for by its id is
 * taken as it is. `rejected`: a drill says none, it finds out what became of them.
 */
export async function readCandidates(
  { vault }: Pick<Ports, 'vault'>,
  wanted: string,
  points: Point[],
  copies: ReadonlySet<string>,
  rejected?: Rejections,
): Promise<Candidates> {
  const unreadable: Unreadable[] = [];
  for (let left = points; ; ) {
    const candidates = candidatesFor(wanted, left, copies, rejected);
    const [best] = candidates;
    const broken = best && wanted === 'latest' ? await brokenInventory(vault, best) : undefined;
    if (!broken) return { candidates, unreadable };
    unreadable.push(broken);
    left = left.filter((each) => each !== best);
  }
}

/** Refuses where a broken inventory is all that keeps each point from being taken. */
export function requireReadable({ candidates, unreadable: [first] }: Candidates): void {
  if (candidates.length > 0 || !first) return;
  throw new DrError('VAULT_UNREADABLE', `no point has an inventory that can be read: ${first.problem}`, {
    subject: first.key,
    hint: 'Restore the previous version of this object in the vault bucket, or name the point (`--point ID`): it is taken as it is.',
  });
}
