import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/jobs/advance.ts';
import { protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

/** A failover whose fence was swapped, and RDS that shows a reboot so many looks after it took it. */
async function slowToShow(looks: number) {
  const { ports, ids, clock } = await protectedWorld(1);
  const run = await start(ports, ids[0] ?? '');
  const { database } = ports.fence;
  let left = looks;
  ports.fence.database = async (name) => {
    const state = await database(name);
    if (state?.status !== 'rebooting' || left === 0) return state;
    left -= 1;
    return { ...state, status: 'available' };
  };
  const confirmedAt = async () => (await readRun(ports, run)).fence.database.confirmedAt;
  ports.fence.finish();
  return { ports, clock, run, confirmedAt };
}

describe('a reboot that RDS has taken and does not show yet', () => {
  it('is confirmed by no pass that runs beside the one that asked for it', async () => {
    const { ports, clock, confirmedAt } = await slowToShow(4);
    const seen: unknown[] = [];
    for (let n = 0; n < 4; n += 1) {
      clock.now = new Date(clock.now.getTime() + 1_000);
      await advance(ports, testPolicy);
      seen.push([ports.fence.state.status, await confirmedAt()]);
    }
    expect(seen).toEqual(seen.map(() => ['rebooting', undefined]));
    // It is shown at last, and is over a minute later.
    await advance(ports, testPolicy);
    expect(await confirmedAt()).toBeUndefined();
    settle(ports);
    await advance(ports, testPolicy);
    expect([await confirmedAt(), ports.fence.reboots]).toEqual([clock.now.toISOString(), 1]);
  });

  it('and is over before anybody looks, is confirmed by three looks over a minute', async () => {
    const { ports, clock, confirmedAt } = await slowToShow(1);
    await advance(ports, testPolicy);
    ports.fence.finish();
    const seen: boolean[] = [];
    for (let n = 0; n < 3; n += 1) {
      clock.now = new Date(clock.now.getTime() + 30_000);
      await advance(ports, testPolicy);
      seen.push((await confirmedAt()) !== undefined);
    }
    expect([seen, ports.fence.reboots]).toEqual([[false, false, true], 1]);
  });
});

describe('a confirmed fence of the database', () => {
  it('is no longer one as soon as RDS shows that another group is on its way', async () => {
    const { ports, run, confirmedAt } = await slowToShow(0);
    for (let n = 0; n < 3; n += 1) {
      await advance(ports, testPolicy);
      ports.fence.finish();
    }
    expect(await confirmedAt()).toBeDefined();
    ports.instances.status = async () => undefined; // so that it waits
    await ports.fence.setGroups(['sg-builder']);
    await advance(ports, testPolicy);
    const { database } = (await readRun(ports, run)).fence;
    expect([database.confirmedAt, ports.fence.state.groups]).toEqual([
      undefined,
      expect.arrayContaining([{ id: 'sg-fence', status: 'adding' }]),
    ]);
  });
});
