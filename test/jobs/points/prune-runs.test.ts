import { describe, expect, it } from 'vitest';
import { archivableRuns } from '../../../src/core/recovery/archivable.ts';
import { nextScheduledDrill, rtoRun } from '../../../src/core/recovery/rehearsals.ts';
import { runSchema } from '../../../src/core/recovery/run.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { prune } from '../../../src/jobs/points/prune.ts';
import { readArchived } from '../../../src/jobs/vault/archive.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { readRuns } from '../../../src/jobs/vault/runs.ts';
import { finishRun } from '../../setup/memory-recovery.ts';
import { drill } from '../../setup/recovery-requests.ts';
import { pointOf } from '../../setup/retention.ts';
import { agedWorld, endedDrill, retaining } from '../../setup/retention-world.ts';
import { runIn } from '../../setup/runs.ts';

const kept = pointOf('2026-11-25T11:00:00Z');
const drills = [...Array(14).keys()].map((n) => endedDrill(`202611${10 + n}t000000z`, 'gone'));
const old = drills[0] as (typeof drills)[number];
const fence = { wanted: false, database: {}, bucket: {} };

describe('runs that may go into the archive', () => {
  const ids = (...runs: Parameters<typeof archivableRuns>[0]) => archivableRuns(runs, [kept]).map((each) => each.id);

  it('are those that are over, but for the newest twelve of their kind', () => {
    expect(ids(...drills)).toEqual(drills.slice(0, 2).map((each) => each.id));
  });

  it.each([
    ['is about a point that is kept', { ...old, attempts: [{ point: kept.id, instance: 'i', findings: [] }] }],
    ['is not over', { ...old, state: 'cleaning-up' as const }],
    ['cut over', { ...runIn('failover', 'done'), id: old.id, fence }],
    ['was called off, its fence not lifted', { ...runIn('failover', 'aborted'), id: old.id }],
  ])('are not one that %s', (_what, run) => {
    const failovers = drills.map((each) => ({ ...runIn('failover', 'aborted'), id: each.id, fence }));
    const newer = run.kind === 'failover' ? failovers : drills;
    expect(ids(run, ...newer.slice(1))).not.toContain(old.id);
  });

  it('are not the newest one that passed: readiness asks for it', () => {
    const failed = drills.slice(1).map((each) => ({ ...each, state: 'failed' as const }));
    expect(ids(old, ...failed)).not.toContain(old.id);
  });
});

describe('the next scheduled drill, after runs were archived', () => {
  const rehearsed = (ago: number) => {
    const runs = [...Array(ago + 1).keys()].map((n) => endedDrill(`202609${String(10 + n)}t000000z`, 'gone'));
    return runs.map((run, n) => (n === 0 ? { ...run, real: true } : run));
  };

  it.each([1, 4, 11, 12])('is real when it would have been before, with one of %i', (realEvery) => {
    for (let ago = 0; ago <= 12; ago += 1) {
      const runs = rehearsed(ago);
      const gone = archivableRuns(runs, []);
      const left = runs.filter((each) => !gone.includes(each));
      const next = (of: typeof runs) => nextScheduledDrill(of, realEvery).real;
      expect([ago, next(left), rtoRun(left)?.id]).toEqual([ago, next(runs), rtoRun(runs)?.id]);
    }
  });
});

describe('the archive of runs', () => {
  it('is read on demand, with their evidence, and the next drill samples what comes next', async () => {
    const { ports, clock } = await agedWorld([{ hours: 2 }, { hours: 1 }]);
    const first = await finishRun(ports, await drill(ports));
    for (const run of drills) {
      await ports.vault.put(vaultKeys.run('drills', run.id), encode(run), undefined);
      await ports.vault.put(vaultKeys.report(run.id, 'inspect-1'), '{"rows":1}', undefined);
    }
    clock.passMinutes(1);
    const archived = (await prune(ports, retaining({ last: 2 }))).archivedRuns;
    expect(archived).toHaveLength(3);
    const { found, unreadable } = await readArchived(ports.vault, vaultKeys.drills, runSchema);
    expect([found.map((each) => `drills/${each.id}.json`), unreadable]).toEqual([archived, []]);
    expect(await ports.vault.list(`reports/${old.id}`)).toEqual([]);
    const second = await finishRun(ports, await drill(ports));
    const serial = (run: typeof first) => run.attempts[0]?.comparison?.serial ?? Number.NaN;
    expect(serial(second)).toBe(serial(first) + 1);
    expect((await readRuns(ports.vault)).runs.length).toBeLessThan(drills.length);
  });
});
