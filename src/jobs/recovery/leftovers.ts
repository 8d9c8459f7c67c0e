import type { CommandArguments } from '../../core/command-line.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { CurrentDirection } from '../../core/recovery/direction.ts';
import { type InForce, type Leftover, leftoversOf } from '../../core/recovery/leftovers.ts';
import { failoversInOrder, releaseArguments } from '../../core/recovery/lifecycle.ts';
import { RUN_TAG } from '../../core/recovery/restore-request.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { describeError } from '../../errors.ts';
import { readDirection } from '../vault/direction.ts';
import type { Unreadable } from '../vault/documents.ts';
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

/** The failover in hand while nobody can read its record. `release`: what takes it out of hand, where it has not cut over. */
export type UnreadInHand = Unreadable & { id: string; state: 'unreadable'; release: CommandArguments | null };

/** The failovers of the catalogue, the one that an operator means first. What they left behind is beside the point: they are told without it. */
export async function failoverStatus(
  ports: LeftoverPorts & Pick<Ports, 'log'>,
): Promise<(FailoverStatus | UnreadInHand)[]> {
  const read = await readRuns(ports.vault);
  for (const each of read.unreadable) ports.log.warn('the record of a run cannot be read', each);
  const direction = await readDirection(ports.vault).catch((error: unknown) => ({ unknown: describeError(error) }));
  const { inHand, direction: flow }: Partial<CurrentDirection> = 'unknown' in direction ? {} : direction;
  const failovers = failoversInOrder(read.runs, inHand?.run);
  const broken = read.unreadable.find(({ key }) => inHand && key === vaultKeys.run('failovers', inHand.run));
  const held = broken && inHand ? [unread(broken, inHand.run, flow === 'primary→dr')] : [];
  return [...held, ...(await withLeftovers(ports, read, failovers, direction))];
}

const unread = (broken: Unreadable, id: string, isReleased: boolean): UnreadInHand => ({
  ...broken,
  id,
  state: 'unreadable',
  release: isReleased ? releaseArguments(id) : null,
});

async function withLeftovers(
  ports: LeftoverPorts & Pick<Ports, 'log'>,
  read: Runs,
  failovers: ProductionRun[],
  direction: InForce | { unknown: string },
): Promise<FailoverStatus[]> {
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
