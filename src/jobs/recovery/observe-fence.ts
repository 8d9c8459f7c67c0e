import type { Ports } from '../../core/ports/all.ts';
import type { FencePort } from '../../core/ports/recovery.ts';
import type { Observations } from '../../core/readiness/observations.ts';
import { type CurrentDirection, isPrimaryServing } from '../../core/recovery/direction.ts';
import { hasOurs } from '../../core/recovery/fence.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';

export type FenceLook = Pick<Ports, 'log'> & { fence: Pick<FencePort, 'fenceGroup' | 'database' | 'bucketPolicy'> };

/**
 * Which halves of the primary are closed although nobody wants that. A look that failed ends nothing, and is told: at once, or,
 * where that passes by itself, once it lasts.
 */
export async function lookForStray(
  { fence, log }: FenceLook,
  direction: CurrentDirection | undefined,
): Promise<Observations['closed']> {
  if (!direction || !isPrimaryServing(direction)) return undefined;
  try {
    const group = await fence.fenceGroup();
    const state = await fence.database();
    return {
      database: state?.groups.some(({ id, status }) => id === group && status !== 'removing') ?? false,
      bucket: hasOurs(await fence.bucketPolicy()),
    };
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    const unknown = describeError(error);
    log.warn('nobody could look whether the primary is fenced', { error: unknown });
    return { unknown, passes: isDarkness(error) || hasCode(error, 'THROTTLED', 'REMOTE_FAILED') };
  }
}
