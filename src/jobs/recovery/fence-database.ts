import type { FenceState } from '../../core/ports/recovery.ts';
import { rebootLooked, refusedChange } from '../../core/recovery/fence-proof.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import type { SeenGroups } from '../../core/recovery/site-fence.ts';
import { describeError, hasCode } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { readRunAgain, updateRun } from '../vault/runs.ts';
import { acting, noteHalf, patch, wantsClosed } from './fence-half.ts';
import { noteRaising } from './site-fence.ts';

/** `changing`: it is being closed. What is on its way to be opened is open. */
function onlyFence({ groups }: FenceState, group: string): 'active' | 'changing' | 'open' {
  const ours = groups.find((each) => each.id === group);
  const others = groups.filter((each) => each.id !== group);
  if (!ours || ours.status === 'removing' || others.some((each) => each.status === 'adding')) return 'open';
  if (others.length === 0 && ours.status === 'active') return 'active';
  return groups.some((each) => each.status !== 'active') ? 'changing' : 'open';
}

function groupsOf({ groups }: FenceState, group: string): SeenGroups {
  const others = groups.filter((each) => each.id !== group).map((each) => each.id);
  return { fenced: others.length < groups.length, others };
}

/** What is said of a half that obeys again is taken away. */
const obeying = (pass: Pass, run: ProductionRun): Promise<ProductionRun> => noteHalf(pass, run, 'database');

/** RDS alone knows in which states it takes which change: it is asked in each, and its refusal is noted. */
async function asking(
  pass: Pass,
  run: ProductionRun,
  { status }: FenceState,
  ask: () => Promise<void>,
): Promise<ProductionRun> {
  try {
    const asked = await acting(pass, () => wantsClosed(pass, run), ask);
    return asked ? await obeying(pass, run) : run;
  } catch (error) {
    if (!hasCode(error, 'INVALID_STATE')) throw error;
    const said = refusedChange(status, describeError(error));
    pass.ports.log.info('the primary instance cannot be changed in its state', { run: run.id, status });
    return updateRun(pass.ports, run, (now) => patch(now, 'database', said));
  }
}

/** Swaps the groups, waits, reboots, reads back. What was there before is in `fence.json` before anything is changed. */
export async function closeDatabase(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const group = await ports.fence.fenceGroup();
  const state = await ports.fence.database();
  const at = ports.clock().toISOString();
  if (!state) {
    if (run.fence.database.confirmedAt) return run;
    return noteHalf(pass, run, 'database', { confirmedAt: at, problem: 'the primary instance does not exist' });
  }
  const seen = onlyFence(state, group);
  const { confirmedAt } = run.fence.database;
  if (confirmedAt && seen !== 'open') return obeying(pass, run);
  await noteRaising(pass, run, seen === 'open', groupsOf(state, group));
  if (seen === 'open') return swap(pass, run, state, group);
  if (seen === 'changing') return obeying(pass, run);
  const { rebootAskedAt } = run.fence.database;
  if (!rebootAskedAt) return reboot(pass, run, state);
  if (pass.rebooted.has(run.id)) return run;
  pass.rebooted.add(run.id);
  return looked(pass, run, rebootAskedAt, state);
}

/** RDS may still show the state from before the reboot, to this pass or to another that runs beside it. */
function looked({ ports }: Pass, run: ProductionRun, askedAt: string, { status }: FenceState): Promise<ProductionRun> {
  const at = ports.clock();
  return updateRun(ports, run, (now) => patch(now, 'database', rebootLooked(now.fence.database, askedAt, status, at)));
}

async function swap(pass: Pass, run: ProductionRun, state: FenceState, group: string): Promise<ProductionRun> {
  const { ports } = pass;
  // Whatever was confirmed before is not true any more.
  const open = { confirmedAt: undefined, rebootAskedAt: undefined, reboot: undefined };
  await updateRun(ports, run, (now) => patch(now, 'database', open));
  return asking(pass, run, state, () => ports.fence.setGroups([group]));
}

async function reboot(pass: Pass, run: ProductionRun, state: FenceState): Promise<ProductionRun> {
  const { ports } = pass;
  // Another pass may have rebooted it since this record was read.
  const now = await readRunAgain(ports.vault, run);
  if (now.fence.database.rebootAskedAt || now.fence.database.confirmedAt) return now;
  const asked = await asking(pass, run, state, async () => {
    await ports.fence.reboot();
    pass.rebooted.add(run.id);
  });
  if (pass.overtaken || !pass.rebooted.has(run.id)) return asked;
  const rebootAskedAt = ports.clock().toISOString();
  const noted = await noteHalf(pass, run, 'database', { rebootAskedAt });
  const after = await ports.fence.database();
  return after?.status === 'rebooting' ? looked(pass, noted, rebootAskedAt, after) : noted;
}
