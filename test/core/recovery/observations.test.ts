import { describe, expect, it } from 'vitest';
import { type Finding, finding } from '../../../src/core/findings.ts';
import { cutOverDone, stepsAgain } from '../../../src/core/recovery/cut-over-steps.ts';
import type { Fence } from '../../../src/core/recovery/documents.ts';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import * as seen from '../../../src/core/recovery/observations.ts';
import { instanceSeen, passwordSettled } from '../../../src/core/recovery/restored-instance.ts';
import type { ProductionRun, Run, RunKind, RunState } from '../../../src/core/recovery/run.ts';
import { point } from '../../setup/observations.ts';
import { comparison, restoredFacts as facts, runIn } from '../../setup/runs.ts';

const now = new Date('2026-11-22T15:10:00Z');
const at = now.toISOString();
const why = (run: Run) => run.history.at(-1)?.why;
const critical = finding('DATABASE_EMPTY', 'i', 'it is empty');
const warning = finding('SIGNER_UNKNOWN', 'i', 'who is that');
const planted: Finding[] = (['ARTIFACT_CORRUPT', 'ARTIFACT_MISSING', 'BUILDER_KEY_USELESS'] as const).map((code) =>
  finding(code, 'p', 'planted'),
);
const missing = { ...comparison, missing: { count: 1, samples: ['k'] } };
const inspection = { askedAt: at, tries: 1, report: 'r' };
const closed = { confirmedAt: at };
const fence: Fence = { wanted: true, database: closed, bucket: closed };
const half: Fence = { ...fence, bucket: { problem: 'access denied' } };
const open: Fence = { ...fence, database: {}, bucket: {} };
const patience = { fenceMinutes: 15 };

describe('a restore', () => {
  it('is noted once a class, and keeps what AWS refused before', () => {
    const refused = seen.capacityRefused(runIn('drill', 'restoring'), 'db.a', 'none left', now);
    expect(current(refused).restore).toEqual({
      askedAt: at,
      className: '',
      refused: [{ className: 'db.a', why: 'none left' }],
    });
    const again = seen.capacityRefused(refused, 'db.a', 'still none', new Date(0));
    expect(current(again).restore?.refused).toEqual([{ className: 'db.a', why: 'still none' }]);
    const taken = seen.restoreAsked(again, 'db.b', now);
    expect(current(taken).restore).toMatchObject({ className: 'db.b', refused: [{ className: 'db.a' }] });
    expect(seen.restoreAsked(taken, 'db.b', new Date(0))).toBe(taken);
  });
});

describe('an inspection', () => {
  it('is counted each time that it is asked for', () => {
    const asked = seen.inspectionAsked(seen.inspectionAsked(runIn('drill', 'inspecting'), 'r1', now), 'r2', now);
    expect(current(asked).inspection).toEqual({ askedAt: at, tries: 2, report: 'r2' });
  });

  it('that nobody asked for says nothing', () => {
    const run = runIn('drill', 'inspecting');
    expect(seen.inspected(run, [], {}, now)).toBe(run);
  });

  it.each<[RunKind, Finding[], object, RunState, string]>([
    ['drill', [], {}, 'verifying', 'b'],
    ['drill', [critical], {}, 'verifying', 'b'],
    ['alarm-test', [critical], {}, 'verifying', 'b'],
    ['failover', [warning], {}, 'healing+verifying', 'b'],
    ['failover', [critical], {}, 'restoring', 'c'],
    ['failover', [critical], { acceptFindings: true }, 'healing+verifying', 'b'],
    ['switchover', [critical], {}, 'restoring', 'c'],
  ])('of a %s that finds %j (%j) leads to %s, with point %s', (kind, findings, change, state, on) => {
    const run = seen.inspected(runIn(kind, 'inspecting', { inspection }, change), findings, { accounts: 1 }, now);
    expect([run.state, current(run).point]).toEqual([state, on]);
    expect(run.attempts[1]).toMatchObject({ rows: { accounts: 1 }, inspection: { doneAt: at }, findings });
  });
});

const settled = { backups: { outcome: { name: 'backups', ok: true, detail: 'kept for 7 days' } } };
const judged = <R extends ProductionRun>(run: R, result: typeof comparison, healed: number): R =>
  seen.readyToCutOver(seen.compared(run, result, healed, now), patience, now);

describe('the comparison of rows and objects', () => {
  const verdict = (kind: 'drill' | 'alarm-test', findings: Finding[], result = comparison) => {
    const run = seen.compared(runIn(kind, 'verifying', { findings }), result, 0, now);
    return [run.state, current(run).outcome, why(run), seen.scratchFailure(run)];
  };

  it('is the verdict of a drill', () => {
    const good = 'everything fits together';
    expect(verdict('drill', [])).toEqual(['cleaning-up', 'passed', good, undefined]);
    expect(verdict('drill', [warning])).toEqual(['cleaning-up', 'passed', good, undefined]);
    const both = 'DATABASE_EMPTY, ARTIFACT_MISSING';
    expect(verdict('drill', [critical, critical], missing)).toEqual(['cleaning-up', 'rejected', both, both]);
  });

  it('passes an alarm test when all that was planted is found, and proves no point by it', () => {
    const found = 'planted faults were found';
    expect(verdict('alarm-test', planted)).toEqual(['cleaning-up', 'rejected', found, undefined]);
    const two = 'planted faults were NOT found: BUILDER_KEY_USELESS';
    expect(verdict('alarm-test', planted.slice(0, 2))).toEqual(['cleaning-up', 'rejected', two, two]);
    const unseen = 'planted faults were NOT found: ARTIFACT_CORRUPT, BUILDER_KEY_USELESS';
    expect(verdict('alarm-test', [], missing)).toEqual(['cleaning-up', 'rejected', unseen, unseen]);
  });

  it.each<[string, 'failover' | 'switchover', object, typeof comparison, RunState, string | undefined]>([
    ['all fits, fenced', 'failover', { fence }, comparison, 'cutting-over', 'passed'],
    ['all fits, half fenced', 'failover', { fence: half }, comparison, 'blocked', 'passed'],
    ['unfenced, as accepted', 'failover', { fence: half, acceptUnfenced: true }, comparison, 'cutting-over', 'passed'],
    ['a switchover needs its fence', 'switchover', { fence: half }, comparison, 'blocked', 'passed'],
    ['a switchover that is fenced', 'switchover', { fence }, comparison, 'cutting-over', 'passed'],
    ['an artifact is missing', 'failover', { fence }, missing, 'restoring', undefined],
    ['missing, as accepted', 'failover', { fence, acceptFindings: true }, missing, 'cutting-over', 'accepted'],
  ])('of production: %s', (_what, kind, change, result, state, outcome) => {
    const run = judged(runIn(kind, 'healing+verifying', settled, change), result, 2);
    expect([run.state, current(run).outcome, run.attempts[1]?.healed]).toEqual([state, outcome, 2]);
  });

  it('that ends before an unconfirmed fence says why, what to do, and the request that goes on', () => {
    const run = judged(runIn('failover', 'healing+verifying', settled, { fence: half }), comparison, 0);
    expect(run.blocked).toEqual({
      at,
      reason: 'the fence is unconfirmed (bucket: access denied)',
      doFirst: 'stop Builder at the primary by hand',
      resume: { point: 'latest', confirm: 'b', planned: false, acceptUnfenced: true, acceptFindings: false },
    });
    const planned = judged(runIn('switchover', 'healing+verifying', settled, { fence: half }), comparison, 0);
    expect(planned.blocked?.resume).toMatchObject({ planned: true, acceptUnfenced: false });
  });
});

describe('the fence of a run', () => {
  const refused: Fence = { ...fence, database: { problem: 'dark' }, bucket: { problem: 'dark' } };
  const later = (minutes: number) => new Date(new Date('2026-11-22T15:01:00Z').getTime() + minutes * 60_000);

  it.each<[string, 'failover' | 'switchover', Fence, number, RunState]>([
    ['closed: a failover restores', 'failover', fence, 1, 'restoring'],
    ['closed: a switchover captures the final point', 'switchover', fence, 1, 'capturing-final'],
    ['of a primary that obeys is waited for', 'failover', open, 14, 'fencing'],
    ['of a primary that obeys is not waited for without end', 'failover', open, 15, 'restoring'],
    ['of a primary that refuses costs a failover nothing', 'failover', refused, 0, 'restoring'],
    ['half closed, half refused', 'failover', half, 0, 'restoring'],
    ['half closed, half on its way', 'failover', { ...fence, bucket: {} }, 14, 'fencing'],
    ['refused: a switchover waits', 'switchover', refused, 14, 'fencing'],
    ['refused: a switchover stops at last', 'switchover', refused, 15, 'blocked'],
  ])('%s (%s)', (_what, kind, found, minutes, state) => {
    const run = runIn(kind, 'fencing', {}, { fence: found });
    expect(seen.fencingOver(run, { fenceMinutes: 15 }, later(minutes)).state).toBe(state);
  });

  it('has its time again in a run that was blocked, mended and taken up', () => {
    const run = runIn('switchover', 'fencing', {}, { fence: refused });
    const before = { at: '2026-11-22T14:00:00Z', state: 'fencing', why: 'an hour ago' } as const;
    const again = { ...run, history: [before, ...run.history] };
    expect(seen.fencingOver(again, { fenceMinutes: 15 }, later(14))).toBe(again);
  });
});

describe('the final point of a switchover', () => {
  it.each([
    ['capturing', 'capturing-final', undefined],
    ['listing+copying', 'capturing-final', undefined],
    ['protected', 'restoring', undefined],
    ['proven', 'restoring', undefined],
    ['failed', 'blocked', 'the next start captures another final point'],
    ['suspect', 'blocked', '`builder-dr points accept 20261122t140000z`'],
  ] as const)('that is %s: %s', (state, wanted, doFirst) => {
    const run = seen.finalSeen(runIn('switchover', 'capturing-final'), { ...point, state }, now);
    expect(run.state).toBe(wanted);
    if (doFirst) expect(run.blocked?.doFirst).toContain(doFirst);
    if (wanted === 'restoring') expect([current(run).point, run.candidates]).toEqual([point.id, []]);
  });
});

describe('a cut-over', () => {
  const step = (name: string, ok: boolean) => ({ name, ok, detail: '' });

  it('names what is left to be done by hand', () => {
    const run = cutOverDone(runIn('failover', 'cutting-over'), 3, [step('dns', false), step('file', true)], now);
    expect([run.state, why(run), run.cutOver?.epoch]).toEqual(['smoke-testing', 'cut over; by hand: dns', 3]);
    const clean = cutOverDone(runIn('failover', 'cutting-over'), 3, [step('dns', true)], now);
    expect(why(clean)).toBe('cut over');
  });

  it('ends as done whatever the smoke test says, and says it', () => {
    const asked = seen.smokeAsked(seen.smokeAsked(runIn('failover', 'smoke-testing'), 'r', now), 'r', now);
    expect(asked.smoke).toEqual({ askedAt: at, tries: 2, report: 'r' });
    const good = seen.smokeSeen(asked, [], now);
    expect([good.state, why(good), good.smoke?.doneAt]).toEqual(['done', 'Builder can serve', at]);
    const bad = seen.smokeSeen(asked, [warning], now);
    expect([bad.state, why(bad), bad.findings]).toEqual(['done', 'cut over, but SIGNER_UNKNOWN', [warning]]);
    const unasked = runIn('failover', 'smoke-testing');
    expect(seen.smokeSeen(unasked, [], now)).toBe(unasked);
  });
});

describe('a scratch run', () => {
  it('that is cleaned up has passed, or failed for the reason that it has', () => {
    expect(seen.cleanedUp(runIn('drill', 'cleaning-up'), now, undefined).state).toBe('passed');
    const failed = seen.cleanedUp(runIn('drill', 'cleaning-up'), now, 'ROWS_FELL');
    expect([failed.state, why(failed)]).toEqual(['failed', 'ROWS_FELL']);
  });

  it.each<[RunKind, RunState, string, RunState]>([
    ['drill', 'restoring', '2026-11-22T17:59:59Z', 'restoring'],
    ['drill', 'restoring', '2026-11-22T18:00:00Z', 'cleaning-up'],
    ['alarm-test', 'inspecting', '2026-11-22T18:00:00Z', 'cleaning-up'],
    ['look-back', 'verifying', '2026-11-22T18:00:00Z', 'cleaning-up'],
    ['drill', 'cleaning-up', '2026-11-22T18:00:00Z', 'cleaning-up'],
    ['failover', 'restoring', '2026-12-22T18:00:00Z', 'restoring'],
  ])('past its deadline: a %s that is %s at %s is then %s', (kind, state, when, then) => {
    expect(seen.pastDeadline(runIn(kind, state), new Date(when)).state).toBe(then);
  });

  it('that was stopped before it had a verdict has failed', () => {
    expect(seen.scratchFailure(runIn('drill', 'cleaning-up'))).toBe('stopped');
    expect(seen.scratchFailure(runIn('alarm-test', 'cleaning-up'))).toBe('stopped');
    expect(seen.scratchFailure(runIn('drill', 'cleaning-up', { outcome: 'rejected', why: 'so' }))).toBe('so');
  });
});

describe('an observation that comes late', () => {
  const late: Record<string, (run: never) => Run> = {
    restoreAsked: (run) => seen.restoreAsked(run, 'c', now),
    capacityRefused: (run) => seen.capacityRefused(run, 'c', 'w', now),
    instanceSeen: (run) => instanceSeen(run, facts, () => 'postgres 17.10', now),
    passwordSet: (run) => seen.passwordSet(run, 's', now),
    passwordSettled: (run) => passwordSettled(run, facts, now),
    inspectionAsked: (run) => seen.inspectionAsked(run, 'r', now),
    inspected: (run) => seen.inspected(run, [], {}, now),
    compared: (run) => seen.compared(run, comparison, 0, now),
    fencingOver: (run) => seen.fencingOver(run, patience, now),
    finalSeen: (run) => seen.finalSeen(run, point, now),
    cutOverDone: (run) => cutOverDone(run, 1, [], now),
    stepsAgain: (run) => stepsAgain(run, [{ name: 'dns', ok: true, detail: '' }]),
    smokeAsked: (run) => seen.smokeAsked(run, 'r', now),
    smokeSeen: (run) => seen.smokeSeen(run, [], now),
    cleanedUp: (run) => seen.cleanedUp(run, now, undefined),
  };

  it.each(Object.entries(late))('changes nothing of a run that is over: %s', (_name, observe) => {
    const password = { secret: 's', setAt: at };
    for (const run of [
      runIn('switchover', 'aborted', { inspection, password }, { fence }),
      runIn('failover', 'done', { inspection, password }, { fence, smoke: inspection }),
    ]) {
      expect(observe(run as never)).toBe(run);
    }
  });
});
