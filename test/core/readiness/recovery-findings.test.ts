import { describe, expect, it } from 'vitest';
import { assessReadiness } from '../../../src/core/readiness/assess.ts';
import type { Observations } from '../../../src/core/readiness/observations.ts';
import { block, plannedRun } from '../../../src/core/recovery/lifecycle.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import { copy, dark, healthy, now } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';

const wanted = { kind: 'failover', point: 'latest', acceptUnfenced: false, acceptFindings: false } as const;
function drill(state: 'passed' | 'failed', at: string, minutes = 5, alarmTest = false): Run {
  const begun = new Date(at);
  const asked = alarmTest
    ? ({ kind: 'alarm-test', point: 'latest' } as const)
    : ({ kind: 'drill', point: 'latest', readAll: false } as const);
  const run = plannedRun(asked, begun, [], testPolicy);
  const end = new Date(begun.getTime() + minutes * 60_000).toISOString();
  return { ...run, state, history: [...run.history, { at: end, state, why: 'ARTIFACT_MISSING' }] };
}
const done = { ...plannedRun(wanted, now, [], testPolicy), state: 'done' as const };
const confirmed = { confirmedAt: now.toISOString() };
const fenced: Run = { ...done, fence: { wanted: true, database: confirmed, bucket: confirmed } };
const assess = (change: Partial<Observations>) => assessReadiness({ ...healthy, ...change }, testPolicy, now);
const codes = (change: Partial<Observations>) => assess(change).findings.map((each) => each.code);

describe('readiness and what was rehearsed', () => {
  it('a drill that passed lately is nothing to say', () => {
    expect(codes({ runs: [drill('passed', '2026-11-20T03:00:00Z')] })).toEqual([]);
  });

  it('a failed drill is critical until one passes; a failed alarm test likewise, on its own', () => {
    const failed = drill('failed', '2026-11-21T03:00:00Z');
    expect(assess({ runs: [failed] })).toMatchObject({
      status: 'NOT_READY',
      findings: [{ code: 'DRILL_FAILED', subject: failed.id }],
    });
    expect(codes({ runs: [failed, drill('passed', '2026-11-22T03:00:00Z')] })).toEqual([]);
    const alarm = drill('failed', '2026-11-21T03:00:00Z', 5, true);
    expect(codes({ runs: [alarm, drill('passed', '2026-11-22T03:00:00Z')] })).toEqual(['DRILL_FAILED']);
  });

  it('a drill older than the interval is overdue; so is none at all, counted from the first protected point', () => {
    expect(codes({ runs: [drill('passed', '2026-11-10T03:00:00Z')] })).toEqual(['DRILL_OVERDUE']);
    expect(codes({ runs: [] })).toEqual([]);
    const old = {
      ...(healthy.points[0] as Observations['points'][0]),
      id: '20261101t000000z',
      requestedAt: '2026-11-01T00:00:00Z',
    };
    expect(codes({ points: [old, ...healthy.points], copies: [...healthy.copies, copy(old.id)] })).toEqual([
      'DRILL_OVERDUE',
    ]);
  });

  it('a drill slower than the target is RTO_EXCEEDED', () => {
    expect(codes({ runs: [drill('passed', '2026-11-20T03:00:00Z', testPolicy.rtoTargetMinutes + 1)] })).toEqual([
      'RTO_EXCEEDED',
    ]);
  });

  it('a real drill that failed stands until a real one passes: a small one proves less', () => {
    const failed = { ...drill('failed', '2026-11-18T03:00:00Z'), real: true } as Run;
    const small = drill('passed', '2026-11-19T03:00:00Z');
    expect(assess({ runs: [failed] }).findings.map((each) => each.subject)).toEqual([failed.id]);
    const { findings } = assess({ runs: [failed, small] });
    expect(findings).toMatchObject([{ code: 'DRILL_FAILED', subject: failed.id }]);
    expect(findings[0]?.text).toContain('the last real drill failed');
    const passed = { ...drill('passed', '2026-11-20T03:00:00Z'), real: true } as Run;
    expect(codes({ runs: [failed, small, passed] })).toEqual([]);
  });

  it('RTO_EXCEEDED is of the real thing where that was measured; a small drill says that it is one', () => {
    const slow = testPolicy.rtoTargetMinutes + 1;
    const real = { ...drill('passed', '2026-11-19T03:00:00Z', slow), real: true } as Run;
    const small = drill('passed', '2026-11-20T03:00:00Z');
    expect(assess({ runs: [real, small] }).findings).toMatchObject([{ code: 'RTO_EXCEEDED', subject: real.id }]);
    const fast = { ...drill('passed', '2026-11-19T03:00:00Z'), real: true } as Run;
    const slowSmall = drill('passed', '2026-11-20T03:00:00Z', slow);
    expect(codes({ runs: [fast, slowSmall] })).toEqual([]);
    expect(assess({ runs: [slowSmall] }).findings[0]?.text).toContain('(a small drill: a failover');
  });

  it('without node settings in escrow a new node would be configured from memory', () => {
    expect(codes({ nodeFiles: [] })).toEqual(['NODE_CONFIG_MISSING']);
  });

  it.each(['DR_NETWORK_MISSING', 'DR_PARAMETER_GROUP_MISSING'] as const)(
    '%s means that a failover now would not succeed',
    (code) => {
      const seen = assess({ lacking: [{ code, subject: 'x', text: 'there is none' }] });
      expect([seen.recoverable, seen.findings.map((each) => each.code)]).toEqual([false, [code]]);
    },
  );
});

describe('readiness after a cut-over', () => {
  const after = { direction: 'none' as const, runs: [fenced], primary: dark };

  it('is UNPROTECTED until the stack for the other direction has a point', () => {
    expect(assess(after)).toMatchObject({
      status: 'NOT_READY',
      recoverable: false,
      protecting: false,
      findings: [{ code: 'UNPROTECTED' }],
    });
    expect(assess({ ...after, reverse: { protecting: true, point: 'p' } })).toMatchObject({
      status: 'READY',
      protecting: true,
      findings: [],
    });
    expect(codes({ ...after, direction: 'dr→primary' })).toEqual(['UNPROTECTED']);
  });

  it('an unconfirmed fence is said as long as it is, and is TWO_WRITERS when the primary answers', () => {
    expect(codes({ ...after, runs: [done] })).toEqual(['UNPROTECTED', 'FENCE_UNCONFIRMED']);
    expect(codes({ ...after, runs: [done], primary: healthy.primary })).toEqual(['UNPROTECTED', 'TWO_WRITERS']);
  });

  it('says nothing of captures, copies and lag: nothing flows from the old primary', () => {
    expect(
      codes({ ...after, points: [], copies: [], reconcile: undefined, reverse: { protecting: true, point: 'p' } }),
    ).toEqual([]);
  });
});

describe('readiness and a failover that waits for its operator', () => {
  const begun = plannedRun(wanted, new Date(now.getTime() - 61 * 60_000), ['p'], testPolicy);

  it('is critical while it is blocked, with why, what to do first and the command', () => {
    const run: Run = block(begun, now, 'none of the classes can be had', 'name others');
    expect(assess({ runs: [run], configFile: 'config/test.yml' })).toMatchObject({
      status: 'NOT_READY',
      findings: [
        {
          code: 'FAILOVER_STUCK',
          subject: begun.id,
          text: `failover ${begun.id} is blocked since ${now.toISOString()}: none of the classes can be had. First: name others. Then \`builder-dr failover start --confirm p --config config/test.yml\``,
          next: ['failover', 'status'],
        },
      ],
    });
    expect(codes({ runs: [{ ...run, state: 'aborted' }] })).toEqual([]);
  });

  it('is critical when it came no further for its time, also where nobody could write that down', () => {
    expect(codes({ runs: [begun] })).toEqual(['FAILOVER_STUCK']);
    const lately = plannedRun(wanted, new Date(now.getTime() - 59 * 60_000), ['p'], testPolicy);
    expect(codes({ runs: [lately] })).toEqual([]);
  });
});

describe('readiness and a switchover', () => {
  const began = new Date(now.getTime() - 5 * 3_600_000);
  const finalPoint = healthy.points[0] as Observations['points'][0];
  const switchover: Run = {
    ...plannedRun({ kind: 'switchover', point: 'latest', acceptFindings: false }, began, [], testPolicy),
    state: 'capturing-final',
    finalPoint: finalPoint.id,
    fence: { wanted: true, database: confirmed, bucket: confirmed },
  };
  const replicating = (minutesAgo: number): Observations['points'][0] => ({
    ...finalPoint,
    state: 'listing+copying',
    history: [{ at: began.toISOString(), state: 'listing+copying', why: 'listed' }],
    artifacts: {
      state: 'replicating',
      key: 'inventory/x',
      listedAt: began.toISOString(),
      count: 9,
      bytes: 9,
      missing: 3,
      progressAt: new Date(now.getTime() - minutesAgo * 60_000).toISOString(),
    },
  });

  it('whose final point still arrives is not stuck; one whose point came no further is', () => {
    const others = healthy.points.slice(1);
    expect(codes({ runs: [switchover], points: [replicating(2), ...others] })).not.toContain('FAILOVER_STUCK');
    expect(codes({ runs: [switchover], points: [replicating(200), ...others] })).toContain('FAILOVER_STUCK');
  });
});
