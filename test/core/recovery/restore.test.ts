import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snapshotName } from '../../../src/core/ids.ts';
import { builderSettings } from '../../../src/core/recovery/builder-settings.ts';
import {
  candidatesFor,
  isOver,
  move,
  phaseSeconds,
  plannedRun,
  rtoSeconds,
} from '../../../src/core/recovery/lifecycle.ts';
import { restorePlan } from '../../../src/core/recovery/plan.ts';
import { nextClass, restoreRequest } from '../../../src/core/recovery/restore-request.ts';
import type { Run, RunState } from '../../../src/core/recovery/run.ts';
import { point } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';
import { asked } from '../../setup/runs.ts';

const now = new Date('2026-11-22T15:00:00Z');
const what = {
  name: 'n',
  snapshot: 's',
  sizeGib: 20,
  engineLifecycleSupport: 'x',
  className: 'c',
  run: 'drills/1.json',
};
const settings = { ...testPolicy.restore, iops: 12_000, throughputMibps: 500 };

describe('what a restore is told', () => {
  it.each([
    [20, undefined, undefined, 'below 400 GiB gp3 refuses both'],
    [399, undefined, undefined, 'below 400 GiB gp3 refuses both'],
    [400, 12_000, 500, 'from 400 GiB it takes both'],
  ])('of %i GiB on gp3: Iops %s, throughput %s (%s)', (sizeGib, iops, throughputMibps, _why) => {
    expect(restoreRequest(settings, 'production', { ...what, sizeGib })).toMatchObject({ iops, throughputMibps });
  });

  it('on io2 always Iops, never throughput', () => {
    const request = restoreRequest({ ...settings, storageType: 'io2' }, 'production', what);
    expect(request).toMatchObject({ iops: 12_000, throughputMibps: undefined });
  });

  it('grows to the size of policy, and never below the size of the snapshot', () => {
    expect(restoreRequest({ ...settings, storageGib: 100 }, 'scratch', what).storageGib).toBe(100);
    expect(restoreRequest({ ...settings, storageGib: 10 }, 'scratch', what).storageGib).toBe(20);
    expect(restoreRequest({ ...settings, storageGib: 21 }, 'scratch', what).storageGib).toBe(22);
  });

  it('keeps the lifecycle of the source, and says the default of AWS where nobody knows it', () => {
    expect(restoreRequest(settings, 'scratch', what).engineLifecycleSupport).toBe('x');
    const unknown = restoreRequest(settings, 'scratch', { ...what, engineLifecycleSupport: undefined });
    expect(unknown.engineLifecycleSupport).toBe('open-source-rds-extended-support');
  });

  it('of a drill exports no logs: the log group of each scratch instance would stay for ever', () => {
    expect(restoreRequest(settings, 'scratch', what).logExports).toEqual([]);
    expect(restoreRequest(settings, 'production', what).logExports).toEqual(['postgresql']);
  });

  it('differs between scratch and production in size and safety only, and in what would stay of it', () => {
    const drill = restoreRequest(settings, 'scratch', what);
    const real = restoreRequest(settings, 'production', what);
    const differing = Object.keys(drill).filter(
      (key) => JSON.stringify(drill[key as keyof typeof drill]) !== JSON.stringify(real[key as keyof typeof real]),
    );
    expect(differing.sort()).toEqual(['deletionProtection', 'logExports', 'multiAz', 'tags']);
  });

  it('takes the first class that was not refused', () => {
    expect(nextClass(['a', 'b'], [])).toBe('a');
    expect(nextClass(['a', 'b'], [{ className: 'a' }])).toBe('b');
    expect(nextClass(['a', 'b'], [{ className: 'b' }, { className: 'a' }])).toBeUndefined();
  });
});

describe('the states of a run', () => {
  const states: RunState[] = [
    'planned',
    'fencing',
    'capturing-final',
    'restoring',
    'inspecting',
    'verifying',
    'healing+verifying',
    'cutting-over',
    'smoke-testing',
    'cleaning-up',
    'passed',
    'done',
    'blocked',
    'aborted',
    'failed',
  ];
  const scratch = [
    'planned>restoring planned>failed restoring>inspecting restoring>restoring restoring>cleaning-up',
    'inspecting>verifying',
    'inspecting>cleaning-up verifying>cleaning-up cleaning-up>passed cleaning-up>failed',
  ];
  const failover = [
    'planned>fencing planned>blocked planned>aborted planned>failed fencing>restoring',
    'fencing>blocked fencing>aborted fencing>failed',
    'restoring>inspecting restoring>restoring restoring>blocked',
    'restoring>aborted restoring>failed inspecting>healing+verifying inspecting>restoring inspecting>blocked',
    'inspecting>aborted inspecting>failed healing+verifying>cutting-over healing+verifying>restoring',
    'healing+verifying>blocked healing+verifying>aborted healing+verifying>failed cutting-over>smoke-testing',
    'cutting-over>aborted cutting-over>healing+verifying smoke-testing>done blocked>fencing blocked>restoring blocked>inspecting blocked>healing+verifying blocked>aborted',
  ];
  const final = [
    'fencing>capturing-final capturing-final>restoring capturing-final>blocked capturing-final>aborted',
    'capturing-final>failed',
  ];
  const legal = {
    drill: scratch,
    'alarm-test': scratch,
    'look-back': scratch,
    failover,
    switchover: [...failover, ...final],
  };

  it.each(['drill', 'alarm-test', 'look-back', 'failover', 'switchover'] as const)(
    'of a %s: every other change throws',
    (kind) => {
      const run = plannedRun(asked[kind], now, [], testPolicy);
      const allowed = states.flatMap((from) =>
        states
          .filter((to) => {
            try {
              return move({ ...run, state: from } as Run, to, now, 'why').state === to;
            } catch {
              return false;
            }
          })
          .map((to) => `${from}>${to}`),
      );
      expect(allowed.sort()).toEqual(legal[kind].join(' ').split(' ').sort());
    },
  );

  it('nothing leaves an end, and after the cut-over there is no abort', () => {
    const run = plannedRun(asked.failover, now, [], testPolicy);
    for (const state of ['done', 'aborted', 'failed', 'smoke-testing'] as const) {
      expect(() => move({ ...run, state } as Run, 'aborted', now, 'why')).toThrow(/cannot go/);
    }
  });

  it('the time of the phases adds up, without the time blocked', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...states.filter((each) => !isOver({ state: each } as Run))), fc.nat(500))),
        (steps) => {
          let at = now.getTime();
          const history = steps.map(([state, seconds]) => {
            const entry = { at: new Date(at).toISOString(), state, why: '' };
            at += seconds * 1000;
            return entry;
          });
          const run = { ...plannedRun(asked.failover, now, [], testPolicy), history } as Run;
          const counted = steps.filter(([state]) => state !== 'blocked');
          const total = counted.reduce((sum, [, seconds]) => sum + seconds, 0);
          const phases = phaseSeconds(run, new Date(at));
          expect(Object.values(phases).reduce((sum, each) => sum + each, 0)).toBe(total);
          const cleaning = counted
            .filter(([state]) => state === 'cleaning-up')
            .reduce((sum, [, seconds]) => sum + seconds, 0);
          expect(rtoSeconds(run, new Date(at))).toBe(total - cleaning);
        },
      ),
    );
  });
});

describe('the candidates', () => {
  const at = (hour: number, state: 'protected' | 'proven' | 'failed') => ({
    ...point,
    id: `20261122t${hour}0000z`,
    requestedAt: `2026-11-22T${hour}:00:00Z`,
    state,
  });
  const points = [at(10, 'protected'), at(11, 'proven'), at(12, 'protected'), at(13, 'failed'), at(14, 'protected')];
  const all = new Set(points.map((each) => snapshotName(each.id)));

  it('are the protected points, the newest first, down to the newest proven one', () => {
    const hours = candidatesFor('latest', points, all).map((each) => each.id.slice(9, 11));
    expect(hours).toEqual(['14', '12', '11']);
  });

  it('are all protected ones where none is proven, and only those whose copy is there', () => {
    const unproven = points.map((each) => ({
      ...each,
      state: each.state === 'proven' ? ('protected' as const) : each.state,
    }));
    const there = new Set([...all].filter((id) => !id.includes('t14')));
    expect(candidatesFor('latest', unproven, there).map((each) => each.id.slice(9, 11))).toEqual(['12', '11', '10']);
  });

  it('named by an id that cannot be restored are refused', () => {
    expect(() => candidatesFor('20261122t130000z', points, all)).toThrow(/is failed and cannot be restored/);
  });
});

describe('a plan', () => {
  it('of a failover names what needs the primary and us-east-1, and what the past took', () => {
    const history = [
      { at: '2026-11-22T10:00:00.000Z', state: 'restoring' as const, why: '' },
      { at: '2026-11-22T10:10:00.000Z', state: 'inspecting' as const, why: '' },
      { at: '2026-11-22T10:10:30.000Z', state: 'passed' as const, why: '' },
    ];
    const past = [{ ...plannedRun(asked.drill, now, [], testPolicy), state: 'passed' as const, history } as Run];
    const plan = restorePlan(point, 'production', testPolicy, past, now, { dns: true });
    expect(plan.map((each) => [each.phase, each.expectedSeconds, each.needsPrimary, each.needsUsEast1])).toEqual([
      ['fencing', undefined, true, true],
      ['restoring', 600, false, false],
      ['inspecting', 30, false, false],
      ['healing+verifying', undefined, false, false],
      ['cutting-over', undefined, false, true],
      ['smoke-testing', undefined, false, false],
    ]);
    expect(plan[1]?.does).toContain('db.t4g.medium, else db.m7g.large');
    const planned = restorePlan(point, 'production', testPolicy, [], now, { planned: true });
    expect(planned.map((each) => each.phase).slice(0, 3)).toEqual(['fencing', 'capturing-final', 'restoring']);
  });
});

describe("Builder's new settings", () => {
  it('are what on-prem Builder takes, with the region as endpoint and no secret', () => {
    const site = {
      host: 'db.example.com',
      port: 5432,
      region: 'us-west-2',
      bucket: 'replica',
      passwordIn: 'secretsmanager:p',
    };
    const files = builderSettings(site, testPolicy.builder);
    expect(files['user.toml']).toContain(
      '[datastore]\nhost = "db.example.com"\nport = 5432\nuser = "hab"\ndatabase = "builder"',
    );
    expect(files['user.toml']).toContain('[s3]\nbackend = "aws"\nendpoint = "us-west-2"\nbucket_name = "replica"');
    expect(files['bldr.env']).toContain(
      'export POSTGRES_HOST=db.example.com\nexport POSTGRES_PORT=5432\nexport PG_USER=hab',
    );
    expect(files['bldr.env']).toContain('# password of hab: secretsmanager:p');
  });
});
