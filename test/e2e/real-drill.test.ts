import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { allFindings } from '../../src/core/recovery/lifecycle.ts';
import { advance } from '../../src/jobs/advance.ts';
import { startDrill } from '../../src/jobs/recovery/drill.ts';
import { planFailover } from '../../src/jobs/recovery/failover.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';
import { until } from '../setup/world.ts';

let sandbox: Sandbox;
let subject: RecoveryWorld;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  subject = await RecoveryWorld.create(sandbox, 'real-drill');
  await subject.protect();
});
afterAll(async () => {
  await subject.builder.close();
  await sandbox.stop();
});

describe('a drill of the real thing, against real PostgreSQL and S3', () => {
  it("takes a failover's class, Multi-AZ and storage, can be deleted, and leaves nothing", async () => {
    const { ports, world } = subject;
    const begun = await startDrill(ports, world.policy, {
      kind: 'drill',
      point: 'latest',
      readAll: false,
      real: true,
      at: subject.nextSecond(),
    });
    await sandbox.control.rds({ held: true });
    const seen = await until('the restore', async () => {
      await advance(ports, world.policy);
      const { DBInstances = [] } = await world.drRds.send(new DescribeDBInstancesCommand({}));
      return DBInstances.find((each) => each.DBInstanceIdentifier === `hbdr-drill-${begun.id}`);
    });
    await sandbox.control.rds({ held: false });
    const { classes, multiAz, storageType } = world.policy.restore;
    expect(seen).toMatchObject({
      DBInstanceClass: classes[0],
      MultiAZ: multiAz,
      StorageType: storageType,
      DeletionProtection: false,
      BackupRetentionPeriod: 0,
    });
    const run = await subject.finish(begun);
    expect({ state: run.state, findings: allFindings(run), real: run.kind === 'drill' && run.real }).toEqual({
      state: 'passed',
      findings: [],
      real: true,
    });
    expect(await subject.drInstances()).toEqual([]);
  });

  it('is where the plan of a failover has its times from, also after a small one', async () => {
    const small = await subject.drill();
    const { ports, world } = subject;
    const plan = await planFailover(ports, world.policy, { point: 'latest', planned: false });
    const restoring = plan.steps.find((each) => each.phase === 'restoring');
    expect(restoring?.expectedFrom).toMatchObject({ kind: 'real drill', className: world.policy.restore.classes[0] });
    expect(restoring?.expectedFrom?.run).not.toBe(small.id);
  });
});
