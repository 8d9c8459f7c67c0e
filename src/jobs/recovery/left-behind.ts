import { type Failback, failbackSchema, type Recovery, recoverySchema } from '../../core/recovery/documents.ts';
import { isConfirmed, unconfirmed } from '../../core/recovery/fence.ts';
import { current, isOver, plannedRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';
import { readDirection, readDocument, updateDocument } from '../vault/documents.ts';
import { handOverBucket } from './fencing.ts';
import { announceRun, type RunContext, runKey } from './runs.ts';

function noted(record: Failback, state: Failback['state'], why: string, now: Date): Failback {
  const { problem: _solved, ...rest } = record;
  return { ...rest, state, history: [...record.history, { at: now.toISOString(), state, why }] };
}

/** What the run wants that looks into the database which a failover left behind. */
export const lookInto = (run: Recovery) => ({
  point: current(run).point,
  alarmTest: false,
  planned: false,
  acceptUnfenced: false,
  acceptFindings: false,
  diverged: run.id,
});

/** Takes the failback of the current truth as far as it can go. */
export async function advanceFailback(context: RunContext, runs: Recovery[]): Promise<Failback | undefined> {
  const { ports } = context;
  const { direction, failover } = await readDirection(ports.vault);
  const run = runs.find((each) => each.id === failover && each.schema === 'failover/1');
  if (direction === 'primary→dr' || !run) return undefined;
  const key = vaultKeys.failback(run.id);
  let record = (await readDocument(ports.vault, key, failbackSchema))?.value;
  while (record && record.state !== 'ready') {
    const before: string = JSON.stringify(record);
    const change = await nextOrDark(context, run, record);
    record = (await updateDocument(ports.vault, key, failbackSchema, (now) => now && change(now))).after;
    if (JSON.stringify(record) === before) break;
  }
  return record;
}

/** A primary that does not answer is waited for. */
async function nextOrDark(context: RunContext, run: Recovery, record: Failback): Promise<Change> {
  try {
    return await next(context, run, record);
  } catch (error) {
    if (!isDarkness(error, context.darkness)) throw error;
    return (now) => ({ ...now, problem: `the primary does not answer: ${error.message}` });
  }
}

type Change = (record: Failback) => Failback;
const unchanged: Change = (record) => record;

async function next(context: RunContext, run: Recovery, record: Failback): Promise<Change> {
  const { ports } = context;
  const to =
    (state: Failback['state'], why: string): Change =>
    (now) =>
      now.state === record.state ? noted(now, state, why, ports.clock()) : now;
  switch (record.state) {
    case 'fencing': {
      const found = (await readDocument(ports.vault, runKey(run), recoverySchema))?.value;
      const problem = unconfirmed(found?.fence);
      return isConfirmed(found?.fence)
        ? to('capturing-diverged', 'the old primary is fenced')
        : (now) => ({ ...now, problem });
    }
    case 'capturing-diverged':
      return (await captured(context, record))
        ? to('inspecting-diverged', `snapshot ${record.snapshot} is copied`)
        : unchanged;
    case 'inspecting-diverged':
      return inspectDiverged(context, run, record, to);
    case 'renaming':
      return rename(context, run, record, to);
    default:
      return unchanged;
  }
}

/** The final snapshot of the old instance, in its region and here. */
async function captured({ ports }: RunContext, { snapshot, failover }: Failback): Promise<boolean> {
  const { database } = ports;
  const tag = `diverged-${failover}`;
  const there = await database.status(snapshot);
  if (!there) {
    try {
      await database.capture(snapshot, tag);
    } catch (error) {
      if (!hasCode(error, 'INVALID_STATE', 'QUOTA_EXCEEDED')) throw error;
    }
    return false;
  }
  if (there.status !== 'available') return false;
  const here = await database.copyStatus(snapshot);
  if (!here) await database.copyToDr({ name: snapshot, sourceArn: there.arn, pointId: tag });
  return here?.status === 'available';
}

async function inspectDiverged(
  context: RunContext,
  run: Recovery,
  record: Failback,
  to: (state: Failback['state'], why: string) => Change,
): Promise<Change> {
  const { ports, policy } = context;
  const wanted = {
    ...plannedRun('drill', new Date(record.startedAt), lookInto(run), [current(run).point], policy),
    id: record.run,
  };
  const key = runKey(wanted);
  const { before, after } = await updateDocument(ports.vault, key, recoverySchema, (now) => now ?? wanted);
  if (!before && after) await announceRun(ports, after);
  if (!after || !isOver(after)) return unchanged;
  if (after.state === 'passed') return to('renaming', after.history.at(-1)?.why ?? 'inspected');
  // The list is a help, the snapshot is the safety: a database that cannot be looked into stops nobody.
  return to('renaming', `the old database could not be looked into: ${after.history.at(-1)?.why}`);
}

async function rename(
  context: RunContext,
  run: Recovery,
  record: Failback,
  to: (state: Failback['state'], why: string) => Change,
): Promise<Change> {
  const { fence } = context.ports;
  const renamed = await fence.database(record.renamedTo);
  const old = await fence.database();
  if (old) {
    if (old.status === 'available' && !renamed) await fence.rename(record.renamedTo);
    return unchanged;
  }
  if (renamed?.status !== 'available') return unchanged;
  await handOverBucket(context, run);
  return to('ready', `the old instance is kept as ${record.renamedTo}; its bucket is free to be a replica`);
}
