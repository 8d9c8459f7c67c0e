import type { Point } from '../../core/points/documents.ts';
import { pinned, unpinned } from '../../core/points/holds.ts';
import type { Ports } from '../../core/ports/all.ts';
import { hasCode } from '../../errors.ts';
import { readAvailableCopies, readCandidates, requireReadable } from '../recovery/candidates.ts';
import { readPoints, updatePoint } from '../vault/points.ts';

type PinPorts = Pick<Ports, 'clock' | 'log' | 'signals' | 'vault'>;

/** A start that loses against a prune takes the next point; against so many there is something else wrong. */
const ATTEMPTS = 8;

async function ifKnown(change: Promise<Point>): Promise<Point | undefined> {
  try {
    return await change;
  } catch (error) {
    if (!hasCode(error, 'POINT_UNKNOWN')) throw error;
    return undefined;
  }
}

/**
 * Keeps a point from expiring while this run (its key in the vault) uses it: a swap in the point's own document, as
 * its expiry is, so that of a start and a prune one is first. Undefined when the point has expired.
 */
export async function pinPoint(ports: PinPorts, id: string, run: string): Promise<Point | undefined> {
  const point = await ifKnown(updatePoint(ports, id, (now) => pinned(now, run, ports.clock())));
  return point?.state === 'expired' ? undefined : point;
}

/** The run uses the point no more. Forgetting it is harmless: the pin of a run that is over does not count. */
export async function unpinPoint(ports: PinPorts, id: string, run: string): Promise<void> {
  await ifKnown(updatePoint(ports, id, (now) => unpinned(now, [run])));
}

/** The best point for a run, pinned for it; undefined when there is none. */
export async function pinBestPoint(
  ports: PinPorts & Pick<Ports, 'database'>,
  wanted: string,
  run: string,
): Promise<Point | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { points } = await readPoints(ports.vault);
    const found = await readCandidates(ports, wanted, points, await readAvailableCopies(ports));
    for (const each of found.unreadable) ports.log.warn('a point is left out: its inventory cannot be read', each);
    requireReadable(found);
    const [best] = found.candidates;
    if (!best) return undefined;
    const pinnedNow = await pinPoint(ports, best.id, run);
    if (pinnedNow) return pinnedNow;
  }
  return undefined;
}
