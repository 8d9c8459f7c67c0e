import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { allFindings, phaseSeconds } from '../../src/core/recovery.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';

let sandbox: Sandbox;
let subject: RecoveryWorld;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  subject = await RecoveryWorld.create(sandbox, 'drill');
});
afterAll(async () => {
  await subject.builder.close();
  await sandbox.stop();
});

describe('a drill against real PostgreSQL and S3', () => {
  it('restores the newest point, finds that everything fits, proves the point and leaves nothing', async () => {
    const point = await subject.protect();
    const run = await subject.drill();
    expect({ errors: run.errors, findings: allFindings(run), state: run.state }).toEqual({
      errors: [],
      findings: [],
      state: 'passed',
    });
    expect(run.attempts[0]?.comparison).toMatchObject({ packages: 6, objects: 6, missing: { count: 0 } });
    expect(run.attempts[0]?.rows).toMatchObject({ origin_packages: 6 });
    expect((await subject.point(point.id)).state).toBe('proven');
    expect(await subject.drInstances()).toEqual([]);
    expect(Object.keys(phaseSeconds(run, new Date()))).toEqual([
      'planned',
      'restoring',
      'inspecting',
      'verifying',
      'cleaning-up',
    ]);
  });
});
