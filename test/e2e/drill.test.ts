import {
  AddTagsToResourceCommand,
  DeleteDBInstanceCommand,
  ModifyDBInstanceCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
} from '@aws-sdk/client-rds';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { snapshotName } from '../../src/core/ids.ts';
import { allFindings, phaseSeconds } from '../../src/core/recovery/lifecycle.ts';
import { ROLE_TAG, RUN_TAG } from '../../src/core/recovery/restore-request.ts';
import type { Run } from '../../src/core/recovery/run.ts';
import { advance } from '../../src/jobs/advance.ts';
import { checkKeys } from '../../src/jobs/keys/restore.ts';
import { planDrill } from '../../src/jobs/recovery/drill.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';
import { until, untilAvailable } from '../setup/world.ts';

let sandbox: Sandbox;
let subject: RecoveryWorld;
/** The first drill of all. */
let first: Run;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  subject = await RecoveryWorld.create(sandbox, 'drill');
  await subject.protect();
  first = await subject.drill();
});
afterAll(async () => {
  await subject.builder.close();
  await sandbox.stop();
});
beforeEach(() => sandbox.control.rds({ insufficientCapacity: [] }));

describe('a drill against real PostgreSQL and S3', () => {
  it('restores the newest point, finds that everything fits, proves the point and leaves nothing', async () => {
    const run = first;
    expect({ errors: run.errors, findings: allFindings(run), state: run.state }).toEqual({
      errors: [],
      findings: [],
      state: 'passed',
    });
    expect(run.attempts[0]?.comparison).toMatchObject({ packages: 6, objects: 6, reread: 2, missing: { count: 0 } });
    expect(run.attempts[0]?.rows).toMatchObject({ origin_packages: 6 });
    expect((await subject.point(run.attempts[0]?.point ?? '')).state).toBe('proven');
    expect(await subject.drInstances()).toEqual([]);
    const phases = ['planned', 'restoring', 'inspecting', 'verifying', 'cleaning-up'];
    expect(Object.keys(phaseSeconds(run, new Date()))).toEqual(phases);
  });

  it('the keys in escrow are known to open the restored rows', async () => {
    const rows = (await checkKeys(subject.ports)).find((each) => each.name === 'bldr-20240101000000');
    expect(rows).toMatchObject({ ok: true, detail: expect.stringContaining('origin_secret_keys') });
  });

  it('a plan names the steps with what the last drill took, and starts nothing', async () => {
    const plan = await planDrill(subject.ports, subject.world.policy, { point: 'latest', real: false });
    expect(plan.steps.map((each) => each.phase)).toEqual(['restoring', 'inspecting', 'verifying', 'cleaning-up']);
    expect(plan.steps[0]?.expectedSeconds).toBeGreaterThan(0);
    expect(await subject.drInstances()).toEqual([]);
  });

  it('reads every artifact again on demand', async () => {
    const run = await subject.drill({ readAll: true });
    expect([run.state, run.attempts[0]?.comparison?.reread]).toEqual(['passed', 6]);
  });

  it('takes the next class where AWS has none of the first, and fails by name where it has none at all', async () => {
    await sandbox.control.rds({ insufficientCapacity: ['db.t4g.small'] });
    const second = await subject.drill();
    expect([second.state, second.attempts[0]?.available?.className]).toEqual(['passed', 'db.t4g.medium']);
    await sandbox.control.rds({ insufficientCapacity: ['db.t4g.small', 'db.t4g.medium'] });
    const none = await subject.drill();
    expect([none.state, none.history.at(-1)?.why]).toEqual([
      'failed',
      expect.stringMatching(/^none of the classes can be had: db.t4g.small (.*), db.t4g.medium (.*)$/),
    ]);
  });

  it('an alarm test finds what it planted, tells it, touches nothing, and proves no point', async () => {
    const before = JSON.stringify((await subject.drill()).attempts[0]?.comparison?.objects);
    const run = await subject.drill({ alarmTest: true });
    expect([run.state, run.history.at(-1)?.why]).toEqual([
      'failed',
      'the notification went out, and nobody is subscribed',
    ]);
    const codes = allFindings(run).map((each) => each.code);
    expect(codes).toEqual(['BUILDER_KEY_USELESS', 'ARTIFACT_MISSING', 'ARTIFACT_CORRUPT']);
    expect(JSON.stringify((await subject.drill()).attempts[0]?.comparison?.objects)).toBe(before);
    expect(await subject.ports.vault.list('scratch/')).toEqual([]);
  });

  it('the sweep deletes what a drill left behind, and nothing that lacks name, tag, record or is protected', async () => {
    const other = await subject.drill();
    const run = await subject.drill();
    const { point = '' } = run.attempts[0] ?? {};
    const tags = (role: string, id: string) => [
      { Key: ROLE_TAG, Value: role },
      { Key: RUN_TAG, Value: `drills/${id}.json` },
    ];
    const plant = async (DBInstanceIdentifier: string, role: string, id: string, DeletionProtection = false) => {
      const request = {
        DBInstanceIdentifier,
        DBSnapshotIdentifier: snapshotName(point),
        Tags: tags(role, id),
        DeletionProtection,
      };
      await subject.world.drRds.send(new RestoreDBInstanceFromDBSnapshotCommand(request));
      await untilAvailable(subject.world.drRds, DBInstanceIdentifier);
    };
    const remove = async (DBInstanceIdentifier: string) => {
      const { drRds } = subject.world;
      await drRds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier, DeletionProtection: false }));
      await drRds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }));
      await until(`the end of ${DBInstanceIdentifier}`, async () =>
        (await subject.drInstances()).includes(DBInstanceIdentifier) ? undefined : true,
      );
    };
    await plant(`hbdr-drill-${run.id}`, 'drill', run.id);
    await plant('builder-production', 'drill', run.id);
    await plant('hbdr-drill-unrecorded', 'drill', 'unrecorded');
    await plant('hbdr-drill-foreign', 'failover', run.id);
    // The record of that name is over, and the tag is another run's.
    await plant(`hbdr-drill-${other.id}`, 'drill', run.id);
    await until('the sweep', async () => {
      const { swept } = await advance(subject.ports, subject.world.policy);
      return swept.length === 0 && !(await subject.drInstances()).includes(`hbdr-drill-${run.id}`) ? true : undefined;
    });
    const kept = ['builder-production', `hbdr-drill-${other.id}`, 'hbdr-drill-foreign', 'hbdr-drill-unrecorded'];
    expect(await subject.drInstances()).toEqual(kept);
    await plant(`hbdr-drill-${run.id}`, 'drill', run.id, true);
    await advance(subject.ports, subject.world.policy);
    await advance(subject.ports, subject.world.policy);
    expect(await subject.drInstances()).toContain(`hbdr-drill-${run.id}`);
    await subject.world.drRds.send(
      new AddTagsToResourceCommand({
        ResourceName: 'arn:aws:rds:us-west-2:000000000000:db:hbdr-drill-foreign',
        Tags: tags('kept', 'x'),
      }),
    );
    await expect(subject.ports.instances.destroy('builder-production')).rejects.toMatchObject({ code: 'BAD_USAGE' });
    for (const name of await subject.drInstances()) await remove(name);
  });
});
