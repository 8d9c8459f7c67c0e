import { isProtected, transition } from '../../core/points/point.ts';
import { isConfirmed } from '../../core/recovery/fence.ts';
import { kinds } from '../../core/recovery/kinds.ts';
import { current } from '../../core/recovery/lifecycle.ts';
import { compared } from '../../core/recovery/observations.ts';
import type { Problem } from '../../core/recovery/row-comparison.ts';
import { isProduction, type Run } from '../../core/recovery/run.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { copyEntry } from '../artifacts/replicate.ts';
import { ArtifactBatch } from '../artifacts/verify.ts';
import { isDarkness } from '../darkness.ts';
import type { Pass } from '../pass.ts';
import { updatePoint } from '../vault/points.ts';
import { updateAttempt } from '../vault/runs.ts';
import { plantedReplica } from './alarm-test.ts';
import { compareRows } from './compare.ts';
import { stepDiverged } from './diverged.ts';
import { raiseFence } from './fencing.ts';
import { pointOf } from './restore.ts';

/** Artifacts that one comparison looks up at the primary. */
const LOOKUPS = 200;

type Lookup = { key: string; result: 'in-window' | 'healed' | 'lost' | 'unfinished' };

/** Compares, heals what a failover can still heal, and decides on the point. */
export async function stepVerifying(pass: Pass, run: Run): Promise<Run> {
  if (run.kind === 'look-back') return stepDiverged(pass, run);
  const { ports } = pass;
  const replica = run.kind === 'alarm-test' ? await plantedReplica(pass, run) : ports.replica;
  let seen = await compareRows(pass, run, replica);
  // The rest is read in the next pass; what was read is recorded.
  if (seen.postponed > 0) return run;
  let healed = 0;
  if (seen.problems.length > 0 && run.kind !== 'alarm-test') {
    const looked = await lookUpAtPrimary(pass, run, seen.problems.slice(0, LOOKUPS));
    // A large one is healed over several passes, each of which copies more of it.
    if (looked.some((each) => each.result === 'unfinished')) return run;
    healed = looked.filter((each) => each.result === 'healed').length;
    if (healed > 0) seen = await compareRows(pass, run, replica);
    seen.deletedInWindow(looked.filter((each) => each.result === 'in-window').map((each) => each.key));
  }
  // The cut-over is decided on what the primary is like now.
  if (isProduction(run) && !isConfirmed(run.fence)) await raiseFence(pass, run);
  const found = await updateAttempt(ports, run, (now) =>
    compared(now, seen.result(ports.clock()), healed, ports.clock()),
  );
  await prove(pass, found);
  return found;
}

/** A point whose restore was checked is proven, whatever comes after; said again by the next step, should this process die here. */
export async function prove(pass: Pass, run: Run): Promise<void> {
  if (current(run).outcome !== 'passed') return;
  const { ports } = pass;
  const why = `${kinds[run.kind].title} ${run.id}`;
  await updatePoint(ports, current(run).point, (point) =>
    isProtected(point) && point.state !== 'proven' ? transition(point, 'proven', ports.clock(), why) : point,
  );
}

/** What the primary knows of artifacts that the replica lacks or holds wrongly; a dark one knows nothing. */
async function lookUpAtPrimary(pass: Pass, run: Run, problems: Problem[]): Promise<Lookup[]> {
  const found: Lookup[] = [];
  const batch = isProduction(run) ? await ArtifactBatch.begin(pass.ports) : undefined;
  try {
    for (const problem of problems)
      found.push({ key: problem.key, result: await lookUpOne(pass, run, problem, batch) });
  } catch (error) {
    if (!isDarkness(error)) throw error;
    pass.ports.log.warn('the primary cannot be asked for artifacts', { run: run.id, error: error.message });
  }
  await batch?.end();
  return found;
}

/** Healing is a help: what the primary refuses stays lost, is found as such, and holds up nothing. Its silence ends the asking. */
async function lookUpOne(...[pass, run, problem, batch]: Parameters<typeof lookUp>): Promise<Lookup['result']> {
  try {
    return await lookUp(pass, run, problem, batch);
  } catch (error) {
    if (hasCode(error, 'COPY_UNFINISHED')) return 'unfinished';
    if (!(error instanceof DrError) || isDarkness(error)) throw error;
    pass.ports.log.warn('an artifact could not be healed', { key: problem.key, error: describeError(error) });
    return 'lost';
  }
}

async function lookUp(
  pass: Pass,
  run: Run,
  problem: Problem,
  batch: ArtifactBatch | undefined,
): Promise<Lookup['result']> {
  const { primaryArtifacts } = pass.ports;
  const { key, kind } = problem;
  const entry = await primaryArtifacts.head(key);
  if (entry && batch) {
    await batch.handle(key, problem.checksum ?? undefined);
    return 'healed';
  }
  if (entry || kind !== 'missing') return 'lost';
  const { deletedAt, versions } = await primaryArtifacts.history(key);
  const [version] = versions;
  if (version && batch) {
    await copyEntry(pass.ports, version, version.versionId);
    return 'healed';
  }
  const point = pointOf(pass, run);
  const dataAt = 'dataAt' in point.database ? new Date(point.database.dataAt) : undefined;
  // Only a delete marker of after the data's instant proves it; what was never there is missing.
  return !version && deletedAt && dataAt && deletedAt >= dataAt ? 'in-window' : 'lost';
}
