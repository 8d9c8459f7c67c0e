import { expect, it } from 'vitest';
import { isProduction, type ProductionRun } from '../../../src/core/recovery/run.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { keyFile } from '../../setup/memory-cycle.ts';
import { protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

type World = Awaited<ReturnType<typeof protectedWorld>>;

/** A world whose points are of as many artifacts as a final one comes to. */
async function switchoverWorld(): Promise<World> {
  const world = await protectedWorld(2, 0);
  await escrowKeys(world.ports, [keyFile]);
  return world;
}

async function until({ ports, clock }: World, run: ProductionRun, states: string[]): Promise<ProductionRun> {
  for (let n = 0; n < 60; n += 1) {
    const now = await readRun(ports, run);
    if (isProduction(now) && states.includes(now.state)) return now;
    clock.passMinutes(1);
    await advance(ports, testPolicy);
    settle(ports);
  }
  throw new Error(JSON.stringify((await readRun(ports, run)).history));
}

const finalOf = (run: ProductionRun) => (run.kind === 'switchover' ? run.finalPoint : undefined);

it.each([
  [
    'database',
    ({ ports }: World) => {
      ports.fence.state = { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] };
    },
  ],
  [
    'bucket',
    ({ ports }: World) => {
      ports.fence.policy = undefined;
    },
  ],
])(
  'a switchover whose %s was open again after its final point does not cut over with it, and captures another',
  async (_half, open) => {
    const world = await switchoverWorld();
    const begun = await start(world.ports, world.ids[0] ?? '', { planned: true });
    const first = await until(world, begun, ['restoring']);
    expect(finalOf(first)).toBeDefined();
    open(world);
    const blocked = await until(world, begun, ['blocked', 'done']);
    expect([blocked.state, blocked.blocked?.reason]).toEqual([
      'blocked',
      expect.stringContaining(`after the final point ${finalOf(first)}`),
    ]);
    await start(world.ports, blocked.blocked?.resume.confirm ?? '', blocked.blocked?.resume);
    const ended = await until(world, begun, ['done', 'blocked']);
    expect([ended.state, ended.attempts.at(-1)?.point]).toEqual(['done', finalOf(ended)]);
    expect(finalOf(ended)).not.toBe(finalOf(first));
  },
);

it('a switchover whose primary was open while its final point was on its way captures another at once', async () => {
  const world = await switchoverWorld();
  const { ports, clock } = world;
  const begun = await start(ports, world.ids[0] ?? '', { planned: true });
  await until(world, begun, ['capturing-final']);
  const { finish } = ports.database;
  ports.database.finish = () => undefined; // its snapshot takes its time
  clock.passMinutes(1);
  await advance(ports, testPolicy);
  const first = finalOf(await readRun(ports, begun));
  ports.fence.state = { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] };
  for (let n = 0; n < 6; n += 1) {
    clock.passMinutes(1);
    await advance(ports, testPolicy);
    settle(ports);
  }
  ports.database.finish = finish;
  const ended = await until(world, begun, ['done', 'blocked']);
  expect([ended.state, ended.attempts.map((each) => each.point)]).toEqual(['done', [finalOf(ended)]]);
  expect(finalOf(ended)).not.toBe(first);
});

it('a switchover whose fence stands takes its one final point', async () => {
  const world = await switchoverWorld();
  const begun = await start(world.ports, world.ids[0] ?? '', { planned: true });
  const ended = await until(world, begun, ['done', 'blocked']);
  expect([ended.state, ended.attempts.map((each) => each.point)]).toEqual(['done', [finalOf(ended)]]);
});

it('a switchover that is started again goes on with its instance, as it was told', async () => {
  const world = await switchoverWorld();
  const { ports, clock } = world;
  const begun = await start(ports, world.ids[0] ?? '', { planned: true });
  const { turnBackupsOn } = ports.instances;
  ports.instances.turnBackupsOn = async (name, days) => {
    await turnBackupsOn(name, days);
    // RDS took it, and is never done with it.
    Object.assign(ports.instances.held.get(name) ?? {}, { retentionAsked: undefined });
    ports.instances.finish = () => undefined;
  };
  const blocked = await until(world, begun, ['blocked', 'done']);
  expect(blocked.blocked?.doFirst).toContain('started as below, it serves with that risk');
  clock.passMinutes(1);
  await start(ports, blocked.blocked?.resume.confirm ?? '', blocked.blocked?.resume);
  const ended = await until(world, begun, ['done', 'blocked']);
  expect([ended.state, ports.instances.restores.length]).toEqual(['done', 1]);
});
