import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/core/points/documents.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { replicate } from '../../../src/jobs/artifacts/replicate.ts';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { acceptPoint } from '../../../src/jobs/points/accept.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { readPoints, updatePoint } from '../../../src/jobs/vault/points.ts';
import { drain, keyFile, newWorld, nodeFile, runToEnd, scheduled, states } from '../../setup/memory-cycle.ts';
import { type TestClock, testPolicy } from '../../setup/policy.ts';
import type { MemoryPorts } from '../../world/ports.ts';

type World = { ports: MemoryPorts; clock: TestClock; sent: number; drained: () => Promise<void> };

/** A point whose artifacts are listed and whose copies are asked for, none of which has come. */
async function listedWorld(artifacts: number): Promise<World> {
  const { ports, clock } = newWorld(artifacts);
  await escrowKeys(ports, [keyFile, nodeFile]);
  await capture(ports, testPolicy, scheduled);
  const { send } = ports.queue;
  const world = { ports, clock, sent: 0, drained: () => drain(ports) };
  ports.queue.send = async (messages) => {
    world.sent += messages.length;
    await send(messages);
  };
  ports.database.finish('snapshots');
  await advance(ports, testPolicy);
  ports.database.finish('held');
  return world;
}

/** A queue whose messages may fail, each for itself. */
async function eachDrained(ports: MemoryPorts): Promise<void> {
  for (const { key } of ports.queue.messages.splice(0)) await replicate(ports, key).catch(() => undefined);
}

/** Passes of a minute each, until the point is at rest; how many it took. */
async function passes({ ports, clock, drained }: World, most: number): Promise<number> {
  for (let n = 0; n < most; n += 1) {
    if (!(await theOnly(ports)).state.match(/capturing|captured|listing/)) return n;
    await drained();
    clock.passMinutes(1);
    await advance(ports, testPolicy).catch(() => undefined);
  }
  return most;
}

/** As it was when it was listed. */
const emptied = ({ artifacts, history }: Point) => {
  if (artifacts.state !== 'complete') return {};
  const { completeAt: _at, deletedInWindow: _none, ...listed } = artifacts;
  return { state: 'listing+copying', history, artifacts: { ...listed, state: 'listed' } };
};

const theOnly = async ({ vault }: Pick<MemoryPorts, 'vault'>) => (await readPoints(vault)).points[0] as Point;
const foundOf = async (ports: MemoryPorts) => (await readiness(ports, testPolicy)).findings;
const DAY = 24 * 60;

describe('a point comes to rest', () => {
  it('whatever was deleted between its listing and the copies: those are named, and asked for once', async () => {
    const world = await listedWorld(250);
    for (let n = 0; n < 240; n += 1) world.ports.primaryArtifacts.lose(`core/p${n}.hart`);
    expect(await passes(world, 10)).toBeLessThanOrEqual(2);
    const point = await theOnly(world.ports);
    expect(point).toMatchObject({ state: 'protected' });
    expect(point.artifacts.state === 'complete' && point.artifacts.deletedInWindow).toHaveLength(240);
    expect(world.sent).toBe(250);
  });

  it('and another point of the same pass is not told what the listing for the first one did not look for', async () => {
    const world = await listedWorld(150);
    const { ports, clock } = world;
    await drain(ports);
    clock.passMinutes(1);
    for (let n = 150; n < 160; n += 1)
      ports.primaryArtifacts.plant(`core/p${n}.hart`, Buffer.from('of the second alone'));
    const { id } = await capture(ports, testPolicy, { kind: 'manual', at: clock.now });
    ports.database.finish('snapshots');
    await advance(ports, testPolicy);
    ports.database.finish('held');
    await drain(ports);
    const [first] = (await readPoints(ports.vault)).points;
    expect(first?.state).toBe('protected');
    // Both lack everything: the replica was emptied. The first read of the second one's list fails.
    await updatePoint(ports, first?.id ?? '', (now) => ({ ...now, ...emptied(now) }) as Point);
    await updatePoint(ports, id, (now) => ({ ...now, ...emptied(now) }) as Point);
    for (let n = 0; n < 160; n += 1) ports.replica.lose(`core/p${n}.hart`);
    const { openStream } = ports.vault;
    let failures = 1;
    ports.vault.openStream = async (key) => {
      if (key.includes(id) && failures-- > 0) throw new DrError('REMOTE_FAILED', 'get: 503');
      return openStream(key);
    };
    for (let n = 0; n < 150; n += 1) ports.primaryArtifacts.lose(`core/p${n}.hart`);
    await advance(ports, testPolicy).catch(() => undefined);
    await drain(ports);
    clock.passMinutes(1);
    await advance(ports, testPolicy);
    const named = (await readPoints(ports.vault)).points.map(({ artifacts }) =>
      artifacts.state === 'complete' ? artifacts.deletedInWindow.length : artifacts.state,
    );
    expect(named).toEqual([150, 150]);
  });

  it('when more was deleted than a point can name: it fails', async () => {
    const world = await listedWorld(10_050);
    for (let n = 0; n < 10_050; n += 1) world.ports.primaryArtifacts.lose(`core/p${n}.hart`);
    expect(await passes(world, 10)).toBeLessThanOrEqual(2);
    expect(await theOnly(world.ports)).toMatchObject({
      state: 'failed',
      failure: { message: expect.stringContaining('10000 of its artifacts were deleted at the primary') },
    });
  });

  it('when one object cannot be copied: it fails by name after a day, after few messages', async () => {
    const world = await listedWorld(5);
    const { copyFrom } = world.ports.replica;
    world.ports.replica.copyFrom = async (source, progress) => {
      if (source.entry.key === 'core/p3.hart') throw new DrError('REMOTE_FAILED', 'copy core/p3.hart: 500');
      return copyFrom(source, progress);
    };
    world.drained = () => eachDrained(world.ports);
    expect(await passes(world, 2 * DAY)).toBeLessThanOrEqual(DAY + 10);
    expect(await theOnly(world.ports)).toMatchObject({
      state: 'failed',
      failure: { code: 'REMOTE_FAILED', message: expect.stringContaining('core/p3.hart') },
    });
    // Five at first, then the one: nine times at once, six times in the next hour, and once in each that follows.
    expect(world.sent).toBeLessThanOrEqual(5 + 9 + 6 + 23);
    expect(world.ports.signals.tick).toBe(false);
    expect((await foundOf(world.ports)).find(({ code }) => code === 'COPY_FAILED')?.text).toContain('core/p3.hart');
  });

  it('without keys in escrow', async () => {
    const { ports, clock } = newWorld(2);
    await capture(ports, testPolicy, scheduled);
    await runToEnd(ports);
    clock.passMinutes(DAY - 1);
    await advance(ports, testPolicy);
    expect((await theOnly(ports)).state).toBe('listing+copying');
    clock.passMinutes(1);
    await advance(ports, testPolicy);
    expect(await theOnly(ports)).toMatchObject({
      state: 'failed',
      failure: { message: expect.stringContaining('no key of Builder is in escrow') },
    });
  });

  it.each([
    ['a snapshot that is never done', 'the snapshot', () => undefined],
    [
      'a copy that is never begun',
      'the copy was not accepted',
      (ports: MemoryPorts) => {
        ports.database.finish('snapshots');
        ports.database.refuse.copy = new DrError('QUOTA_EXCEEDED', 'too many snapshots');
      },
    ],
    [
      'a copy that is never done',
      'the copy',
      (ports: MemoryPorts) => {
        ports.database.finish('snapshots');
      },
    ],
    [
      'a primary that can be listed no more',
      'were not listed',
      (ports: MemoryPorts) => {
        ports.database.finish('snapshots');
        ports.primaryArtifacts.pages = () => {
          throw new DrError('SITE_UNREACHABLE', 'list: TimeoutError', { site: 'primary' });
        };
      },
    ],
  ])('of %s', async (_name, why, become) => {
    const { ports, clock } = newWorld(2);
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    await advance(ports, testPolicy);
    become(ports);
    await advance(ports, testPolicy).catch(() => undefined);
    clock.passMinutes(DAY - 1);
    await advance(ports, testPolicy).catch(() => undefined);
    expect((await theOnly(ports)).state).toMatch(/captur|listing/);
    clock.passMinutes(DAY + 1);
    await advance(ports, testPolicy).catch(() => undefined);
    expect(await theOnly(ports)).toMatchObject({ state: 'failed', failure: { message: expect.stringContaining(why) } });
    expect(ports.signals.tick).toBe(false);
  });

  it('when the direction has turned and nobody carries it on', async () => {
    const { ports, clock } = newWorld(2);
    await capture(ports, testPolicy, scheduled);
    const turned = { schema: 'direction/1', epoch: 3, direction: 'none', changedAt: clock.read().toISOString() };
    const read = await ports.vault.get('direction.json');
    await ports.vault.put('direction.json', JSON.stringify({ ...turned }), read?.etag);
    await advance(ports, testPolicy);
    expect(await states(ports)).toEqual(['20261122t140000z capturing']);
    clock.passMinutes(DAY);
    await advance(ports, testPolicy);
    expect(await states(ports)).toEqual(['20261122t140000z failed']);
    expect(ports.signals.tick).toBe(false);
  });

  it('but one that moves on is given its time', async () => {
    const world = await listedWorld(4);
    const { ports, clock } = world;
    const { copyFrom } = ports.replica;
    let open = 0;
    ports.replica.copyFrom = async (source, progress) => {
      if (Number(source.entry.key.replace(/\D/g, '')) > open) throw new DrError('REMOTE_FAILED', 'not yet');
      return copyFrom(source, progress);
    };
    world.drained = () => eachDrained(ports);
    for (open = 0; open < 4; open += 1) {
      clock.passMinutes(DAY - 90);
      await passes(world, 80);
    }
    expect((await theOnly(ports)).state).toBe('protected');
  });

  it('and one that an operator accepts after days is given its time from then on', async () => {
    const { ports, clock } = newWorld(10);
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    await runToEnd(ports);
    for (let n = 0; n < 10; n += 1) ports.primaryArtifacts.lose(`core/p${n}.hart`);
    clock.passMinutes(60);
    const { id } = await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    await runToEnd(ports);
    clock.passMinutes(3 * DAY);
    await advance(ports, testPolicy);
    expect((await states(ports)).at(-1)).toBe(`${id} suspect`);
    await acceptPoint(ports, id);
    await runToEnd(ports);
    expect((await states(ports)).at(-1)).toBe(`${id} protected`);
  });
});
