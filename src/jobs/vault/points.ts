import { type Point, pointSchema } from '../../core/points/documents.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { readAll, readDocument, type Unreadable, updateDocument } from './documents.ts';
import { forget } from './read-once.ts';

export type Catalogue = { points: Point[]; unreadable: Unreadable[] };

/** All points, oldest first; documents that do not parse are named, and hide no others. */
export async function readPoints(vault: Pick<Vault, 'get' | 'list'>): Promise<Catalogue> {
  const { found, unreadable } = await readAll(vault, vaultKeys.points, pointSchema);
  return { points: found.sort((a, b) => (a.requestedAt < b.requestedAt ? -1 : 1)), unreadable };
}

const unknownPoint = (id: string) =>
  new DrError('POINT_UNKNOWN', `no recovery point ${id}`, { subject: id, hint: '`builder-dr points` lists them.' });

/** A point as it is at this moment, whatever was read before. Throws POINT_UNKNOWN. */
export async function readPointAgain(vault: Pick<Vault, 'get'>, id: string): Promise<Point> {
  forget(vault, vaultKeys.point(id));
  const found = await readDocument(vault, vaultKeys.point(id), pointSchema);
  if (!found) throw unknownPoint(id);
  return found.value;
}

/** Changes a point that must exist, and says so on the bus when its state changed. */
export async function updatePoint(
  ports: Pick<Ports, 'log' | 'signals' | 'vault'>,
  id: string,
  change: (point: Point) => Point,
): Promise<Point> {
  const { before, after } = await updateDocument(
    ports.vault,
    vaultKeys.point(id),
    pointSchema,
    (current) => current && change(current),
  );
  if (!after) throw unknownPoint(id);
  if (before?.state !== after.state) await announcePoint(ports, after);
  return after;
}

export async function announcePoint(ports: Pick<Ports, 'log' | 'signals'>, point: Point): Promise<void> {
  const why = point.history.at(-1)?.why;
  ports.log.info('point changed state', { point: point.id, state: point.state, why });
  await ports.signals.emit('recovery-point.state-changed', { id: point.id, kind: point.kind, state: point.state, why });
}
