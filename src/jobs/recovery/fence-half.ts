import { isPrimaryServing, standingOf } from '../../core/recovery/direction.ts';
import type { Fence } from '../../core/recovery/documents.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';
import type { Pass } from '../pass.ts';
import { readDirectionAgain } from '../vault/direction.ts';
import { readRunAgain, updateRun } from '../vault/runs.ts';

type Half = 'database' | 'bucket';

/** Changes one half of a run's fence. */
export function patch<H extends Half>(run: ProductionRun, half: H, change: Partial<Fence[H]>): ProductionRun {
  return { ...run, fence: { ...run.fence, [half]: { ...run.fence[half], ...change } } };
}

/** Records a change of one half; what was said of it before, and is over, is taken away. */
export function noteHalf<H extends Half>(
  { ports }: Pass,
  run: ProductionRun,
  half: H,
  change: Partial<Fence[H]> = {},
): Promise<ProductionRun> {
  return updateRun(ports, run, (now) => patch(now, half, { problem: undefined, waitsFor: undefined, ...change }));
}

/** The record that decides could not be read. */
class UnreadVault extends Error {}

/** What a failed call means for a half: silence and refusals are a problem, what AWS says will pass is waited for. */
function saidOf(error: DrError): Pick<Fence['bucket'], 'problem' | 'waitsFor'> {
  const said = describeError(error);
  if (isDarkness(error)) return { problem: `unreachable: ${said}`, waitsFor: undefined };
  if (hasCode(error, 'INVALID_STATE', 'THROTTLED', 'CONFLICT')) {
    return { problem: undefined, waitsFor: `refused for now: ${said}` };
  }
  return { problem: `refused: ${said}`, waitsFor: undefined };
}

/**
 * Works on one half; what it could not do is noted there, never thrown: the fence must not stop a recovery. A call that
 * failed does not undo what was read back.
 */
export async function onHalf(
  pass: Pass,
  run: ProductionRun,
  half: Half,
  work: () => Promise<ProductionRun>,
): Promise<ProductionRun> {
  const done = await untilRefused(pass, half, work);
  return 'refused' in done ? updateRun(pass.ports, run, (now) => patch(now, half, done.refused)) : done;
}

/** Work on one half, or what kept it from being done. */
export async function untilRefused<T extends object>(
  { ports: { log } }: Pass,
  half: Half,
  work: () => Promise<T>,
): Promise<T | { refused: ReturnType<typeof saidOf> }> {
  try {
    return await work();
  } catch (error) {
    // What cannot be read in the vault says nothing about the primary.
    if (error instanceof UnreadVault) throw error.cause;
    if (!(error instanceof DrError)) throw error;
    const refused = saidOf(error);
    log.warn('the fence was not brought further', { half, ...refused });
    return { refused };
  }
}

/** What a look into the vault came to; that it could not be read says nothing about the primary. */
export async function looking<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (cause) {
    throw new UnreadVault('what is wanted of the fence cannot be read', { cause });
  }
}

/**
 * Whether this run wants the primary closed at this moment: it is in hand or in force, by the direction alone, which an abort
 * changes before anything else. One in force that gave its bucket away wants nothing any more.
 */
export async function wantsClosed({ ports: { vault } }: Pass, run: ProductionRun): Promise<boolean> {
  const standing = standingOf(await readDirectionAgain(vault), run);
  if (standing !== 'in-force') return standing !== 'overtaken';
  const { fence } = await readRunAgain(vault, run);
  return fence.wanted && !fence.bucket.handedOver;
}

/** Whether at this moment nobody wants the primary closed. */
export const primaryServes = async ({ ports: { vault } }: Pass): Promise<boolean> =>
  isPrimaryServing(await readDirectionAgain(vault));

/**
 * Changes the primary between two looks at what is wanted now: false when it was not done, for that was no longer wanted.
 * Where that has changed while it was done, whoever called undoes it: also where its answer was lost.
 */
export async function acting(pass: Pass, isWanted: () => Promise<boolean>, act: () => Promise<void>): Promise<boolean> {
  if (!(await looking(isWanted))) return false;
  try {
    await act();
  } catch (refused) {
    if (!(await stillWanted(pass, isWanted))) pass.overtaken = true;
    throw refused;
  }
  if (!(await looking(isWanted))) pass.overtaken = true;
  return true;
}

/** Where nobody can look, it counts as no longer wanted: then it is looked at anew, and why the act failed is not hidden. */
async function stillWanted({ ports: { log } }: Pass, isWanted: () => Promise<boolean>): Promise<boolean> {
  try {
    return await isWanted();
  } catch (error) {
    log.warn('nobody could look what is wanted of the fence', { error: describeError(error) });
    return false;
  }
}
