import { describe, expect, it } from 'vitest';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { keyFile } from '../../setup/memory-cycle.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

type World = Awaited<ReturnType<typeof protectedWorld>>;

async function passesUntil(
  { ports, clock }: World,
  run: ProductionRun,
  state: string,
  goesOn = () => settle(ports),
): Promise<ProductionRun> {
  for (let n = 0; n < 90; n += 1) {
    const now = await readRun(ports, run);
    if (now.state === state) return now;
    clock.passMinutes(1);
    await advance(ports, testPolicy).catch(() => undefined);
    goesOn();
  }
  throw new Error(`never ${state}: ${JSON.stringify((await readRun(ports, run)).history)}`);
}

/** So that a final point, too, has as many as those before it. */
async function withoutArtifacts(): Promise<World> {
  const world = await protectedWorld(2, 0);
  await escrowKeys(world.ports, [keyFile]);
  return world;
}

describe('a failover that is started again', () => {
  it('restores the same point anew where its operator has deleted the instance that he was told to look at', async () => {
    const world = await protectedWorld();
    const { ports, ids } = world;
    const run = await start(ports, ids[0] ?? '');
    // Its password is never done being changed.
    const blocked = await passesUntil(world, run, 'blocked', () => {
      ports.fence.finish();
      for (const each of ports.instances.held.values()) if (!each.pending) ports.instances.finish();
    });
    expect(blocked.blocked?.doFirst).toContain('once it is deleted');
    ports.instances.held.delete(current(blocked).instance);
    const ended = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([ended.state, current(ended).point]).toEqual(['done', ids[0]]);
  });

  it('takes the point that its operator names, also one that it has not tried', async () => {
    const world = await protectedWorld(3);
    const { ports, ids } = world;
    ports.instances.endOf = () => 'creating';
    const blocked = await passesUntil(world, await start(ports, ids[0] ?? ''), 'blocked');
    expect([current(blocked).point, blocked.candidates]).toEqual([ids[0], [ids[1], ids[2]]]);
    ports.instances.endOf = () => undefined;
    const ended = await finishRun(ports, await start(ports, ids[1] ?? '', { point: ids[1] ?? '' }));
    expect([ended.state, current(ended).point]).toEqual(['done', ids[1]]);
  });

  it('begins with its best point where none of them could be looked into', async () => {
    const { ports, ids } = await protectedWorld(3);
    ports.instances.endOf = () => 'incompatible-network';
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([blocked.state, blocked.attempts.length]).toEqual(['blocked', 3]);
    expect(blocked.blocked?.resume.confirm).toBe(ids[0]);
    ports.instances.endOf = () => undefined;
    const ended = await finishRun(ports, await start(ports, ids[0] ?? '', blocked.blocked?.resume));
    expect([ended.state, current(ended).point]).toEqual(['done', ids[0]]);
  });
});

it('a failover goes past a point that a prune has archived since', async () => {
  const world = await protectedWorld(3);
  const { ports, ids } = world;
  const run = await start(ports, ids[0] ?? '');
  await ports.vault.remove(`points/${ids[1]}.json`);
  ports.instances.endOf = ({ name }) => (name.endsWith('-3') ? undefined : 'restore-error');
  const ended = await passesUntil(world, run, 'done');
  expect(current(ended).point).toBe(ids[2]);
  const letter = ports.notifier.messages.map(emailText).at(-1);
  expect(letter).toContain(`RDS reports the restored instance as restore-error; hbdr-failover-${run.id} is kept`);
  expect(letter).not.toContain(`hbdr-failover-${run.id}-2 is kept`);
});

describe('the pins of a failover', () => {
  const pinsOf = async ({ ports }: World) =>
    (await readPoints(ports.vault)).points.flatMap((each) => (each.pins ?? []).map(({ run }) => run));

  it('are taken back when it is called off', async () => {
    const world = await protectedWorld();
    const run = await start(world.ports, world.ids[0] ?? '');
    expect(await pinsOf(world)).toEqual([`failovers/${run.id}.json`]);
    await abortFailover(world.ports, testPolicy);
    for (let n = 0; n < 3; n += 1) {
      settle(world.ports);
      await advance(world.ports, testPolicy);
    }
    expect(await pinsOf(world)).toEqual([]);
  });

  it('are taken back when it was a switchover, whose own final point took the place of the one that was confirmed', async () => {
    const world = await withoutArtifacts();
    const run = await start(world.ports, world.ids[0] ?? '', { planned: true });
    const ended = await passesUntil(world, run, 'done');
    expect(current(ended).point).not.toBe(world.ids[0]);
    expect(await pinsOf(world)).toEqual([]);
  });
});

describe('a failover that waits for its fence', () => {
  it('does not cut over to an instance that has died meanwhile', async () => {
    const world = await protectedWorld();
    const { ports, ids } = world;
    ports.fence.rests = 'maintenance';
    ports.fence.state = { ...ports.fence.state, status: 'maintenance' };
    const run = await start(ports, ids[0] ?? '');
    let waiting = await readRun(ports, run);
    while (!waiting.attempts.at(-1)?.awaitsFenceSince) {
      expect(waiting.state).not.toBe('blocked');
      world.clock.passMinutes(1);
      await advance(ports, testPolicy);
      settle(ports);
      waiting = await readRun(ports, run);
    }
    Object.assign(ports.instances.held.get(current(waiting).instance) ?? {}, { status: 'failed' });
    ports.fence.rests = 'available';
    ports.fence.finish();
    const ended = await passesUntil(world, run, 'done');
    expect(current(ended).instance).not.toBe(current(waiting).instance);
  });

  it('restores the point anew where its instance is gone by the time that the operator accepts an open primary', async () => {
    const { ports, ids } = await protectedWorld(1);
    ports.fence.dark = true;
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([blocked.state, current(blocked).outcome]).toEqual(['blocked', 'passed']);
    ports.instances.held.clear();
    const without = await finishRun(ports, await start(ports, ids[0] ?? '', { acceptUnfenced: true }));
    expect([without.state, without.blocked?.resume.confirm]).toEqual(['blocked', ids[0]]);
    const ended = await finishRun(ports, await start(ports, ids[0] ?? '', without.blocked?.resume));
    expect([ended.state, [...ports.instances.held.keys()]]).toEqual(['done', [current(ended).instance]]);
  });
});

describe('the tick of a failover', () => {
  it.each(['begun', 'started again'])(
    'that was %s while a pass was at work is not turned off by that pass',
    async (how) => {
      const world = await protectedWorld();
      const { ports, ids } = world;
      ports.instances.lacking = [{ code: 'DR_NETWORK_MISSING', subject: 's', text: 'no subnet group' }];
      if (how === 'started again') await passesUntil(world, await start(ports, ids[0] ?? ''), 'blocked');
      ports.instances.lacking = [];
      await advance(ports, testPolicy);
      expect(ports.signals.tick).toBe(false);
      // The last that a pass does before its end: by then what it read of the runs is old.
      const { list } = ports.instances;
      ports.instances.list = async () => {
        ports.instances.list = list;
        await start(ports, ids[0] ?? '');
        return list();
      };
      await advance(ports, testPolicy);
      expect(ports.signals.tick).toBe(true);
    },
  );
});
