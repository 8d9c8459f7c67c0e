import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plannedRun } from '../../../src/core/recovery/lifecycle.ts';
import { restorePlan } from '../../../src/core/recovery/plan.ts';
import { measuredBy, measuredText, nextScheduledDrill, rtoRun } from '../../../src/core/recovery/rehearsals.ts';
import { classesFor, restoreRequest } from '../../../src/core/recovery/restore-request.ts';
import { type Run, runSchema } from '../../../src/core/recovery/run.ts';
import { now, point } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';
import { asked } from '../../setup/runs.ts';

type Kind = 'small' | 'real' | 'alarm' | 'failover';
const begun = new Date('2026-08-01T03:00:00Z').getTime();

/** The nth run, over: its restore took so many minutes on this class. */
function run(n: number, kind: Kind, state: Run['state'], minutes = 10, className = 'db.t4g.small'): Run {
  const at = (minute: number) => new Date(begun + n * 86_400_000 + minute * 60_000);
  const wanted = {
    small: asked.drill,
    real: { ...asked.drill, real: true },
    alarm: asked['alarm-test'],
    failover: asked.failover,
  };
  const planned = plannedRun(wanted[kind], at(0), [], testPolicy);
  const comparing = kind === 'failover' ? 'healing+verifying' : 'verifying';
  const history = [
    ...planned.history,
    { at: at(0).toISOString(), state: 'restoring', why: '' },
    { at: at(minutes).toISOString(), state: comparing, why: '' },
    { at: at(minutes + 2).toISOString(), state, why: '' },
  ];
  const available = { at: at(0).toISOString(), engineVersion: '', host: '', port: 1, masterUser: '', className };
  const attempts = [{ point: 'p', instance: 'i', findings: [], available }];
  return runSchema.parse({ ...planned, state, history, attempts });
}
const history = (text: string) =>
  [...text].map((letter, n) => {
    const kind = ({ s: 'small', r: 'real', a: 'alarm' } as const)[letter.toLowerCase() as 's' | 'r' | 'a'];
    return run(n, kind, letter === letter.toLowerCase() ? 'passed' : 'failed');
  });

describe('the kind of the next scheduled drill', () => {
  // Small letters passed, capital ones failed: small drills, real ones, alarm tests.
  it.each([
    ['', false],
    ['ss', false],
    ['sss', true],
    ['rss', false],
    ['rsss', true],
    ['sssr', false],
    ['rSSS', true],
    ['rsssR', true],
    ['rsssRs', true],
    ['rsssRr', false],
    ['raaass', false],
    ['raaasss', true],
    ['a'.repeat(28).concat('ss'), true],
  ])('after %j, with one of four real, is real: %s', (past, real) => {
    expect(nextScheduledDrill(history(past), 4).real).toBe(real);
  });

  it('is real each time with 1, and never with 0', () => {
    for (const past of ['', 'r', 'rR', 'sssssss']) {
      expect([nextScheduledDrill(history(past), 1).real, nextScheduledDrill(history(past), 0).real]).toEqual([
        true,
        false,
      ]);
    }
  });

  it('is real once in every N, whatever fails and whatever is tested in between', () => {
    const events = fc.array(fc.constantFrom('passed' as const, 'failed' as const, 'alarm' as const), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), events, (every, outcomes) => {
        let known: Run[] = [];
        let since = 0;
        for (const [n, outcome] of outcomes.entries()) {
          const { real } = nextScheduledDrill(known, every);
          const next = outcome === 'alarm' ? run(n, 'alarm', 'passed') : run(n, real ? 'real' : 'small', outcome);
          known = [...known, next].slice(-30);
          if (outcome !== 'alarm') since = real ? 0 : since + 1;
          expect(since).toBeLessThan(every);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('a restore of the real thing', () => {
  const what = {
    name: 'n',
    snapshot: 's',
    sizeGib: 20,
    engineLifecycleSupport: undefined,
    className: 'c',
    run: 'drills/x',
  };
  const request = (target: 'scratch' | 'real' | 'production') => restoreRequest(testPolicy.restore, target, what);

  it("is a failover's, but for what makes it deletable and marks it as a drill's", () => {
    const { deletionProtection, backupRetentionDays, logExports, tags, ...real } = request('real');
    const {
      deletionProtection: _d,
      backupRetentionDays: _b,
      logExports: _l,
      tags: _t,
      ...production
    } = request('production');
    expect(real).toEqual(production);
    expect([real.multiAz, deletionProtection, backupRetentionDays, logExports, tags['builder-dr:role']]).toEqual([
      true,
      false,
      0,
      [],
      'drill',
    ]);
    expect(classesFor(testPolicy.restore, 'real')).toEqual(testPolicy.restore.classes);
    expect([request('scratch').multiAz, classesFor(testPolicy.restore, 'scratch')]).toEqual([
      false,
      testPolicy.restore.drillClasses,
    ]);
  });
});

describe('expected times', () => {
  const small = run(3, 'small', 'passed', 5);
  const real = run(1, 'real', 'passed', 30, 'db.m7g.large');
  type Times = Record<string, [seconds: number, from: string | undefined] | undefined>;
  const times = (target: 'scratch' | 'real' | 'production', past: Run[]): Times =>
    Object.fromEntries(
      restorePlan(point, target, testPolicy, past, now).map(({ phase, expectedSeconds, expectedFrom }) => [
        phase,
        expectedSeconds === undefined ? undefined : [expectedSeconds, expectedFrom && measuredText(expectedFrom)],
      ]),
    );

  it('of a failover are those of failovers and real drills, and say which', () => {
    const said = `real drill ${real.id}, on db.m7g.large`;
    const expected = { fencing: undefined, restoring: [1800, said], 'healing+verifying': [120, said] };
    expect(times('production', [real, small])).toMatchObject(expected);
    const failover = run(2, 'failover', 'done', 40, 'db.t4g.medium');
    expect(times('production', [failover, small])['restoring']).toEqual([
      2400,
      `failover ${failover.id}, on db.t4g.medium`,
    ]);
  });

  it('are those of small drills where nothing else is known, and say so', () => {
    expect(times('production', [small])['restoring']).toEqual([300, 'a small drill of class db.t4g.small']);
    expect(times('production', [run(1, 'real', 'failed'), run(2, 'alarm', 'passed')])['restoring']).toBeUndefined();
  });

  it('of a small drill are those of small ones first', () => {
    expect(times('scratch', [real, small])['restoring']?.[0]).toBe(300);
    expect(times('real', [real, small])['restoring']?.[0]).toBe(1800);
    expect(times('scratch', [real])['restoring']?.[0]).toBe(1800);
  });

  it('and the RTO come from the last run that was like a failover, else from a small drill', () => {
    expect([rtoRun([real, small])?.id, rtoRun([small])?.id, rtoRun([])]).toEqual([real.id, small.id, undefined]);
    expect(measuredBy(small)).toEqual({ kind: 'small drill', run: small.id, className: 'db.t4g.small' });
  });
});
