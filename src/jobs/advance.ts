import { snapshotName } from '../core/ids.ts';
import type { Point } from '../core/points/documents.ts';
import {
  artifactsListed,
  copyAccepted,
  copyRefused,
  copySeen,
  coverageSeen,
  isInFlight,
  isProtected,
  keysSeen,
  newestFirst,
  snapshotSeen,
} from '../core/points/point.ts';
import type { Policy } from '../core/policy.ts';
import type { RecoveryPorts } from '../core/ports/all.ts';
import type { Recovery } from '../core/recovery/documents.ts';
import { isDrill, isMoving, noteError } from '../core/recovery/run.ts';
import { escrowedRevision, vaultKeys } from '../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../errors.ts';
import { measureCoverage, queueRepairs } from './artifacts/coverage.ts';
import { writeInventory } from './artifacts/inventory.ts';
import { isDarkness, watchDarkness } from './darkness.ts';
import { ensureSnapshot } from './points/capture.ts';
import { advanceRun } from './recovery/advance-run.ts';
import { sweep } from './recovery/clean-up.ts';
import { keepFences, takeOverFences } from './recovery/fence-owner.ts';
import { advanceFailback } from './recovery/left-behind.ts';
import { type RunContext, readRuns, updateRun } from './recovery/runs.ts';
import { readDirection, readPoints, updatePoint } from './vault/documents.ts';

/** Missing artifacts that one run looks up at the primary before it calls them deleted. */
const LOOKUPS_PER_RUN = 100;

export type AdvanceReport = {
  points: { id: string; state: string }[];
  runs: { id: string; kind: 'drill' | 'failover'; state: string }[];
  /** Instances that drills had left behind. */
  swept: string[];
  /** Why the primary site was left alone, if it was. */
  primaryDark: string | undefined;
};

type Step = (point: Point) => Promise<Point>;
type Run = RunContext & { errors: { id: string; error: unknown }[] };

async function begin(unguarded: RecoveryPorts, policy: Policy): Promise<Run> {
  const { ports, darkness } = watchDarkness(unguarded);
  const { points, unreadable } = await readPoints(ports.vault);
  const errors = unreadable.map(({ key, problem }) => ({ id: key, error: new DrError('VAULT_UNREADABLE', problem) }));
  return { ports, policy, darkness, points, errors, rebooted: new Set() };
}

/**
 * Takes every point, drill and failover in flight as far as it can go, without waiting for AWS. What needs only the
 * DR site comes first; a primary that does not answer is asked once and left alone for this run.
 * Throws PARTIAL_FAILURE after all were tried when one of them failed.
 */
export async function advance(unguarded: RecoveryPorts, policy: Policy): Promise<AdvanceReport> {
  const run = await begin(unguarded, policy);
  const { ports } = run;
  const runs = await advanceRuns(run);
  // After a cut-over nothing flows from the primary any more; the failover itself was finished above.
  const { direction } = await readDirection(ports.vault);
  if (direction === 'primary→dr') await advancePoints(run);
  const { failover } = await readDirection(ports.vault);
  await keepFences(run, runs, failover, (id, work) => attempt(run, id, work));
  const left = await attempt(run, 'failback', () => advanceFailback(run, runs));
  const swept = await attempt(run, 'sweep', () => sweep(ports));
  await ports.signals.setTick(
    run.points.some(isInFlight) || runs.some(isMoving) || (left !== undefined && left.state !== 'ready'),
  );
  finish(run);
  return {
    points: run.points.map(({ id, state }) => ({ id, state })),
    runs: runs.map((each) => ({ id: each.id, kind: isDrill(each) ? 'drill' : 'failover', state: each.state })),
    swept: swept ?? [],
    primaryDark: run.darkness.reason,
  };
}

async function advancePoints(run: Run): Promise<void> {
  const keys = await run.ports.vault.list(vaultKeys.escrow);
  const revisions = keys.map((entry) => escrowedRevision(entry.key)).filter((each) => each !== undefined);
  await eachInFlight(run, (point) => inDrSite(run, point, revisions));
  await eachInFlight(run, (point) => fromPrimary(run, point));
  await eachInFlight(run, (point) => inDrSite(run, point, revisions));
}

async function attempt<T>(run: Run, id: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    run.errors.push({ id, error });
    return undefined;
  }
}

async function advanceRuns(run: Run): Promise<Recovery[]> {
  const { runs, unreadable } = await readRuns(run.ports.vault);
  for (const { key, problem } of unreadable) {
    run.errors.push({ id: key, error: new DrError('VAULT_UNREADABLE', problem) });
  }
  await attempt(run, 'fence', async () => takeOverFences(run, runs, (await readDirection(run.ports.vault)).failover));
  const found: Recovery[] = [];
  for (const each of (await readRuns(run.ports.vault)).runs) {
    const errors = run.errors.length;
    found.push((await attempt(run, each.id, () => advanceRun(run, each))) ?? each);
    // Whoever asks for the status sees why it does not move.
    const failed = run.errors[errors]?.error;
    if (failed)
      await attempt(run, each.id, () =>
        updateRun(run.ports, each, (now) => noteError(now, describeError(failed), run.ports.clock())),
      );
  }
  return found;
}

async function eachInFlight(run: Run, step: Step): Promise<void> {
  for (const [index, point] of run.points.entries()) {
    if (!isInFlight(point)) continue;
    try {
      run.points[index] = await step(point);
    } catch (error) {
      if (isDarkness(error, run.darkness)) {
        run.ports.log.warn('primary left alone', { point: point.id, error: describeError(error) });
      } else run.errors.push({ id: point.id, error });
    }
  }
}

function finish(run: Run): void {
  const first = run.errors[0];
  if (!first) return;
  const all = run.errors.map(({ id, error }) => `${id}: ${describeError(error)}`).join('; ');
  const hint = first.error instanceof DrError ? first.error.hint : undefined;
  throw new DrError('PARTIAL_FAILURE', `${run.errors.length} of what is in flight could not advance: ${all}`, {
    cause: first.error,
    ...(hint ? { hint } : {}),
  });
}

/** What the DR site alone can tell: the copy, the replica, the keys. */
async function inDrSite(run: Run, point: Point, revisions: string[]): Promise<Point> {
  const { ports } = run;
  let current = await updatePoint(ports, point.id, (now) => keysSeen(now, revisions, ports.clock()));
  if (current.database.state === 'copying') {
    const facts = await ports.database.copyStatus(snapshotName(point.id));
    current = await updatePoint(ports, point.id, (now) => copySeen(now, facts, ports.clock()));
  }
  if (current.artifacts.state === 'listed' || current.artifacts.state === 'replicating') {
    const coverage = await measureCoverage(ports, current);
    // An object of another size is not the artifact: it counts as missing until it is repaired.
    const missing = (coverage?.missing.count ?? 0) + (coverage?.differing.count ?? 0);
    current = await updatePoint(ports, point.id, (now) =>
      coverageSeen(now, { missing, deletedInWindow: [] }, ports.clock()),
    );
  }
  return current;
}

/** What the primary site has to give: the snapshot, the inventory, the copy, the missing artifacts. */
async function fromPrimary(run: Run, point: Point): Promise<Point> {
  const { ports } = run;
  let current = await ensureSnapshot(ports, point);
  if (current.database.state === 'capturing' && current.database.acceptedAt && isInFlight(current)) {
    const facts = await ports.database.status(snapshotName(point.id));
    if (facts?.status === 'available') current = await noteSource(run, current);
    current = await updatePoint(ports, point.id, (now) => snapshotSeen(now, facts, ports.clock()));
  }
  current = await listArtifacts(run, current);
  current = await startCopy(run, current);
  return repairReplica(run, current);
}

/** What a restore must repeat and a snapshot does not say. */
async function noteSource({ ports }: Run, point: Point): Promise<Point> {
  if (point.source) return point;
  const { engineLifecycleSupport } = await ports.database.source();
  if (engineLifecycleSupport === '') return point;
  return updatePoint(ports, point.id, (now) => ({ ...now, source: { engineLifecycleSupport } }));
}

/** Never before the snapshot is available: Builder writes the object first and the row after. */
async function listArtifacts(run: Run, point: Point): Promise<Point> {
  if (point.artifacts.state !== 'pending' || point.database.state === 'capturing' || !isInFlight(point)) return point;
  const { ports, policy } = run;
  const inventory = await writeInventory(ports.vault, ports.primaryArtifacts, vaultKeys.artifactInventory(point.id));
  const previous = newestFirst(run.points.filter(isProtected))[0];
  return updatePoint(ports, point.id, (now) => artifactsListed(now, inventory, previous, policy, ports.clock()));
}

async function startCopy(run: Run, point: Point): Promise<Point> {
  const { ports, policy } = run;
  if (point.database.state !== 'captured' || !isInFlight(point)) return point;
  const copying = run.points.filter((each) => each.database.state === 'copying' && isInFlight(each)).length;
  const error =
    copying >= policy.copyLimit
      ? new DrError('QUOTA_EXCEEDED', `${copying} copies are in flight; AWS allows ${policy.copyLimit}`)
      : await refusal(() =>
          ports.database.copyToDr({
            name: snapshotName(point.id),
            sourceArn: point.database.state === 'captured' ? point.database.snapshotArn : '',
            pointId: point.id,
          }),
        );
  if (!error) return updatePoint(ports, point.id, (now) => copyAccepted(now, ports.clock()));
  ports.log.info('the copy waits', { point: point.id, code: error.code, error: describeError(error) });
  const refused = await updatePoint(ports, point.id, (now) => copyRefused(now, error, ports.clock()));
  // A right does not come back by waiting: readiness finds it in the point, and the run fails and rings.
  if (error.code === 'ACCESS_DENIED') throw error;
  return refused;
}

const notedRefusals = ['QUOTA_EXCEEDED', 'KMS_UNUSABLE', 'INVALID_STATE', 'THROTTLED', 'ACCESS_DENIED'] as const;

/** A refusal that the point notes; anything else is thrown. */
async function refusal(work: () => Promise<void>): Promise<DrError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (hasCode(error, ...notedRefusals)) return error;
    throw error;
  }
}

/** Queues the copies that are missing; what is gone at the primary too was deleted in the window. */
async function repairReplica(run: Run, point: Point): Promise<Point> {
  if (point.artifacts.state !== 'listed' && point.artifacts.state !== 'replicating') return point;
  if (!isInFlight(point)) return point;
  const { ports } = run;
  const coverage = await measureCoverage(ports, point);
  if (!coverage || coverage.missing.count === 0 || (await ports.queue.depth()) > 0) return point;
  const gone: string[] = [];
  if (coverage.missing.count <= LOOKUPS_PER_RUN) {
    for (const key of coverage.missingKeys) if (!(await ports.primaryArtifacts.head(key))) gone.push(key);
  }
  await queueRepairs(
    ports,
    coverage.missingKeys.filter((key) => !gone.includes(key)),
  );
  const missing = coverage.missing.count + coverage.differing.count - gone.length;
  return updatePoint(ports, point.id, (now) => coverageSeen(now, { missing, deletedInWindow: gone }, ports.clock()));
}
