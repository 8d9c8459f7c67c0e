import { describe, expect, it } from 'vitest';
import type { InspectionReport, Recovery } from '../../../src/core/recovery/documents.ts';
import { allFindings, current } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { watchDarkness } from '../../../src/jobs/darkness.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import {
  abortFailover,
  type FailoverRequest,
  planFailover,
  startFailover,
} from '../../../src/jobs/recovery/failover.ts';
import { raiseFence } from '../../../src/jobs/recovery/fencing.ts';
import { readRuns, updateRun } from '../../../src/jobs/recovery/runs.ts';
import { readDirection, readPoints } from '../../../src/jobs/vault/documents.ts';
import { dyingPorts, Killed } from '../../setup/dying.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const request = (confirm: string, more: Partial<FailoverRequest> = {}): FailoverRequest => ({
  point: 'latest',
  confirm,
  planned: false,
  acceptUnfenced: false,
  acceptFindings: false,
  ...more,
});
const start = (ports: MemoryPorts, confirm: string, more: Partial<FailoverRequest> = {}) =>
  startFailover(ports, testPolicy, request(confirm, more));
const drill = (ports: MemoryPorts, alarmTest = false) =>
  startDrill(ports, testPolicy, { point: 'latest', alarmTest, at: ports.clock() });
const wrongOwner = (report: InspectionReport): InspectionReport => ({
  ...report,
  tables: report.tables.map((each) => ({ ...each, owner: 'postgres' })),
});
const codes = (run: Recovery) => allFindings(run).map((each) => each.code);

describe('a failover that is started while the fence of one that was called off still stands', () => {
  it.each([0, 1, 2, 3])(
    'takes the fence over, with what was there before it (%d runs after the call)',
    async (runs) => {
      const { ports, ids, clock } = await protectedWorld();
      const original = ports.fence.state.groups.map((each) => each.id);
      const first = await start(ports, ids[0] ?? '');
      settle(ports);
      await advance(ports, testPolicy);
      await abortFailover(ports, testPolicy);
      for (let n = 0; n < runs; n += 1) {
        await advance(ports, testPolicy);
        if (n % 2 === 0) settle(ports);
      }
      clock.now = new Date(clock.now.getTime() + 60_000);
      const second = await finishRun(ports, await start(ports, ids[0] ?? ''));
      expect([second.state, second.fence?.database.originalGroups]).toEqual(['done', original]);
      for (let n = 0; n < 4; n += 1) {
        await advance(ports, testPolicy);
        settle(ports);
      }
      expect(ports.fence.state.groups.map((each) => each.id)).toEqual(['sg-fence']);
      expect((await readRun(ports, first)).fence?.wanted).toBe(false);
      expect((await readRun(ports, second)).fence?.database.confirmedAt).toBeDefined();
    },
  );
});

describe('a drill in hand', () => {
  it('goes on while the direction cannot be read, and the run says so by failing', async () => {
    const { ports } = await protectedWorld();
    const run = await drill(ports);
    const held = await ports.vault.get('direction.json');
    await ports.vault.put('direction.json', 'not json', held?.etag);
    await expect(advance(ports, testPolicy)).rejects.toMatchObject({ code: 'VAULT_UNREADABLE' });
    expect((await readRun(ports, run)).state).toBe('restoring');
  });
});

describe('a failover chooses its point', () => {
  it('whose newest point fails its inspection falls back to the next older one, and records it', async () => {
    const { ports, ids } = await protectedWorld();
    ports.inspection.answer = (report) => (ports.inspection.asked.length === 1 ? wrongOwner(report) : report);
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect(run.state).toBe('done');
    expect(run.attempts.map((each) => [each.point, each.outcome])).toEqual([
      [ids[0], 'rejected'],
      [ids[1], 'passed'],
    ]);
    expect(run.attempts[0]?.why).toBe('DATABASE_OWNER_WRONG');
    const letter = ports.notifier.messages.at(-1);
    expect(letter?.body).toContain(`Rejected: ${ids[0]}: DATABASE_OWNER_WRONG; hbdr-failover-`);
    expect(ports.instances.destroyed).toEqual([]);
    const states = (await readPoints(ports.vault)).points.map((each) => each.state);
    expect(states).toEqual(['proven', 'protected']);
  });

  it('does not go beyond the newest proven point', async () => {
    const { ports, ids } = await protectedWorld(3);
    await finishRun(ports, await drill(ports));
    const plan = await planFailover(ports, testPolicy, { point: 'latest', planned: false });
    expect(plan.candidates.map((each) => [each.point, each.state, each.minutesLost])).toEqual([[ids[0], 'proven', 60]]);
  });

  it('with no point left is blocked, names the way on, and takes the point as it is when told', async () => {
    const { ports, ids } = await protectedWorld();
    ports.inspection.answer = wrongOwner;
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect(blocked.state).toBe('blocked');
    expect(blocked.blocked?.resumeWith).toContain(`"point":"${ids[0]}","acceptFindings":true`);
    expect((await readDirection(ports.vault)).direction).toBe('primary→dr');
    const resumed = await start(ports, ids[0] ?? '', { point: ids[0] ?? '', acceptFindings: true });
    const run = await finishRun(ports, resumed);
    expect([run.state, current(run).point, current(run).outcome]).toEqual(['done', ids[0], 'accepted']);
    expect(ports.instances.restores).toHaveLength(2);
  });

  it('asked for by its id is the only candidate; one that is not there is refused', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await finishRun(ports, await start(ports, ids[1] ?? '', { point: ids[1] ?? '' }));
    expect([run.state, current(run).point]).toEqual(['done', ids[1]]);
    const other = await protectedWorld();
    await expect(start(other.ports, 'x', { point: 'x' })).rejects.toMatchObject({ code: 'POINT_UNKNOWN' });
  });

  it('whose copy left the DR region is no candidate', async () => {
    const { ports, ids } = await protectedWorld();
    ports.database.held.delete(`hbdr-${ids[0]}`);
    const plan = await planFailover(ports, testPolicy, { point: 'latest', planned: false });
    expect(plan.confirm).toBe(ids[1]);
  });
});

describe('two failovers started at once', () => {
  it('a second apart: one goes on, the other gives way before it has touched anything', async () => {
    const { ports, clock, ids } = await protectedWorld(1);
    let written = 0;
    // The second one looks for a failover in hand before the first is written, as two operators do.
    const { put } = ports.vault;
    const list = ports.vault.list;
    const blind = {
      ...ports,
      vault: {
        ...ports.vault,
        list: async (prefix: string) => (written < 1 && prefix === 'failovers/' ? [] : list(prefix)),
        put: async (key: string, body: string, etag: string | undefined) => {
          if (/^failovers\/[^/]+\.json$/.test(key)) written += 1;
          return put(key, body, etag);
        },
      },
    } as MemoryPorts;
    const first = await start(ports, ids[0] ?? '');
    clock.passMinutes(1);
    const second = await start(blind, ids[0] ?? '');
    expect(second.id).toBe(first.id);
    await finishRun(ports, first);
    const { runs } = await readRuns(ports.vault);
    expect(runs.map((each) => each.state)).toEqual(['done', 'aborted']);
    expect([ports.instances.held.size, ports.fence.state.groups]).toEqual([1, [{ id: 'sg-fence', status: 'active' }]]);
  });
});

describe('a restore', () => {
  it('whose prerequisites are missing starts nothing, is blocked by name, and goes on once they are there', async () => {
    const { ports, ids } = await protectedWorld();
    ports.instances.lacking = [
      { code: 'DR_NETWORK_MISSING', subject: 'builder-dr', text: 'there is no subnet group builder-dr' },
    ];
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([blocked.state, codes(blocked)]).toEqual(['blocked', ['DR_NETWORK_MISSING']]);
    expect(ports.instances.restores).toEqual([]);
    ports.instances.lacking = [];
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, current(run).point]).toEqual(['done', ids[0]]);
  });

  it('of another engine than the snapshot had proves nothing and is rejected', async () => {
    const { ports } = await protectedWorld();
    ports.instances.engineVersion = 'postgres 18.1';
    const run = await finishRun(ports, await drill(ports));
    expect(run.state).toBe('failed');
    expect(run.history.at(-1)?.why).toBe("the restored engine is postgres 18.1, the snapshot's was postgres 17.10");
    expect(ports.instances.held.size).toBe(0);
  });

  it('that is refused for now waits, says why, and is asked for again', async () => {
    const { ports } = await protectedWorld();
    const refusal = new DrError('QUOTA_EXCEEDED', 'InstanceQuotaExceeded');
    ports.instances.refuse.set('db.t4g.small', refusal);
    const run = await drill(ports);
    await advance(ports, testPolicy);
    expect((await readRun(ports, run)).errors).toMatchObject([{ message: 'InstanceQuotaExceeded' }]);
    ports.instances.refuse.clear();
    expect((await finishRun(ports, run)).state).toBe('passed');
  });

  it('is told everything that policy says, the same in drill and failover but for size and safety', async () => {
    const { ports, ids } = await protectedWorld();
    await finishRun(ports, await drill(ports));
    await finishRun(ports, await start(ports, ids[0] ?? ''));
    const made = [...ports.instances.held.values()][0]?.request;
    expect(made).toEqual({
      name: expect.stringMatching(/^hbdr-failover-/),
      snapshot: `hbdr-${ids[0]}`,
      className: 'db.t4g.medium',
      subnetGroup: 'builder-dr',
      securityGroups: ['sg-builder-dr'],
      parameterGroup: 'builder-postgres17',
      storageType: 'gp3',
      storageGib: 20,
      iops: undefined,
      throughputMibps: undefined,
      multiAz: true,
      deletionProtection: true,
      backupRetentionDays: 7,
      caCertificate: 'rds-ca-rsa2048-g1',
      logExports: ['postgresql'],
      iamAuthentication: false,
      engineLifecycleSupport: 'open-source-rds-extended-support',
      tags: { 'builder-dr:run': expect.stringMatching(/^failovers\//), 'builder-dr:role': 'failover' },
    });
  });
});

describe('a drill', () => {
  it('past its deadline is stopped, cleaned up and failed', async () => {
    const { ports, clock } = await protectedWorld();
    ports.inspection.answer = () => undefined;
    const run = await drill(ports);
    for (let n = 0; n < 3; n += 1) {
      await advance(ports, testPolicy);
      settle(ports);
    }
    expect((await readRun(ports, run)).state).toBe('inspecting');
    clock.passMinutes(testPolicy.drillDeadlineMinutes);
    const ended = await finishRun(ports, run);
    expect([ended.state, ended.history.at(-1)?.why]).toEqual(['failed', expect.stringContaining('the deadline')]);
    expect([ports.instances.held.size, ports.secrets.values.size]).toEqual([0, 0]);
  });

  it('waits for an inspector that sleeps, asks again one that is silent, and gives up after three', async () => {
    const { ports, clock } = await protectedWorld();
    ports.inspection.refuse = new DrError('INVALID_STATE', 'ResourceNotReadyException: the function is Inactive');
    const run = await drill(ports);
    for (let n = 0; n < 4; n += 1) {
      await advance(ports, testPolicy);
      settle(ports);
    }
    expect(await readRun(ports, run)).toMatchObject({
      state: 'inspecting',
      errors: [{ message: expect.stringContaining('Inactive') }],
    });
    ports.inspection.refuse = undefined;
    ports.inspection.answer = () => undefined;
    for (let n = 0; n < 4; n += 1) {
      await advance(ports, testPolicy);
      clock.passMinutes(17);
    }
    const ended = await finishRun(ports, run);
    expect(ports.inspection.asked).toHaveLength(3);
    expect(ended.history.at(-1)?.why).toContain('did not report in 16 minutes');
  });

  it("that cannot inspect says so in the engine's own words", async () => {
    const { ports } = await protectedWorld();
    ports.inspection.answer = (report) => ({ ...report, error: 'cannot inspect: no pg_hba.conf entry' });
    const ended = await finishRun(ports, await drill(ports));
    expect([ended.state, ended.history.at(-1)?.why]).toEqual([
      'failed',
      expect.stringContaining('no pg_hba.conf entry'),
    ]);
  });

  it('begins once, however often it is asked for while one is in hand', async () => {
    const { ports, clock } = await protectedWorld();
    const first = await drill(ports);
    clock.passMinutes(1);
    expect((await drill(ports)).id).toBe(first.id);
    await finishRun(ports, first);
    expect((await drill(ports)).id).not.toBe(first.id);
  });

  it('whose faults are not found by an alarm test fails it: the alarm is what is tested', async () => {
    const { ports } = await protectedWorld();
    // This inspector sees no rows that a key seals, and the replica's rows are not looked at either.
    const run = await drill(ports, true);
    await expect(finishRun(ports, run)).rejects.toThrow(/two packages/);
    expect((await readRun(ports, run)).state).toBe('verifying');
  });
});

describe('a fence', () => {
  it('that the primary refuses does not stop the restore, and stops the cut-over', async () => {
    const { ports, ids } = await protectedWorld();
    ports.fence.refused = new DrError('ACCESS_DENIED', 'not authorized to perform rds:ModifyDBInstance');
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([blocked.state, current(blocked).outcome]).toEqual(['blocked', 'passed']);
    expect(blocked.blocked?.reason).toContain('rds:ModifyDBInstance');
    ports.fence.refused = undefined;
    await advance(ports, testPolicy);
    for (let n = 0; n < 4; n += 1) {
      settle(ports);
      await advance(ports, testPolicy);
    }
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, ports.fence.reboots, ports.instances.restores.length]).toEqual(['done', 1, 1]);
  });

  it('that somebody opens again is closed again, rebooted again, and not called confirmed in between', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    ports.fence.state = { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] };
    ports.fence.policy = undefined;
    await advance(ports, testPolicy);
    expect((await readRun(ports, run)).fence?.database.confirmedAt).toBeUndefined();
    for (let n = 0; n < 4; n += 1) {
      settle(ports);
      await advance(ports, testPolicy);
    }
    expect((await readRun(ports, run)).fence?.database.confirmedAt).toBeDefined();
    expect([ports.fence.reboots, ports.fence.policy]).toEqual([2, expect.stringContaining('BuilderDrFence')]);
  });

  it('of an old failover leaves the live primary alone once protection flows as before', async () => {
    const { ports, ids } = await protectedWorld();
    await finishRun(ports, await start(ports, ids[0] ?? ''));
    const home = { schema: 'direction/1', direction: 'primary→dr', epoch: 2, changedAt: '2026-11-22T15:00:00.000Z' };
    await ports.vault.put('direction.json', JSON.stringify(home), (await ports.vault.get('direction.json'))?.etag);
    ports.fence.state = { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] };
    ports.fence.policy = undefined;
    await advance(ports, testPolicy);
    expect([ports.fence.state.groups, ports.fence.policy]).toEqual([
      [{ id: 'sg-builder', status: 'active' }],
      undefined,
    ]);
  });

  it('of a run that read its record before another one swapped the groups keeps what was there at first', async () => {
    const { ports, ids } = await protectedWorld();
    ports.inspection.answer = wrongOwner;
    const stale = await start(ports, ids[0] ?? '');
    const before = { ...stale, fence: { wanted: true, database: {}, bucket: {} } } as Recovery;
    settle(ports);
    const { ports: guarded, darkness } = watchDarkness(ports);
    const context = { ports: guarded, policy: testPolicy, darkness, points: [], rebooted: new Set<string>() };
    await raiseFence(context, before);
    const { database, bucket } = (await readRun(ports, stale)).fence ?? {};
    expect(database?.originalGroups).toEqual(['sg-builder']);
    expect(JSON.parse(bucket?.originalPolicy ?? '').Statement).toEqual([{ Sid: 'Theirs', Effect: 'Allow' }]);
  });

  it('that can be closed at last when everything is verified does not block the cut-over', async () => {
    const { ports, ids } = await protectedWorld();
    const { setBucketPolicy } = ports.fence;
    ports.fence.setBucketPolicy = async () =>
      Promise.reject(new DrError('ACCESS_DENIED', 'not authorized: s3:PutBucketPolicy'));
    ports.inspection.answer = (report) => {
      ports.fence.setBucketPolicy = setBucketPolicy;
      return report;
    };
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, run.history.map((each) => each.state).includes('blocked')]).toEqual(['done', false]);
  });

  it('of an old primary that was set aside leaves alone what bears its name next', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    await updateRun(ports, run, (now) => ({
      ...now,
      ...(now.fence ? { fence: { ...now.fence, bucket: { ...now.fence.bucket, handedOver: true } } } : {}),
    }));
    ports.fence.state = { status: 'available', groups: [{ id: 'sg-new', status: 'active' }] };
    ports.fence.policy = undefined;
    await advance(ports, testPolicy);
    expect([ports.fence.state.groups, ports.fence.policy]).toEqual([[{ id: 'sg-new', status: 'active' }], undefined]);
  });

  it('keeps the groups of before, whoever swaps them first', async () => {
    const { ports, ids } = await protectedWorld();
    await Promise.all([1, 2].map(() => start(ports, ids[0] ?? '')));
    for (let n = 0; n < 10; n += 1) {
      settle(ports);
      await Promise.all([1, 2, 3].map(() => advance(ports, testPolicy)));
    }
    const [run] = (await readRuns(ports.vault)).runs;
    expect(run?.fence?.database.originalGroups).toEqual(['sg-builder']);
  });

  it('of a called-off failover is taken away also when the primary was dark just then', async () => {
    const { ports, ids } = await protectedWorld();
    ports.inspection.answer = wrongOwner;
    await finishRun(ports, await start(ports, ids[0] ?? ''));
    ports.fence.dark = true;
    const { kept, remove } = await abortFailover(ports, testPolicy);
    expect(kept).toHaveLength(2);
    expect(remove[0]).toContain('delete-db-instance --region us-west-2');
    expect(ports.fence.policy).toContain('BuilderDrFence');
    ports.fence.dark = false;
    for (let n = 0; n < 3; n += 1) {
      await advance(ports, testPolicy);
      settle(ports);
    }
    expect(ports.fence.state.groups).toEqual([{ id: 'sg-builder', status: 'active' }]);
    expect(JSON.parse(ports.fence.policy ?? '').Statement).toEqual([{ Sid: 'Theirs', Effect: 'Allow' }]);
    expect([...ports.instances.held.values()].map((each) => each.tags['builder-dr:role'])).toEqual([
      'aborted',
      'aborted',
    ]);
  });
});

describe('a recovery goes on', () => {
  it('while messages cannot be sent, says so by failing, and tells them once they can', async () => {
    const { ports, ids } = await protectedWorld();
    const { publish } = ports.notifier;
    ports.notifier.publish = async () => Promise.reject(new DrError('REMOTE_FAILED', 'SNS is down'));
    const run = await start(ports, ids[0] ?? '');
    for (let n = 0; n < 12; n += 1) {
      await expect(advance(ports, testPolicy)).rejects.toMatchObject({
        code: 'PARTIAL_FAILURE',
        message: expect.stringContaining('SNS is down'),
      });
      settle(ports);
    }
    const ended = await readRun(ports, run);
    expect([ended.state, ended.errors.at(-1)?.message]).toEqual(['done', 'SNS is down']);
    ports.notifier.publish = publish;
    await advance(ports, testPolicy);
    expect(ports.notifier.messages.at(-1)?.subject).toContain('failover done');
  });

  it('while the bus takes no event and another document is broken', async () => {
    const { ports, ids } = await protectedWorld();
    ports.signals.emit = async () => Promise.reject(new DrError('REMOTE_FAILED', 'EventBridge is down'));
    await ports.vault.put('points/broken.json', 'broken', undefined);
    let run = await start(ports, ids[0] ?? '');
    for (let n = 0; n < 12 && run.state !== 'done'; n += 1) {
      settle(ports);
      run = await start(ports, ids[0] ?? '').catch(() => readRun(ports, run));
    }
    expect(run.state).toBe('done');
  });
});

describe('the cut-over', () => {
  it('goes on without Route 53 and parameters, and prints what is left to do by hand', async () => {
    const { ports, ids } = await protectedWorld();
    ports.cutOver.refuse = new DrError('SITE_UNREACHABLE', 'point builder-db.example.com: TimeoutError');
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect(run.state).toBe('done');
    expect(run.cutOver?.steps.map((each) => [each.name, each.ok])).toEqual([
      ['builder settings', false],
      ['dns', false],
    ]);
    expect(ports.notifier.messages.at(-1)?.body).toContain(
      'By hand: dns: change the record builder-db.example.com to CNAME 127.0.0.1',
    );
    expect((await ports.vault.get(`failovers/${run.id}/user.toml`))?.body).toContain('host = "127.0.0.1"');
  });

  it("gives Builder's settings without a secret, to the vault and to the parameters", async () => {
    const { ports, ids } = await protectedWorld();
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect(ports.cutOver.hosts).toEqual(['127.0.0.1']);
    const text = ports.cutOver.files['bldr.env'] ?? '';
    expect(text).toContain('export POSTGRES_HOST=127.0.0.1');
    expect(text).toContain('# password of hab: secretsmanager:builder/database');
    for (const value of ports.secrets.values.values())
      expect(JSON.stringify([run, ports.cutOver.files])).not.toContain(value);
  });

  it('is refused when another failover was faster', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await start(ports, ids[0] ?? '');
    const other = {
      schema: 'direction/1',
      direction: 'none',
      epoch: 7,
      changedAt: '2026-11-22T00:00:00.000Z',
      failover: 'other',
    };
    await ports.vault.put('direction.json', JSON.stringify(other), undefined);
    await expect(finishRun(ports, run)).rejects.toThrow(/another failover|protection flows none/i);
    expect(await readDirection(ports.vault)).toMatchObject({ epoch: 7, failover: 'other' });
  });
});

describe('a process that dies at any call, and is followed by another', () => {
  async function killed(work: (n: number, when: 'before' | 'after') => Promise<boolean>): Promise<number> {
    let moments = 0;
    for (const when of ['before', 'after'] as const) {
      for (let n = 1; await work(n, when); n += 1) moments += 1;
    }
    return moments;
  }
  /** Runs rounds with ports that die at their n-th call; answers whether they did. */
  async function dies(
    ports: MemoryPorts,
    n: number,
    when: 'before' | 'after',
    act: (doomed: MemoryPorts) => Promise<unknown>,
  ) {
    const doomed = dyingPorts(ports, n, when) as MemoryPorts;
    try {
      await act(doomed);
      for (let round = 0; round < 12; round += 1) {
        await advance(doomed, testPolicy);
        settle(ports);
      }
      return false;
    } catch (error) {
      if (
        error instanceof Killed ||
        JSON.stringify(String(error)).includes('at call') ||
        String(error).includes('after call')
      )
        return true;
      throw error;
    }
  }

  it('a failover takes the fence of a called-off one over, and the groups of before are not forgotten', async () => {
    const moments = await killed(async (n, when) => {
      const { ports, ids, clock } = await protectedWorld(1);
      await start(ports, ids[0] ?? '');
      settle(ports);
      await advance(ports, testPolicy);
      await abortFailover(ports, testPolicy);
      clock.now = new Date(clock.now.getTime() + 60_000);
      const died = await dies(ports, n, when, (doomed) => start(doomed, ids[0] ?? ''));
      if ((await readDirection(ports.vault)).direction === 'primary→dr') await start(ports, ids[0] ?? '');
      const second = (await readRuns(ports.vault)).runs.findLast((each) => each.state !== 'aborted');
      const run = await finishRun(ports, second as Recovery);
      const { database, bucket } = (await readRun(ports, run)).fence ?? {};
      expect([n, when, run.state, database?.originalGroups]).toEqual([n, when, 'done', ['sg-builder']]);
      expect(bucket?.originalPolicy).toContain('Theirs');
      expect(ports.fence.state.groups.map((each) => each.id)).toEqual(['sg-fence']);
      return died;
    });
    expect(moments).toBeGreaterThan(50);
  });

  it('a drill ends as passed, with one restore, and leaves nothing', async () => {
    const moments = await killed(async (n, when) => {
      const { ports } = await protectedWorld(1);
      const died = await dies(ports, n, when, (doomed) => drill(doomed));
      const run = await finishRun(ports, await drill(ports));
      const [point] = (await readPoints(ports.vault)).points;
      expect([n, when, run.state, point?.state]).toEqual([n, when, 'passed', 'proven']);
      expect(new Set(ports.instances.restores).size).toBe(ports.instances.restores.length);
      expect([ports.instances.held.size, ports.secrets.values.size]).toEqual([0, 0]);
      return died;
    });
    expect(moments).toBeGreaterThan(100);
  });

  it('a failover ends as done, with one instance, one cut-over and the fence closed', async () => {
    const moments = await killed(async (n, when) => {
      const { ports, ids } = await protectedWorld(1);
      const died = await dies(ports, n, when, (doomed) => start(doomed, ids[0] ?? ''));
      const { direction } = await readDirection(ports.vault);
      if (direction === 'primary→dr')
        await start(ports, ids[0] ?? '').catch((error) => Promise.reject(new Error(`${n} ${when}: ${error}`)));
      const [run] = [...ports.vault.documents.keys()].filter((key) => /^failovers\/[^/]+\.json$/.test(key));
      const ended = await finishRun(ports, JSON.parse(ports.vault.documents.get(run ?? '')?.body.toString() ?? ''));
      const [point] = (await readPoints(ports.vault)).points;
      expect([n, when, ended.state, point?.state]).toEqual([n, when, 'done', 'proven']);
      expect(ports.instances.held.size).toBe(1);
      expect(await readDirection(ports.vault)).toMatchObject({ direction: 'none', epoch: 1 });
      expect(ports.fence.state.groups).toEqual([{ id: 'sg-fence', status: 'active' }]);
      return died;
    });
    expect(moments).toBeGreaterThan(150);
  });

  it('three runs at once of everything end the same', async () => {
    const { ports, ids } = await protectedWorld(1);
    const [run] = await Promise.all([1, 2, 3].map(() => start(ports, ids[0] ?? '')));
    for (let round = 0; round < 12; round += 1) {
      await Promise.all([1, 2, 3].map(() => advance(ports, testPolicy)));
      settle(ports);
    }
    expect((await readRun(ports, run as Recovery)).state).toBe('done');
    expect([ports.instances.held.size, (await readDirection(ports.vault)).epoch]).toEqual([1, 1]);
  });
});
