import type { FenceState } from '../../core/ports/recovery.ts';
import type { Fence } from '../../core/recovery/documents.ts';
import { fencedPolicy, isFenced, isLifted, unfencedPolicy } from '../../core/recovery/fence.ts';
import { isCutOver } from '../../core/recovery/lifecycle.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { DrError, describeError } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';
import type { Pass } from '../pass.ts';
import { readDirectionAgain } from '../vault/direction.ts';
import { readRunAgain, updateRun } from '../vault/runs.ts';

type Half = 'database' | 'bucket';

function patch<H extends Half>(run: ProductionRun, half: H, change: Partial<Fence[H]>): ProductionRun {
  return { ...run, fence: { ...run.fence, [half]: { ...run.fence[half], ...change } } };
}

/** The record that decides could not be read. */
class UnreadVault extends Error {}

/** Works on one half; what it could not do is noted there, never thrown: the fence must not stop a recovery. */
async function onHalf(
  pass: Pass,
  run: ProductionRun,
  half: Half,
  work: () => Promise<ProductionRun>,
): Promise<ProductionRun> {
  try {
    return await work();
  } catch (error) {
    // What cannot be read in the vault says nothing about the primary.
    if (error instanceof UnreadVault) throw error.cause;
    if (!(error instanceof DrError)) throw error;
    const { ports } = pass;
    const dark = isDarkness(error);
    const problem = `${dark ? 'unreachable' : 'refused'}: ${describeError(error)}`;
    ports.log.warn('the fence is unconfirmed', { run: run.id, half, problem });
    return updateRun(ports, run, (now) => {
      if (now.fence[half].problem === problem) return now;
      // Silence does not undo what was read back; a refusal does.
      return patch(now, half, dark ? { problem } : { problem, confirmedAt: undefined });
    });
  }
}

/**
 * Right before the primary is changed: the run as it is now, if it still wants that and its fence is still the one that
 * counts. One that has nothing left to give back was taken over by another: what stands then is that one's.
 */
async function stillWanting(
  { ports: { vault } }: Pass,
  run: ProductionRun,
  wanted: boolean,
): Promise<ProductionRun | undefined> {
  try {
    const now = await readRunAgain(vault, run);
    if (now.fence.wanted !== wanted || now.fence.bucket.handedOver) return undefined;
    if (!wanted && isLifted(now.fence)) return undefined;
    return !isCutOver(now) || (await readDirectionAgain(vault)).failover === now.id ? now : undefined;
  } catch (cause) {
    throw new UnreadVault('the record of the fence cannot be read', { cause });
  }
}

/**
 * Brings the fence up as far as it goes, and looks whether it still stands: swaps the groups, waits, reboots, denies
 * writes by policy, reads both back. What was there before is in the record before anything is changed.
 */
export async function raiseFence(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  // The old instance has another name by now: what bears the primary's name may be the live one.
  if (run.fence.bucket.handedOver) return run;
  pass.fenced.add(run.id);
  const closed = await onHalf(pass, run, 'database', () => closeDatabase(pass, run));
  return onHalf(pass, closed, 'bucket', () => closeBucket(pass, closed));
}

function onlyFence(state: FenceState, group: string): 'active' | 'changing' | 'open' {
  if (!state.groups.some((each) => each.id === group)) return 'open';
  const alone = state.groups.every((each) => each.id === group && each.status === 'active');
  if (alone) return 'active';
  return state.groups.some((each) => each.status !== 'active') ? 'changing' : 'open';
}

async function closeDatabase(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const group = await ports.fence.fenceGroup();
  const state = await ports.fence.database();
  const at = ports.clock().toISOString();
  const note = (change: Partial<Fence['database']>) =>
    updateRun(ports, run, (now) => patch(now, 'database', { problem: undefined, ...change }));
  if (!state) {
    if (run.fence.database.confirmedAt) return run;
    return note({ confirmedAt: at, problem: 'the primary instance does not exist' });
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
  if (seen === 'open') {
    // Whatever was confirmed before is not true any more.
    current = await note({ confirmedAt: undefined, rebootAskedAt: undefined });
    if (state.status !== 'available') return note({ problem: `the primary instance is ${state.status}` });
    if (await stillWanting(pass, run, true)) await ports.fence.setGroups([group]);
    return current;
  }
  if (seen === 'changing' || state.status !== 'available') return current;
  if (current.fence.database.confirmedAt) return current.fence.database.problem ? note({}) : current;
  if (current.fence.database.rebootAskedAt) {
    // RDS may still show the state from before the reboot: only a later pass reads it back.
    return pass.rebooted.has(run.id) ? current : note({ confirmedAt: at });
  }
  const now = await stillWanting(pass, run, true);
  // Another pass may have rebooted it since this record was read.
  if (!now || now.fence.database.rebootAskedAt || now.fence.database.confirmedAt) return now ?? current;
  await ports.fence.reboot();
  pass.rebooted.add(run.id);
  return note({ rebootAskedAt: at });
}

async function closeBucket(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const { primaryArtifacts } = ports;
  const { partition } = ports.site;
  const { bucket } = primaryArtifacts;
  const note = (change: Partial<Fence['bucket']>) =>
    updateRun(ports, run, (now) => patch(now, 'bucket', { problem: undefined, ...change }));
  const policy = await ports.fence.bucketPolicy();
  if (run.fence.bucket.originalPolicy === undefined) {
    const originalPolicy = unfencedPolicy(policy) ?? null;
    await updateRun(ports, run, (now) =>
      now.fence.bucket.originalPolicy === undefined ? patch(now, 'bucket', { originalPolicy }) : now,
    );
  }
  if (!isFenced(policy, bucket, partition)) {
    await note({ confirmedAt: undefined });
    if (!(await stillWanting(pass, run, true))) return run;
    await ports.fence.setBucketPolicy(fencedPolicy(policy, bucket, partition));
    const readBack = await ports.fence.bucketPolicy();
    if (!isFenced(readBack, bucket, partition)) return note({ problem: 'the policy does not say so yet' });
  } else if (run.fence.bucket.confirmedAt && !run.fence.bucket.problem) return run;
  return note({ confirmedAt: ports.clock().toISOString() });
}

/** Takes the fence away: the groups that were there before, and the policy without our statement. */
async function liftFence(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const opened = await onHalf(pass, run, 'database', () => openDatabase(pass, run));
  return onHalf(pass, opened, 'bucket', async () => {
    const now = opened.fence.bucket.originalPolicy !== undefined && (await stillWanting(pass, opened, false));
    return now ? openBucket(pass, now) : opened;
  });
}

async function openDatabase(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const original = run.fence.database.originalGroups;
  if (!original) return run;
  const group = await ports.fence.fenceGroup();
  const state = await ports.fence.database();
  const lifted = { originalGroups: undefined, confirmedAt: undefined, rebootAskedAt: undefined, problem: undefined };
  const done = () => updateRun(ports, run, (now) => (now.fence.wanted ? now : patch(now, 'database', lifted)));
  if (!state) return done();
  const fenced = state.groups.some((each) => each.id === group);
  if (!fenced && state.groups.every((each) => each.status === 'active')) return done();
  if (original.length === 0) {
    const problem = 'the groups of before are not known: give the instance its own groups by hand';
    return updateRun(ports, run, (now) => patch(now, 'database', { problem }));
  }
  const idle = state.status === 'available' && onlyFence(state, group) !== 'changing';
  if (idle && (await stillWanting(pass, run, false))) await ports.fence.setGroups(original);
  return run;
}

/** Takes our statement out of the bucket's policy for good: the bucket serves as a replica from now on. */
export async function handOverBucket(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const opened = await openBucket(pass, run);
  return updateRun(pass.ports, opened, (now) =>
    patch(now, 'bucket', {
      handedOver: true,
      confirmedAt: now.fence.bucket.confirmedAt ?? pass.ports.clock().toISOString(),
    }),
  );
}

async function openBucket(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  if (run.fence.bucket.originalPolicy === undefined) return run;
  const { bucket } = ports.primaryArtifacts;
  const policy = await ports.fence.bucketPolicy();
  if (isFenced(policy, bucket, ports.site.partition)) await ports.fence.setBucketPolicy(unfencedPolicy(policy));
  return updateRun(ports, run, (now) =>
    patch(now, 'bucket', { originalPolicy: undefined, confirmedAt: undefined, problem: undefined }),
  );
}

/** Keeps the fence as the record wants it: raised while the failover is in hand or in force, or taken away. */
export async function keepFence(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  if (run.fence.wanted) return raiseFence(pass, run);
  return isLifted(run.fence) ? run : liftFence(pass, run);
}
