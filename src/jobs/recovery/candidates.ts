import type { Ports } from '../../core/ports/all.ts';

const PREFIX = 'hbdr-';

/** Ids of the points whose copy lies in the DR region now. */
export async function availablePoints(ports: Pick<Ports, 'database'>): Promise<ReadonlySet<string>> {
  const copies = await ports.database.copies();
  return new Set(copies.filter((each) => each.status === 'available').map((each) => each.name.slice(PREFIX.length)));
}
