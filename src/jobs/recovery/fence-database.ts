import type { FenceState } from '../../core/ports/recovery.ts';
import { isSameFence } from '../../core/recovery/fence.ts';
import { rebootLooked, refusedChange } from '../../core/recovery/fence-proof.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { describeError, hasCode } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { readRunAgain, updateRun } from '../vault/runs.ts';
import { acting, noteHalf, patch } from './fence-half.ts';

/** `changing`: it is being closed. What is on its way to be opened is open. */
function onlyFence({ groups }: FenceState, group: string): 'active' | 'changing' | 'open' {
  const ours = groups.find((each) => each.id === group);
  const others = groups.filter((each) => each.id !== group);
  if (!ours || ours.status === 'removing' || others.some((each) => each.status === 'adding')) return 'open';
  if (others.length === 0 && ours.status === 'active') return 'active';
  return groups.some((each) => each.status !== 'active') ? 'changing' : 'open';
}

/** What is said of a half that obeys again is taken away. */
const obeying = (pass: Pass, run: ProductionRun): Promise<ProductionRun> => noteHalf(pass, run, 'database');

/** RDS alone knows in which states it takes which change: it is asked in each, and its refusal is noted. */
async function asking(
  pass: Pass,
  run: ProductionRun,
  { status }: FenceState,
  way: Parameters<typeof acting>[2],
  ask: () => Promise<void>,
): Promise<ProductionRun> {
  try {
    return (await acting(pass, run, way, ask)) ? await obeying(pass, run) : run;
  } catch (error) {
    if (!hasCode(error, 'INVALID_STATE')) throw error;
    const said = refusedChange(status, describeError(error));
    pass.ports.log.info('the primary instance cannot be changed in its state', { run: run.id, status });
    return updateRun(pass.ports, run, (now) => patch(now, 'database', said));
  }
}

/** Swaps the groups, waits, reboots, reads back. What was there before is in the record before anything is changed. */
export async function closeDatabase(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const group = await ports.fence.fenceGroup();
  const state = await ports.fence.database();
  const at = ports.clock().toISOString();
  if (!state) {
    if (run.fence.database.confirmedAt) return run;
    return noteHalf(pass, run, 'database', { confirmedAt: at, problem: 'the primary instance does not exist' });
  }
  let current = run;
  if (!run.fence.database.originalGroups) {
    const originalGroups = state.groups.map((each) => each.id).filter((each) => each !== group);
    // Another run may have noted them and swapped them since: what was first is what was there.
    current = await updateRun(ports, run, (now) =>
      now.fence.database.originalGroups ? now : patch(now, 'database', { originalGroups }),
    );
  }
  const seen = onlyFence(state, group);
  if (seen === 'open') return swap(pass, current, state, group);
  if (seen === 'changing' || current.fence.database.confirmedAt) return obeying(pass, current);
  const { rebootAskedAt } = current.fence.database;
  if (!rebootAskedAt) return reboot(pass, current, state);
  if (pass.rebooted.has(run.id)) return current;
  pass.rebooted.add(run.id);
  return looked(pass, current, rebootAskedAt, state);
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
  return asking(pass, run, state, 'closing', () => ports.fence.setGroups([group]));
}

async function reboot(pass: Pass, run: ProductionRun, state: FenceState): Promise<ProductionRun> {
  const { ports } = pass;
  // Another pass may have rebooted it since this record was read.
  const now = await readRunAgain(ports.vault, run);
  if (now.fence.database.rebootAskedAt || now.fence.database.confirmedAt) return now;
  const asked = await asking(pass, run, state, 'closing', async () => {
    await ports.fence.reboot();
    pass.rebooted.add(run.id);
  });
  if (pass.overtaken.has(run.id) || !pass.rebooted.has(run.id)) return asked;
  const rebootAskedAt = ports.clock().toISOString();
  const noted = await noteHalf(pass, run, 'database', { rebootAskedAt });
  const after = await ports.fence.database();
  return after?.status === 'rebooting' ? looked(pass, noted, rebootAskedAt, after) : noted;
}

/** Gives the instance the groups back that it had before. */
export async function openDatabase(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const original = run.fence.database.originalGroups;
  if (!original) return run;
  const group = await ports.fence.fenceGroup();
  const state = await ports.fence.database();
  const lifted = {
    originalGroups: undefined,
    confirmedAt: undefined,
    rebootAskedAt: undefined,
    reboot: undefined,
    problem: undefined,
    waitsFor: undefined,
  };
  const done = () =>
    updateRun(ports, run, (now) =>
      now.fence.wanted || !isSameFence(run.fence, now.fence) ? now : patch(now, 'database', lifted),
    );
  if (!state) return done();
  const fenced = state.groups.some((each) => each.id === group);
  if (!fenced && state.groups.every((each) => each.status === 'active')) return done();
  if (original.length === 0) {
    const problem = 'the groups of before are not known: give the instance its own groups by hand';
    return updateRun(ports, run, (now) => patch(now, 'database', { problem, waitsFor: undefined }));
  }
  if (state.groups.some((each) => each.status !== 'active')) return run;
  return asking(pass, run, state, 'opening', () => ports.fence.setGroups(original));
}
