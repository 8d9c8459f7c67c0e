import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { snapshotName } from '../../src/core/ids.ts';
import { allFindings, current } from '../../src/core/recovery/lifecycle.ts';
import { restoreRequest } from '../../src/core/recovery/restore-request.ts';
import { query, RecoveryWorld } from '../setup/recovery-world.ts';
import { until } from '../setup/world.ts';

let sandbox: Sandbox;
let subject: RecoveryWorld;
let point: string;
let worlds = 0;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  worlds += 1;
  subject = await RecoveryWorld.create(sandbox, `rdsstates${worlds}`);
  point = (await subject.protect()).id;
});
afterEach(async () => {
  await sandbox.control.rds({ baselineBackupMs: 50, standsAfterRestore: null, restoresEndIn: {}, retiredVersions: {} });
  await subject.builder.close();
});

async function instance(name: string) {
  const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
  return (await subject.world.drRds.send(command)).DBInstances?.[0];
}

const request = (name: string) =>
  restoreRequest(subject.world.policy.restore, 'scratch', {
    name,
    snapshot: snapshotName(point),
    sizeGib: 20,
    engineLifecycleSupport: undefined,
    className: 'db.t4g.small',
    run: 'drills/1.json',
  });

describe('RDS as it is', () => {
  it('takes no class that cannot be ordered, makes nothing, and changes nothing while a first backup is made', async () => {
    const { instances } = subject.ports;
    await sandbox.control.rds({ unorderableClasses: ['db.t4g.small'], baselineBackupMs: null });
    await expect(instances.restore(request('hbdr-drill-x'))).rejects.toMatchObject({ code: 'COMBINATION_REFUSED' });
    expect(await instances.status('hbdr-drill-x')).toBeUndefined();
    await sandbox.control.rds({ unorderableClasses: [] });
    await instances.restore({ ...request('hbdr-drill-x'), backupRetentionDays: 1 });
    await until('the first backup', async () => {
      const facts = await instances.status('hbdr-drill-x');
      return facts?.status === 'backing-up' ? true : undefined;
    });
    await expect(instances.setPassword('hbdr-drill-x', 'a-fresh-password-2')).rejects.toMatchObject({
      code: 'INVALID_STATE',
    });
  });
});

describe('a failover on an RDS that takes its time', () => {
  it.each(['storage-initialization', 'storage-optimization'])(
    'is served by an instance that is %s for ever, and then `backing-up` for ever',
    async (standsAfterRestore) => {
      await sandbox.control.rds({ standsAfterRestore, baselineBackupMs: null });
      const run = await subject.finish(await subject.startFailover());
      expect([run.state, run.cutOver?.steps.map((each) => [each.name, each.ok])]).toEqual([
        'done',
        [
          ['backups', true],
          ['builder settings', true],
        ],
      ]);
      const used = await instance(current(run).instance);
      expect([used?.DBInstanceStatus, used?.BackupRetentionPeriod]).toEqual(['backing-up', 7]);
      const { host, port } = current(run).available as { host: string; port: number };
      const [answer] = await query({ ...subject.login, host, port }, 'SELECT count(*)::int AS n FROM origin_packages');
      expect(answer).toEqual({ n: 6 });
    },
  );

  it('takes the second class where the first was accepted and then not had, and keeps both by their names', async () => {
    const [first, second] = subject.world.policy.restore.classes as [string, string];
    await sandbox.control.rds({ restoresEndIn: { [first]: 'insufficient-capacity' } });
    const run = await subject.finish(await subject.startFailover());
    const name = `hbdr-failover-${run.id}`;
    expect([run.state, run.attempts.map((each) => [each.instance, each.outcome])]).toEqual([
      'done',
      [
        [name, 'rejected'],
        [`${name}-2`, 'passed'],
      ],
    ]);
    expect((await instance(name))?.DBInstanceStatus).toBe('insufficient-capacity');
    expect((await instance(`${name}-2`))?.DBInstanceClass).toBe(second);
  });

  it('notes that RDS restored a retired version into a newer minor one, which a drill warns of', async () => {
    await sandbox.control.rds({ retiredVersions: { '17.10': '17.11' } });
    const drill = await subject.drill();
    expect([drill.state, allFindings(drill).map((each) => each.code)]).toEqual(['passed', ['ENGINE_UPGRADED']]);
    const run = await subject.finish(await subject.startFailover());
    expect([run.state, allFindings(run).map((each) => each.code)]).toEqual(['done', ['ENGINE_UPGRADED']]);
  });

  it('stops at once where RDS refuses what the configuration says, and names it; a drill fails with it', async () => {
    const gone = 'sg-0123456789abcdef0';
    Object.assign(subject.world.policy.restore, { securityGroups: [gone] });
    const before = await subject.drInstances();
    const run = await subject.finish(await subject.startFailover());
    expect([run.state, run.attempts.map((each) => each.outcome)]).toEqual(['blocked', [undefined]]);
    expect([run.blocked?.reason, run.blocked?.doFirst]).toEqual([
      expect.stringContaining(gone),
      expect.stringContaining('mend what RDS names'),
    ]);
    const drill = await subject.drill();
    expect([drill.state, drill.history.at(-1)?.why]).toEqual(['failed', expect.stringContaining(gone)]);
    expect(await subject.drInstances()).toEqual(before);
  });

  it('in a drill leaves none of the instances that it made', async () => {
    const [first] = subject.world.policy.restore.drillClasses as [string];
    await sandbox.control.rds({ restoresEndIn: { [first]: 'insufficient-capacity' } });
    const before = await subject.drInstances();
    const run = await subject.drill();
    expect([run.state, run.attempts.length, await subject.drInstances()]).toEqual(['passed', 2, before]);
  });
});
