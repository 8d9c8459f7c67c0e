import type { Ports } from '../../core/ports/all.ts';

/** Names of the snapshots of ours that lie in the DR region now. */
export async function readAvailableCopies(ports: Pick<Ports, 'database'>): Promise<ReadonlySet<string>> {
  const copies = await ports.database.copies();
  return new Set(copies.filter((each) => each.status === 'available').map((each) => each.name));
}
