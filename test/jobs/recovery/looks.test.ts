import { describe, expect, it } from 'vitest';
import { allFindings, current } from '../../../src/core/recovery/lifecycle.ts';
import type { InspectionReport } from '../../../src/core/recovery/report.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { readRunAgain, updateAttempt } from '../../../src/jobs/vault/runs.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { codes, drill, start, wrongOwner } from '../../setup/recovery-requests.ts';

describe('what was seen of a restored instance', () => {
  it('is of a drill or of a failover, also where both were begun in one second', async () => {
    const { ports, ids } = await protectedWorld();
    const rehearsal = await drill(ports);
    const run = await start(ports, ids[0] ?? '');
    expect(run.id).toBe(rehearsal.id);
    const kinds = (each: InspectionReport) => (each.run.startsWith('drills/') ? wrongOwner(each) : each);
    ports.inspection.answer = kinds;
    const ended = await finishRun(ports, run);
    expect([ended.state, codes(ended)]).toEqual(['done', []]);
    expect(codes(await finishRun(ports, rehearsal))).toContain('DATABASE_OWNER_WRONG');
    expect(new Set(ports.inspection.asked).size).toBe(ports.inspection.asked.length);
  });

  it('says nothing of another instance: a report that names one counts as none', async () => {
    const { ports, ids, clock } = await protectedWorld();
    let late = true;
    ports.inspection.answer = (each) => (late ? { ...wrongOwner(each), instance: 'hbdr-failover-other' } : each);
    const run = await start(ports, ids[0] ?? '');
    for (let n = 0; n < 8; n += 1) {
      settle(ports);
      await advance(ports, testPolicy);
    }
    const waiting = await readRun(ports, run);
    expect([waiting.state, allFindings(waiting)]).toEqual(['inspecting', []]);
    late = false;
    clock.passMinutes(17);
    const ended = await finishRun(ports, run);
    expect([ended.state, ended.attempts.length]).toEqual(['done', 1]);
  });

  it('is old once its operator has mended something and started the failover again', async () => {
    const { ports, ids } = await protectedWorld(1);
    ports.fence.dark = true;
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect(blocked.state).toBe('blocked');
    ports.inspection.answer = () => undefined;
    await start(ports, ids[0] ?? '', { acceptUnfenced: true });
    const again = await readRunAgain(ports.vault, blocked);
    expect(again.taken?.attempt).toBe(2);
    const changed = await updateAttempt(ports, { ...again, taken: { epoch: 1, attempt: 1 } }, (now) => ({
      ...now,
      acceptFindings: true,
    }));
    expect([changed.state, current(changed).instance]).toEqual([again.state, current(blocked).instance]);
    expect(changed.acceptFindings).toBe(false);
  });
});
