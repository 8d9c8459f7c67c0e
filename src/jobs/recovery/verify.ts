import { isProtected, transition } from '../../core/points/point.ts';
import { titleOf } from '../../core/recovery/kinds.ts';
import { current } from '../../core/recovery/lifecycle.ts';
import { compared, readyToCutOver, someCopied, someRead } from '../../core/recovery/observations.ts';
import { provesPoint } from '../../core/recovery/report-findings.ts';
import { lost } from '../../core/recovery/restored-instance.ts';
import type { Problem } from '../../core/recovery/row-comparison.ts';
import { isProduction, type ProductionRun, type Run } from '../../core/recovery/run.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { ArtifactBatch } from '../artifacts/verify.ts';
import { isDarkness } from '../darkness.ts';
import { eachOf } from '../each-of.ts';
import type { Pass } from '../pass.ts';
import { updatePoint } from '../vault/points.ts';
import { updateAttempt } from '../vault/runs.ts';
import { isPlanted, plantedReplica } from './alarm-test.ts';
import { settleBackups, stepConnecting } from './backups.ts';
import { compareRows } from './compare.ts';
import { stepDiverged } from './diverged.ts';
import { raiseFence } from './fencing.ts';
import { pointOf } from './restore.ts';

/** Artifacts that one comparison looks up. */
const LOOKUPS = 1_000;
const LOOKUPS_AT_ONCE = 4;

type LookupResult = 'in-window' | 'healed' | 'lost' | 'displaced' | { unfinished: number };
type Lookup = { key: string; result: LookupResult };

/** Backups are turned on while artifacts are verified; then what is left is a connection, and the fence. */
export async function stepHealing(pass: Pass, run: ProductionRun): Promise<Run> {
  const { ports, policy } = pass;
  const settled = await settleBackups(pass, run);
  if (settled.state !== run.state) return settled;
  const { outcome, backups, connection } = current(settled);
  if (outcome !== 'passed' && outcome !== 'accepted') return stepVerifying(pass, settled);
  if (!backups?.outcome) return settled;
  // The fence, or an operator, may have been waited for since it was looked at.
  const facts = await ports.instances.status(current(settled).instance);
  const there = await updateAttempt(ports, settled, (now) => lost(now, facts, ports.clock()) ?? now);
  if (there.state !== run.state) return there;
  if (backups.askedAt && !connection?.doneAt) return stepConnecting(pass, settled);
  // The cut-over is decided on what the primary is like now.
  const fenced = await raiseFence(pass, settled, { last: true });
  return updateAttempt(ports, fenced, (now) => readyToCutOver(now, policy, ports.clock()));
}

/** Compares, heals what a failover can still heal, and decides on the point. */
export async function stepVerifying(pass: Pass, run: Run): Promise<Run> {
  if (run.kind === 'look-back') return stepDiverged(pass, run);
  const { ports } = pass;
  const replica = run.kind === 'alarm-test' ? await plantedReplica(pass, run) : ports.replica;
  let seen = await compareRows(pass, run, replica, isPlanted);
  // The rest is read in the next pass; what was read is recorded.
  if (seen.postponed > 0) return updateAttempt(ports, run, (now) => someRead(now, seen.postponed, ports.clock()));
  let healed = 0;
  if (seen.problems.length > 0 && run.kind !== 'alarm-test') {
    const looked = await lookUpAll(pass, run, seen.problems.slice(0, LOOKUPS));
    // Large ones are healed over several passes, each of which copies more of them.
    const left = looked.flatMap(({ result }) => (typeof result === 'object' ? [result.unfinished] : []));
    if (left.length > 0) {
      const parts = left.reduce((sum, each) => sum + each, 0);
      return updateAttempt(ports, run, (now) => someCopied(now, parts, ports.clock()));
    }
    const keysOf = (result: LookupResult) => looked.filter((each) => each.result === result).map(({ key }) => key);
    healed = keysOf('healed').length;
    if (healed > 0) seen = await compareRows(pass, run, replica);
    seen.deletedInWindow(keysOf('in-window'));
    seen.displaced(keysOf('displaced'));
  }
  const found = await updateAttempt(ports, run, (now) =>
    compared(now, seen.result(ports.clock()), healed, ports.clock()),
  );
  await prove(pass, found);
  return found;
}

/** A point whose restore was checked, to the last artifact, is proven, whatever comes after; said again by the next step, should this process die here. */
export async function prove(pass: Pass, run: Run): Promise<void> {
  if (!provesPoint(current(run))) return;
  const { ports } = pass;
  const why = `${titleOf(run)} ${run.id}`;
  await updatePoint(ports, current(run).point, (point) =>
    isProtected(point) && point.state !== 'proven' ? transition(point, 'proven', ports.clock(), why) : point,
  );
}

/**
 * What can be done for rows whose object is missing or wrong: first what the DR site keeps aside, then the primary; a
 * dark one knows nothing, and is asked once.
 */
async function lookUpAll(pass: Pass, run: Run, problems: Problem[]): Promise<Lookup[]> {
  const batch = await ArtifactBatch.begin(pass.ports);
  let dark = false;
  const found = await eachOf(problems, LOOKUPS_AT_ONCE, async (problem): Promise<Lookup> => {
    const { key } = problem;
    const kept = await attempt(pass, problem, () => lookUpHere(run, problem, batch));
    if (kept !== 'lost' || dark) return { key, result: kept };
    try {
      return { key, result: await attempt(pass, problem, () => lookUpAtPrimary(pass, run, problem, batch)) };
    } catch (error) {
      if (!isDarkness(error)) throw error;
      if (!dark)
        pass.ports.log.warn('the primary cannot be asked for artifacts', { run: run.id, error: error.message });
      dark = true;
      return { key, result: 'lost' };
    }
  });
  await batch.end();
  return found;
}

/** Healing is a help: what cannot be healed stays lost, is found as such, and holds up nothing. The primary's silence ends the asking. */
async function attempt(pass: Pass, { key }: Problem, work: () => Promise<LookupResult>): Promise<LookupResult> {
  try {
    return await work();
  } catch (error) {
    if (hasCode(error, 'COPY_UNFINISHED')) return { unfinished: error.left ?? Number.MAX_SAFE_INTEGER };
    if (!(error instanceof DrError) || isDarkness(error)) throw error;
    pass.ports.log.warn('an artifact could not be healed', { key, error: describeError(error) });
    return 'lost';
  }
}

/** What was displaced counts in a drill when it can be read, and is put in its place by what is kept. */
async function lookUpHere(run: Run, problem: Problem, batch: ArtifactBatch): Promise<LookupResult> {
  const { key, checksum } = problem;
  if (isProduction(run)) return (await batch.bringBack(key, checksum ?? undefined)) ? 'healed' : 'lost';
  return checksum !== null && (await batch.isKept(checksum)) ? 'displaced' : 'lost';
}

async function lookUpAtPrimary(pass: Pass, run: Run, problem: Problem, batch: ArtifactBatch): Promise<LookupResult> {
  const { primaryArtifacts } = pass.ports;
  const { key, kind } = problem;
  const entry = await primaryArtifacts.head(key);
  if (entry && isProduction(run)) {
    const handled = await batch.handle(key, problem.checksum ?? undefined);
    return typeof handled === 'object' ? 'lost' : 'healed';
  }
  if (entry || kind !== 'missing') return 'lost';
  const { deletedAt, versions } = await primaryArtifacts.history(key);
  if (isProduction(run) && (await batch.copyVersion(versions, problem.checksum ?? undefined))) return 'healed';
  const point = pointOf(pass, run);
  const dataAt = 'dataAt' in point.database ? new Date(point.database.dataAt) : undefined;
  // Only a delete marker of after the data's instant proves it; what was never there is missing.
  return versions.length === 0 && deletedAt && dataAt && deletedAt >= dataAt ? 'in-window' : 'lost';
}
