import type { Ports } from '../../core/ports/all.ts';
import { type InForce, type Leftover, leftoversOf } from '../../core/recovery/leftovers.ts';
import { failoversInOrder } from '../../core/recovery/lifecycle.ts';
import { RUN_TAG } from '../../core/recovery/restore-request.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { describeError } from '../../errors.ts';
import { readDirection } from '../vault/direction.ts';
import { type Runs, readRuns, recordOf, runKey } from '../vault/runs.ts';

type LeftoverPorts = Pick<Ports, 'instances' | 'site' | 'vault'>;

/**
 * What runs left behind. What was read of the runs may be old by now: an instance is named only where nothing that its
 * run may have done since can make it serve. Runs older than those that were read are looked up by the tag.
 */
export async function lookForLeftovers(
  { instances, site, vault }: LeftoverPorts,
  { runs, unreadable }: Runs,
  inForce: InForce | undefined,
): Promise<Leftover[]> {
  const found = await instances.list();
  // Of a record that does not parse nobody knows what became of it: that is told of the record.
  const known = new Set([...runs.map(runKey), ...unreadable.map(({ key }) => key)]);
  const keys = new Set(
    found
      .flatMap(({ name, tags }) => (name.startsWith('hbdr-') && tags[RUN_TAG]) || [])
      .filter((key) => !known.has(key)),
  );
  const older = await Promise.all([...keys].map((key) => recordOf(vault, key)));
  return leftoversOf(found, [...runs, ...older.filter((each) => each !== undefined)], inForce, site.drRegion);
}

/** A failover, and what it left behind; `unknown`: why nobody can say now. */
export type FailoverStatus = ProductionRun & { leftovers: Leftover[] | { unknown: string } };

/** The failovers of the catalogue, the one that an operator means first. What they left behind is beside the point: they are told without it. */
export async function failoverStatus(ports: LeftoverPorts & Pick<Ports, 'log'>): Promise<FailoverStatus[]> {
  const read = await readRuns(ports.vault);
  for (const each of read.unreadable) ports.log.warn('the record of a run cannot be read', each);
  const direction = await readDirection(ports.vault).catch((error: unknown) => ({ unknown: describeError(error) }));
  const failovers = failoversInOrder(read.runs, 'unknown' in direction ? undefined : direction.inHand?.run);
  if (failovers.length === 0) return [];
  if ('unknown' in direction) return failovers.map((run) => ({ ...run, leftovers: direction }));
  try {
    const left = await lookForLeftovers(ports, read, direction);
    return failovers.map((run) => ({ ...run, leftovers: left.filter((each) => each.run === run.id) }));
  } catch (error) {
    const unknown = describeError(error);
    ports.log.warn('nobody knows what failovers left behind', { error: unknown });
    return failovers.map((run) => ({ ...run, leftovers: { unknown } }));
  }
}
