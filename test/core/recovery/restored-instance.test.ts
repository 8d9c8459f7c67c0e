import { describe, expect, it } from 'vitest';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import * as seen from '../../../src/core/recovery/observations.ts';
import { instanceSeen, passwordSettled } from '../../../src/core/recovery/restored-instance.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import { restoredFacts as facts, runIn } from '../../setup/runs.ts';

const now = new Date('2026-11-22T15:10:00Z');
const at = now.toISOString();
const why = (run: Run) => run.history.at(-1)?.why;

describe('a restored instance', () => {
  it.each(['failed', 'incompatible-restore', 'incompatible-parameters', 'incompatible-network'])(
    'that RDS reports as %s is no good: a drill cleans up, a failover takes the next point',
    (status) => {
      const said = `RDS reports the restored instance as ${status}`;
      const drill = instanceSeen(runIn('drill', 'restoring'), { ...facts, status }, () => 'postgres 17.10', now);
      expect([drill.state, why(drill), current(drill).outcome]).toEqual(['cleaning-up', said, 'rejected']);
      const failover = instanceSeen(runIn('failover', 'restoring'), { ...facts, status }, () => 'postgres 17.10', now);
      expect([failover.state, current(failover).point, failover.attempts[1]?.why]).toEqual(['restoring', 'c', said]);
    },
  );

  it.each([
    ['is still being made', { status: 'creating' }],
    ['is in a state that nobody knows', { status: 'pondering' }],
    ['has no address yet', { host: undefined }],
    ['has no port yet', { port: undefined }],
  ])('whose instance %s is waited for', (_what, change) => {
    const found = { ...facts, ...change };
    const run = instanceSeen(runIn('drill', 'restoring'), found, () => 'postgres 17.10', now);
    expect([run.state, current(run).available, current(run).states]).toEqual([
      'restoring',
      undefined,
      { [found.status]: at },
    ]);
    expect(instanceSeen(run, found, () => 'postgres 17.10', new Date(0))).toBe(run);
  });

  it('of the very engine of its snapshot is available; of another one it proves nothing', () => {
    const run = instanceSeen(runIn('drill', 'restoring'), facts, () => 'postgres 17.10', now);
    expect([run.state, current(run).available]).toEqual([
      'restoring',
      {
        at,
        engineVersion: 'postgres 17.10',
        host: 'h',
        port: 5432,
        masterUser: 'dbadmin',
        className: 'db.t4g.small',
      },
    ]);
    expect(instanceSeen(run, { ...facts, status: 'failed' }, () => 'postgres 17.10', now)).toBe(run);
    const other = instanceSeen(runIn('drill', 'restoring'), facts, () => 'postgres 18.1', now);
    expect(why(other)).toBe("the restored engine is postgres 17.10, the snapshot's was postgres 18.1");
  });

  it('goes on to be looked into when its password is set and nothing is pending', () => {
    const set = seen.passwordSet(runIn('drill', 'restoring'), 'secret/1', now);
    expect(current(set).password).toEqual({ secret: 'secret/1', setAt: at });
    expect(seen.passwordSet(set, 'secret/2', now)).toBe(set);
    expect(passwordSettled(set, { ...facts, pending: true }, now).state).toBe('restoring');
    expect(passwordSettled(set, { ...facts, status: 'modifying' }, now).state).toBe('restoring');
    const settled = passwordSettled(set, facts, now);
    expect([settled.state, current(settled).password?.settledAt]).toEqual(['inspecting', at]);
    const unset = runIn('drill', 'restoring');
    expect(passwordSettled(unset, facts, now)).toBe(unset);
  });
});
