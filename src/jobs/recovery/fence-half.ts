import type { Fence } from '../../core/recovery/documents.ts';
import { isLifted } from '../../core/recovery/fence.ts';
import { isCutOver } from '../../core/recovery/lifecycle.ts';
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
  try {
    return await work();
  } catch (error) {
    // What cannot be read in the vault says nothing about the primary.
    if (error instanceof UnreadVault) throw error.cause;
    if (!(error instanceof DrError)) throw error;
    const said = saidOf(error);
    pass.ports.log.warn('the fence was not brought further', { run: run.id, half, ...said });
    return updateRun(pass.ports, run, (now) => patch(now, half, said));
  }
}

/**
 * Right before the primary is changed: the run as it is now, if it still wants that and its fence is still the one that
 * counts. One that has nothing left to give back was taken over by another: what stands then is that one's.
 */
export async function stillWanting(
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
