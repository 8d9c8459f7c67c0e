import { describe, expect, it } from 'vitest';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { drill } from '../../setup/recovery-requests.ts';

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
