import type { Log } from '../../src/core/ports/all.ts';
import { hasCode } from '../../src/errors.ts';

/** A schedule or an event has nothing to do while protection flows another way: no schedule is ever disabled. */
export async function unlessElsewhere<T>(log: Log, work: () => Promise<T>): Promise<T | { skipped: string }> {
  try {
    return await work();
  } catch (error) {
    if (!hasCode(error, 'WRONG_DIRECTION')) throw error;
    log.info('nothing was done', { why: error.message });
    return { skipped: error.message };
  }
}
