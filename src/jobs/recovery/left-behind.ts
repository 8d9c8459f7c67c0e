import { divergedSnapshotName, divergedTag } from '../../core/ids.ts';
import { type Failback, failbackSchema } from '../../core/recovery/documents.ts';
import { isConfirmed, unconfirmed } from '../../core/recovery/fence.ts';
import { current, isOver, plannedRun } from '../../core/recovery/lifecycle.ts';
import { isProduction, type ProductionRun, type Run, type RunOf, runSchema } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';
import { directionOf, type Pass } from '../pass.ts';
import { readDirectionAgain } from '../vault/direction.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';
import { announceRun, readRunAgain, runKey } from '../vault/runs.ts';
import { handOverBucket } from './fence-bucket.ts';

function noted(record: Failback, state: Failback['state'], why: string, now: Date): Failback {
  const { problem: _solved, ...rest } = record;
  return { ...rest, state, history: [...record.history, { at: now.toISOString(), state, why }] };
}

/** Takes the failback of the failover in force as far as it can go. */
export async function advanceFailback(pass: Pass): Promise<Failback | undefined> {
  const { ports } = pass;
  const { direction, failover } = (await directionOf(pass)) ?? {};
  const run = pass.runs.filter(isProduction).find((each) => each.id === failover);
  if (direction === 'primary→dr' || !run) return undefined;
  const key = vaultKeys.failback(run.id);
  let record = (await readDocument(ports.vault, key, failbackSchema))?.value;
  while (record && record.state !== 'ready') {
    const before: string = JSON.stringify(record);
    const change = await nextOrDark(pass, run, record);
    record = (await updateDocument(ports.vault, key, failbackSchema, (now) => now && change(now))).after;
    if (JSON.stringify(record) === before) break;
  }
  return record;
}

/** A primary that does not answer is waited for. */
async function nextOrDark(pass: Pass, run: ProductionRun, record: Failback): Promise<Change> {
  try {
    return await next(pass, run, record);
  } catch (error) {
    if (!isDarkness(error)) throw error;
    return (now) => ({ ...now, problem: `the primary does not answer: ${error.message}` });
  }
}

type Change = (record: Failback) => Failback;
const unchanged: Change = (record) => record;

async function next(pass: Pass, run: ProductionRun, record: Failback): Promise<Change> {
  const { ports } = pass;
  const to =
    (state: Failback['state'], why: string): Change =>
    (now) =>
      now.state === record.state ? noted(now, state, why, ports.clock()) : now;
  switch (record.state) {
    case 'fencing': {
      const { fence } = await readRunAgain(ports.vault, run);
      const problem = unconfirmed(fence);
      return isConfirmed(fence)
        ? to('capturing-diverged', 'the old primary is fenced')
        : (now) => ({ ...now, problem });
    }
    case 'capturing-diverged': {
      const found = await captured(pass, record);
      if (found === 'copied') return to('inspecting-diverged', `snapshot ${record.snapshot} is copied`);
      return found === 'waits' ? unchanged : (now) => retaken(now, record.snapshot, found.failed);
    }
    case 'inspecting-diverged':
      return inspectDiverged(pass, run, record, to);
    case 'renaming':
      return rename(pass, run, record, to);
    default:
      return unchanged;
  }
}

const SNAPSHOTS_LIMIT = 5;

/** One that failed keeps its name until somebody deletes it: the next one has another. After the last a person is needed. */
function retaken(now: Failback, snapshot: string, failed: string): Failback {
  if (now.snapshot !== snapshot) return now;
  const tries = (now.tries ?? 1) + 1;
  if (tries > SNAPSHOTS_LIMIT) {
    const left = `${SNAPSHOTS_LIMIT} of them failed. Mend what RDS says of it, then delete ${snapshot}: it is taken again`;
    return { ...now, problem: `${failed}: ${left}` };
  }
  const next = divergedSnapshotName(now.failover, tries);
  return { ...now, tries, snapshot: next, problem: `${failed}: ${next} is taken instead` };
}

/** The final snapshot of the old instance, in its region and here. */
async function captured({ ports }: Pass, record: Failback): Promise<'copied' | 'waits' | { failed: string }> {
  const { snapshot, failover, tries } = record;
  const { database } = ports;
  const tag = divergedTag(failover, tries);
  const there = await database.status(snapshot);
  if (!there) {
    try {
      await database.capture(snapshot, tag);
    } catch (error) {
      if (!hasCode(error, 'INVALID_STATE', 'QUOTA_EXCEEDED')) throw error;
    }
    return 'waits';
  }
  if (there.status === 'failed') return { failed: `RDS reports snapshot ${snapshot} as failed` };
  if (there.status !== 'available') return 'waits';
  const here = await database.copyStatus(snapshot);
  if (!here) await database.copyToDr({ name: snapshot, sourceArn: there.arn, pointId: tag });
  if (here?.status === 'failed') return { failed: `RDS reports the copy of ${snapshot} as failed` };
  return here?.status === 'available' ? 'copied' : 'waits';
}

async function inspectDiverged(
  pass: Pass,
  run: ProductionRun,
  record: Failback,
  to: (state: Failback['state'], why: string) => Change,
): Promise<Change> {
  const { ports, policy } = pass;
  const { point } = current(run);
  const asked = { kind: 'look-back', point, failover: run.id } as const;
  const wanted: RunOf<'look-back'> = {
    ...plannedRun(asked, new Date(record.startedAt), [point], policy),
    id: record.run,
    ...(record.tries === undefined ? {} : { snapshot: record.snapshot }),
  };
  const { before, after } = await updateDocument<Run>(ports.vault, runKey(wanted), runSchema, (now) => now ?? wanted);
  if (!before && after) await announceRun(ports, after);
  if (!after || !isOver(after)) return unchanged;
  if (after.state === 'passed') return to('renaming', after.history.at(-1)?.why ?? 'inspected');
  // The list is a help, the snapshot is the safety: a database that cannot be looked into stops nobody.
  return to('renaming', `the old database could not be looked into: ${after.history.at(-1)?.why}`);
}

async function rename(
  pass: Pass,
  run: ProductionRun,
  record: Failback,
  to: (state: Failback['state'], why: string) => Change,
): Promise<Change> {
  const { fence } = pass.ports;
  const renamed = await fence.database(record.renamedTo);
  const old = await fence.database();
  if (old) {
    const inForce = async () => (await readDirectionAgain(pass.ports.vault)).failover === run.id;
    if (old.status === 'available' && !renamed && (await inForce())) await fence.rename(record.renamedTo);
    return unchanged;
  }
  if (renamed?.status !== 'available') return unchanged;
  await handOverBucket(pass, run);
  return to('ready', `the old instance is kept as ${record.renamedTo}; its bucket is free to be a replica`);
}
