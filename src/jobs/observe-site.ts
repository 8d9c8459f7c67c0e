import { snapshotName } from '../core/ids.ts';
import type { Point } from '../core/points/documents.ts';
import type { Policy } from '../core/policy.ts';
import type { Ports } from '../core/ports/all.ts';
import { failoverPoint } from '../core/readiness/assess.ts';
import type { Observations } from '../core/readiness/observations.ts';
import type { CurrentDirection } from '../core/recovery/direction.ts';
import { nodePath, vaultKeys } from '../core/vault-layout.ts';
import { DrError, hasCode } from '../errors.ts';
import { measureCoverage, type ReplicaCoverage } from './artifacts/coverage.ts';
import { isDarkness } from './darkness.ts';
import { readEscrowedRevisions } from './keys/envelope.ts';
import { inReplica, optional } from './looks.ts';
import { readRecords } from './observe-records.ts';
import { lookAtClasses } from './recovery/classes.ts';
import { lookForLeftovers } from './recovery/leftovers.ts';
import { type FenceLook, lookForStray } from './recovery/observe-fence.ts';
import { readReverseStatus } from './recovery/reverse.ts';
import { readSiteFence } from './recovery/site-fence.ts';
import { readDirection } from './vault/direction.ts';
import { readPoints } from './vault/points.ts';
import { type Runs, readRuns } from './vault/runs.ts';

export type ReadinessPorts = Pick<
  Ports,
  | 'clock'
  | 'database'
  | 'deadMan'
  | 'displaced'
  | 'escrow'
  | 'instances'
  | 'log'
  | 'metrics'
  | 'notifier'
  | 'offers'
  | 'replica'
  | 'reverseVault'
  | 'signals'
  | 'site'
  | 'vault'
> &
  FenceLook;

/** All that readiness judges by; what cannot be read is named in it, and ends nothing. Facts of the DR site come first. */
export async function observeSite(ports: ReadinessPorts, policy: Policy): Promise<Observations> {
  const { seen, runs } = await observeCatalogue(ports);
  await readRecords(ports, policy, seen);
  const direction = await observeDirection(ports, seen, runs);
  const point = await observeReplica(ports, seen);
  if (point) await observeRestore(ports, policy, seen, point);
  seen.primary = await observePrimary(ports);
  if ('facts' in seen.primary) seen.closed = await lookForStray(ports, direction);
  await observeQuotas(ports, seen);
  return seen;
}

async function observeCatalogue(ports: ReadinessPorts): Promise<{ seen: Observations; runs: Runs }> {
  const { points, unreadable } = await readPoints(ports.vault);
  const runs = await readRuns(ports.vault);
  const [copies, escrow, node, unusableKeys, subscribers] = await Promise.all([
    ports.database.copies(),
    readEscrowedRevisions(ports.vault),
    ports.vault.list(vaultKeys.nodeFiles),
    ports.escrow.unusableKeys(),
    ports.notifier.subscribers(),
  ]);
  const seen: Observations = {
    configFile: ports.site.configFile,
    points,
    unreadable: [...unreadable, ...runs.unreadable, ...escrow.unreadable],
    unlisted: [],
    copies,
    replica: undefined,
    replicaMissing: undefined,
    escrowedRevisions: escrow.revisions,
    nodeFiles: node.map(({ key }) => nodePath(key)),
    unusableKeys,
    primary: { region: ports.site.primaryRegion, unreachable: 'not asked yet' },
    quotas: [],
    subscribers,
    reconcile: undefined,
    verified: undefined,
    deletions: undefined,
    pruned: undefined,
    previous: undefined,
    direction: 'primary→dr',
    reverse: undefined,
    runs: runs.runs,
    leftovers: [],
    lacking: [],
    classes: undefined,
  };
  return { seen, runs };
}

async function observeDirection(
  ports: ReadinessPorts,
  seen: Observations,
  runs: Runs,
): Promise<CurrentDirection | undefined> {
  const direction = await optional(seen, () => readDirection(ports.vault));
  seen.fence = await optional(seen, () => readSiteFence(ports.vault));
  seen.direction = direction?.direction ?? 'primary→dr';
  seen.inHand = direction?.inHand?.run;
  seen.leftovers = (await optional(seen, () => lookForLeftovers(ports, runs, direction))) ?? [];
  if (seen.direction !== 'primary→dr') seen.reverse = await optional(seen, () => readReverseStatus(ports));
  return direction;
}

/**
 * The replica against the inventory of the newest point that has one which can be read: that is the point which is
 * judged. A bucket that is gone is a finding, and so is a list that is broken: the next older point is judged then.
 */
async function observeReplica(ports: ReadinessPorts, seen: Observations): Promise<Point | undefined> {
  for (;;) {
    const point = failoverPoint(seen, ports.clock());
    if (point && (await observeCoverage(ports, seen, point)) === 'broken list') seen.unlisted.push(point.id);
    else {
      if (!point) await inReplica(ports, seen, () => firstPage(ports));
      return point;
    }
  }
}

async function firstPage({ replica }: ReadinessPorts): Promise<void> {
  for await (const _page of replica.pages()) return;
}

async function observeCoverage(
  ports: ReadinessPorts,
  seen: Observations,
  point: Point,
): Promise<'broken list' | undefined> {
  const named = seen.unreadable.length;
  const found = await inReplica(ports, seen, () => measureCoverage(ports, point));
  if (found) seen.replica = replicaOf(point, found);
  const list = point.artifacts.state === 'pending' ? undefined : point.artifacts.key;
  return seen.unreadable.slice(named).some(({ key }) => key === list) ? 'broken list' : undefined;
}

const replicaOf = ({ id }: Point, { missing, differing }: ReplicaCoverage) => ({ pointId: id, missing, differing });

/** What a restore of that point needs of the DR site. */
async function observeRestore(ports: ReadinessPorts, policy: Policy, seen: Observations, point: Point): Promise<void> {
  const { subnetGroup, parameterGroup } = policy.restore;
  const copy = seen.copies.find((each) => each.name === snapshotName(point.id));
  const parameterGroupFamily = copy?.parameterGroupFamily;
  seen.lacking = await ports.instances.missing({ subnetGroup, parameterGroup, parameterGroupFamily });
  if (copy && seen.direction === 'primary→dr') seen.classes = await lookAtClasses(ports, policy, copy, point.source);
}

/** How many snapshots the account may still have: a primary that is silent is not asked once more. */
async function observeQuotas({ database, site }: ReadinessPorts, seen: Observations): Promise<void> {
  const asked = [
    { at: 'dr', region: site.drRegion, ours: seen.copies.length },
    ...('facts' in seen.primary ? [{ at: 'primary', region: site.primaryRegion } as const] : []),
  ] as const;
  for (const { at, ...region } of asked) {
    try {
      seen.quotas.push({ ...region, ...(await database.snapshotQuota(at)) });
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      const { message: unknown } = error;
      if (!isDarkness(error)) seen.quotas.push({ ...region, unknown });
    }
  }
}

async function observePrimary(ports: ReadinessPorts): Promise<Observations['primary']> {
  const region = ports.site.primaryRegion;
  try {
    return { region, facts: await ports.database.source() };
  } catch (error) {
    // People hear of every failure of it, an internal error of AWS among them: whoever dies of one tells nobody.
    if (!(error instanceof DrError)) throw error;
    const { message } = error;
    return hasCode(error, 'THROTTLED') ? { region, unknown: message } : { region, unreachable: message };
  }
}
