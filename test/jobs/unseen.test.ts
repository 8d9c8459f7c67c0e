import { describe, expect, it } from 'vitest';
import type { Ports } from '../../src/core/ports/all.ts';
import { current } from '../../src/core/recovery/lifecycle.ts';
import { advance } from '../../src/jobs/advance.ts';
import { escrowKeys } from '../../src/jobs/keys/escrow.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { drain, keyFile, newWorld, scheduled, states } from '../setup/memory-cycle.ts';
import { finishRun, protectedWorld } from '../setup/memory-recovery.ts';
import { testPolicy } from '../setup/policy.ts';
import { drill } from '../setup/recovery-requests.ts';

const theOnly = async ({ vault }: Pick<Ports, 'vault'>) => (await readPoints(vault)).points[0];

describe('what the engine accepted and does not show yet', () => {
  it('fails no point: snapshot and copy are looked for again', async () => {
    const { ports, clock } = newWorld();
    await escrowKeys(ports, [keyFile]);
    ports.database.unseenLooks = 3;
    await capture(ports, testPolicy, scheduled);
    for (let round = 0; round < 16; round += 1) {
      await advance(ports, testPolicy);
      ports.database.finish('snapshots');
      ports.database.finish('held');
      await drain(ports);
      clock.passMinutes(0.2);
    }
    expect(await states(ports)).toEqual(['20261122t140000z protected']);
  });

  it('starts no second copy, and what is known of the first one stays', async () => {
    const { ports, clock } = newWorld();
    await capture(ports, testPolicy, scheduled);
    ports.database.finish('snapshots');
    ports.database.unseenLooks = 3;
    await advance(ports, testPolicy);
    const { database } = (await theOnly(ports)) ?? {};
    expect(database?.state).toBe('copying');
    clock.passMinutes(1);
    await advance(ports, testPolicy);
    expect((await theOnly(ports))?.database).toEqual(database);
  });

  it('is gone after the set time: the point fails by name', async () => {
    const { ports, clock } = newWorld();
    ports.database.unseenLooks = 1_000;
    await capture(ports, testPolicy, scheduled);
    clock.passMinutes(testPolicy.unseenMinutes - 1);
    await advance(ports, testPolicy);
    expect((await theOnly(ports))?.state).toBe('capturing');
    clock.passMinutes(1);
    await advance(ports, testPolicy);
    expect(await theOnly(ports)).toMatchObject({ state: 'failed', failure: { code: 'NOT_FOUND' } });
  });

  it('a snapshot that vanishes before its copy fails its point in the set time, and no pass with it', async () => {
    const { ports, clock } = newWorld();
    await capture(ports, testPolicy, scheduled);
    ports.database.finish('snapshots');
    const { status } = ports.database;
    ports.database.status = async (name) => {
      const found = await status(name);
      ports.database.snapshots.clear();
      return found;
    };
    await advance(ports, testPolicy);
    expect((await theOnly(ports))?.database).toMatchObject({ state: 'captured', waiting: { code: 'NOT_FOUND' } });
    clock.passMinutes(testPolicy.unseenMinutes);
    await advance(ports, testPolicy);
    expect(await theOnly(ports)).toMatchObject({ state: 'failed', failure: { code: 'NOT_FOUND' } });
  });

  it('rejects no restored instance', async () => {
    const { ports, ids } = await protectedWorld();
    ports.instances.unseenLooks = 3;
    const run = await finishRun(ports, await drill(ports));
    expect([run.state, current(run).point, run.attempts.length]).toEqual(['passed', ids[0], 1]);
    expect(ports.instances.restores).toHaveLength(1);
  });
});
