import { deletionsSchema } from '../core/artifacts/deletions.ts';
import { reconcileSchema, uncopyableSchema, verifiedSchema } from '../core/artifacts/documents.ts';
import { snapshotName } from '../core/ids.ts';
import { dueMessage, readinessMessage } from '../core/notices/of-readiness.ts';
import type { Point } from '../core/points/documents.ts';
import { pruneSchema } from '../core/points/prune-record.ts';
import type { Policy } from '../core/policy.ts';
import type { Ports } from '../core/ports/all.ts';
import { assessReadiness, failoverPoint } from '../core/readiness/assess.ts';
import { type StatusRecord, statusSchema } from '../core/readiness/documents.ts';
import { HEARTBEAT, statusMetrics } from '../core/readiness/metrics.ts';
import type { Observations } from '../core/readiness/observations.ts';
import { toldOf } from '../core/readiness/told.ts';
import { nodePath, vaultKeys } from '../core/vault-layout.ts';
import { describeError, hasCode } from '../errors.ts';
import { measureCoverage } from './artifacts/coverage.ts';
import { isDarkness } from './darkness.ts';
import { readEscrowedRevisions } from './keys/envelope.ts';
import { lookAtClasses } from './recovery/classes.ts';
import { lookForLeftovers } from './recovery/leftovers.ts';
import { readReverseStatus } from './recovery/reverse.ts';
import { writeStatusPage } from './status-page.ts';
import { readDirection } from './vault/direction.ts';
import { readDocument, updateDocument } from './vault/documents.ts';
import { readPoints } from './vault/points.ts';
import { readRuns } from './vault/runs.ts';

type ReadinessPorts = Pick<
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
>;

/**
 * Assesses readiness, tells people when the state changed or the heartbeat is due, and writes
 * `status.json`. Publishes first and records after: at least once. Facts of the DR site come first.
 */
export async function readiness(ports: ReadinessPorts, policy: Policy): Promise<StatusRecord> {
  const now = ports.clock();
  const seen = await observe(ports, policy);
  const assessed: StatusRecord = { schema: 'status/1', at: now.toISOString(), ...assessReadiness(seen, policy, now) };
  const previous = seen.previous;
  const status: StatusRecord = previous?.published ? { ...assessed, published: previous.published } : assessed;
  const kind = dueMessage(status, policy, now);
  if (kind) {
    await ports.notifier.publish(readinessMessage(status, kind, ports.site));
    status.published = { at: now.toISOString(), told: toldOf(status) };
  }
  // An unreadable status document makes this throw, after people were told.
  await updateDocument(ports.vault, vaultKeys.status, statusSchema, (current) =>
    current && current.at > status.at ? current : status,
  );
  if (kind === 'change') {
    const { recoverable, protecting } = status;
    await ports.signals.emit('readiness.changed', { status: status.status, recoverable, protecting });
  }
  await ports.metrics.put('dr', statusMetrics(status, seen, now));
  await writeStatusPage(ports, policy, status, seen);
  await leaveHeartbeat(ports);
  await ping(ports);
  return status;
}

/** The primary region hears that DR lives; its own silence is PRIMARY_UNREACHABLE, and no failure of this run. */
async function leaveHeartbeat(ports: ReadinessPorts): Promise<void> {
  try {
    await ports.metrics.put('primary', [HEARTBEAT]);
  } catch (error) {
    if (!isDarkness(error)) throw error;
    ports.log.warn('no heartbeat in the primary region', { error: error.message });
  }
}

/** Somebody else's monitor that cannot be reached rings by itself; it must not stop ours. */
async function ping({ deadMan, log }: ReadinessPorts): Promise<void> {
  try {
    await deadMan?.ping();
  } catch (error) {
    log.warn('the outside monitor was not reached', { error: describeError(error) });
  }
}

async function optional<T>(seen: Observations, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
    seen.unreadable.push({ key: error.subject ?? 'vault', problem: error.message });
    return undefined;
  }
}

async function observe(ports: ReadinessPorts, policy: Policy): Promise<Observations> {
  const { points, unreadable } = await readPoints(ports.vault);
  const read = await readRuns(ports.vault);
  const [copies, escrow, node, unusableKeys, subscribers] = await Promise.all([
    ports.database.copies(),
    readEscrowedRevisions(ports.vault),
    ports.vault.list(vaultKeys.nodeFiles),
    ports.escrow.unusableKeys(),
    ports.notifier.subscribers(),
  ]);
  const seen: Observations = {
    points,
    unreadable: [...unreadable, ...read.unreadable, ...escrow.unreadable],
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
    runs: read.runs,
    leftovers: [],
    lacking: [],
    classes: undefined,
  };
  seen.reconcile = (await optional(seen, () => readDocument(ports.vault, vaultKeys.reconcile, reconcileSchema)))?.value;
  seen.verified = (await optional(seen, () => readDocument(ports.vault, vaultKeys.verified, verifiedSchema)))?.value;
  const aside = await optional(seen, () => readDocument(ports.vault, vaultKeys.uncopyable, uncopyableSchema));
  if (aside) seen.uncopyable = aside.value.entries;
  seen.deletions = (await optional(seen, () => readDocument(ports.vault, vaultKeys.deletions, deletionsSchema)))?.value;
  if (policy.retention) {
    seen.pruned = (await optional(seen, () => readDocument(ports.vault, vaultKeys.prune, pruneSchema)))?.value;
  }
  seen.previous = (await optional(seen, () => readDocument(ports.vault, vaultKeys.status, statusSchema)))?.value;
  const direction = await optional(seen, () => readDirection(ports.vault));
  seen.direction = direction?.direction ?? 'primary→dr';
  seen.leftovers = (await optional(seen, () => lookForLeftovers(ports, read, direction))) ?? [];
  if (seen.direction !== 'primary→dr') seen.reverse = await optional(seen, () => readReverseStatus(ports));
  const point = failoverPoint(points, copies);
  if (point) {
    const { subnetGroup, parameterGroup } = policy.restore;
    const copy = copies.find((each) => each.name === snapshotName(point.id));
    const parameterGroupFamily = copy?.parameterGroupFamily;
    seen.lacking = await ports.instances.missing({ subnetGroup, parameterGroup, parameterGroupFamily });
    if (copy && seen.direction === 'primary→dr') seen.classes = await lookAtClasses(ports, policy, copy, point.source);
  }
  await observeReplica(ports, seen, point);
  seen.primary = await observePrimary(ports);
  await observeQuotas(ports, seen);
  return seen;
}

/** The replica against the inventory of the point; that it is gone, or the inventory is, is a finding and ends nothing. */
async function observeReplica(ports: ReadinessPorts, seen: Observations, point: Point | undefined): Promise<void> {
  const { bucket } = ports.replica;
  try {
    const coverage = point && (await measureCoverage(ports, point));
    if (point && coverage) {
      seen.replica = { pointId: point.id, missing: coverage.missing, differing: coverage.differing };
    } else for await (const _page of ports.replica.pages()) break;
  } catch (error) {
    if (!hasCode(error, 'NOT_FOUND')) throw error;
    if (error.subject === bucket) seen.replicaMissing = { bucket, problem: error.message };
    else seen.unreadable.push({ key: error.subject ?? 'inventory', problem: error.message });
  }
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
      if (hasCode(error, 'ACCESS_DENIED', 'NOT_FOUND')) seen.quotas.push({ ...region, unknown: error.message });
      else if (!isDarkness(error)) throw error;
    }
  }
}

async function observePrimary(ports: ReadinessPorts): Promise<Observations['primary']> {
  const region = ports.site.primaryRegion;
  try {
    return { region, facts: await ports.database.source() };
  } catch (error) {
    if (isDarkness(error) || hasCode(error, 'NOT_FOUND')) return { region, unreachable: error.message };
    throw error;
  }
}
