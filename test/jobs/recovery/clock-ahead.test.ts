import { describe, expect, it } from 'vitest';
import { isMoving } from '../../../src/core/recovery/lifecycle.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

const HOURS_AHEAD = 18;
/** What asked last is asked again after a quarter of an hour of silence; without it eight passes do. */
const MOST_PASSES = 40;

/** A failover whose `wrong`th pass has a clock that is ahead; `lost`: nobody hears what that pass asks of the inspector. */
async function failedOver(wrong: number, lost = false) {
  const { ports, clock, ids } = await protectedWorld(1);
  const begun = await start(ports, ids[0] ?? '');
  const ahead = {
    ...ports,
    clock: () => new Date(clock.now.getTime() + HOURS_AHEAD * 3_600_000),
    ...(lost ? { inspection: { start: () => Promise.resolve() } } : {}),
  };
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    clock.passMinutes(1);
    await advance(pass === wrong ? ahead : ports, testPolicy);
    settle(ports);
    const run = await readRun(ports, begun);
    if (!isMoving(run)) return { run, passes: pass };
  }
  return { run: await readRun(ports, begun), passes: MOST_PASSES };
}

const passes = Array.from({ length: 9 }, (_, n) => n);

describe('a failover one pass of which had a clock that was hours ahead', () => {
  it.each(passes)('serves in no more passes than any other, where it was pass %i', async (wrong) => {
    const usual = await failedOver(-1);
    const found = await failedOver(wrong);
    expect([usual.run.state, found.run.state]).toEqual(['done', 'done']);
    expect(found.passes).toBeLessThanOrEqual(usual.passes + 3);
  });

  it.each(passes)('asks the inspector again, where what pass %i asked of it was lost', async (wrong) => {
    const { run, passes: took } = await failedOver(wrong, true);
    expect(run.state).toBe('done');
    expect(took).toBeLessThan(MOST_PASSES);
  });
});
