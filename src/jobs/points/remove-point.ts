import { snapshotName } from '../../core/ids.ts';
import type { Archived } from '../../core/points/archived.ts';
import type { Point } from '../../core/points/documents.ts';
import type { PruneWait } from '../../core/points/prune-record.ts';
import { obstacleOf } from '../../core/points/snapshot-use.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Site } from '../../core/site.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { describeError, hasCode } from '../../errors.ts';

type RemovePorts = Pick<Ports, 'clock' | 'database' | 'vault'>;
export type Wait = Omit<PruneWait, 'since'>;

const parts = { primary: 'primary snapshot', dr: 'copy' } as const;

/** A refusal that is waited for; what else goes wrong is thrown. */
function waitFor(error: unknown, point: string, part: Wait['part'], name: string): Wait {
  const wait = (code: string, until: string): Wait => ({ point, part, code, until });
  if (hasCode(error, 'ACCESS_DENIED')) return wait(error.code, `the right is there: ${describeError(error)}`);
  if (hasCode(error, 'SNAPSHOT_MISMATCH')) return wait(error.code, `${name} is ours or gone: ${describeError(error)}`);
  if (hasCode(error, 'INVALID_STATE')) return wait(error.code, `${name} may be deleted: ${describeError(error)}`);
  if (hasCode(error, 'THROTTLED')) return wait(error.code, 'AWS takes more calls');
  throw error;
}

/**
 * Deletes the snapshot of a point at a site, when it is ours and nobody uses it: that is read right before. Undefined
 * when it is gone, else what is waited for.
 */
export async function removePointSnapshot(ports: RemovePorts, site: Site, pointId: string): Promise<Wait | undefined> {
  const { database } = ports;
  const name = snapshotName(pointId);
  try {
    const use = await database.snapshotUse(site, name);
    if (!use) return undefined;
    const obstacle = obstacleOf(use, name, pointId);
    if (obstacle) return { point: pointId, part: parts[site], ...obstacle };
    await database.removeSnapshot(site, { name, pointId });
    return undefined;
  } catch (error) {
    return waitFor(error, pointId, parts[site], name);
  }
}

/** The snapshot of a point that RDS was never seen to accept: of the same name and tag another stage may have one. */
async function removeUnaccepted(ports: RemovePorts, { id }: Point): Promise<Wait | undefined> {
  try {
    const use = await ports.database.snapshotUse('primary', snapshotName(id));
    return use?.ofSource ? await removePointSnapshot(ports, 'primary', id) : undefined;
  } catch (error) {
    return waitFor(error, id, parts.primary, snapshotName(id));
  }
}

/** Removes both snapshots of an expired point, the primary's first; answers what is waited for. */
export async function removeSnapshots(ports: RemovePorts, point: Point): Promise<Wait[]> {
  const { id, database } = point;
  const seen = database.state !== 'capturing';
  const accepted = seen || database.acceptedAt !== undefined;
  const waits = [
    await (accepted ? removePointSnapshot(ports, 'primary', id) : removeUnaccepted(ports, point)),
    // What was never seen available was never copied.
    seen ? await removePointSnapshot(ports, 'dr', id) : undefined,
  ];
  return waits.filter((each) => each !== undefined);
}

/** Removes what the vault keeps for a point beside its document. */
export async function removeInventory({ vault }: RemovePorts, { id, artifacts }: Point): Promise<void> {
  // A pass that died may have written it before the document named it.
  const keys = new Set<string>([vaultKeys.artifactInventory(id)]);
  if (artifacts.state !== 'pending') keys.add(artifacts.key);
  for (const key of keys) if (key.startsWith(vaultKeys.inventoryOf(id))) await vault.remove(key);
}

export function archivedPoint(point: Point, now: Date): Archived {
  return { key: vaultKeys.point(point.id), archivedAt: now.toISOString(), document: point };
}
