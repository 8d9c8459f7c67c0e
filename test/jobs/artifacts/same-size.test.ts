import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/jobs/advance.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import {
  type ArtifactWorld,
  anHour,
  artifactWorld,
  drain,
  handle,
  judged,
  newHart,
  protect,
  stateOf,
  whereIs,
} from '../../setup/artifact-world.ts';
import { testPolicy } from '../../setup/policy.ts';

const KEY = 'core/again.hart';
const kinds = [
  ['in buckets without versions', {}],
  ['in versioned buckets', { versions: true }],
  ['where ETags say nothing of the bytes', { encrypted: true }],
] as const;

function uploadAnew({ ports, clock }: ArtifactWorld, bytes: Buffer): void {
  clock.passMinutes(5);
  ports.primaryArtifacts.lose(KEY);
  ports.primaryArtifacts.plant(KEY, bytes);
}

/** Bytes that were displaced by others of the same size, in a site that has settled. */
async function uploadedTwice(options: Parameters<typeof artifactWorld>[0]) {
  const world = await artifactWorld(options);
  const [old, next] = [await newHart(), await newHart()];
  world.ports.primaryArtifacts.plant(KEY, old);
  world.clock.passMinutes(5);
  await handle(world.ports, KEY);
  await anHour(world);
  uploadAnew(world, next);
  world.clock.passMinutes(5);
  await handle(world.ports, KEY);
  await anHour(world);
  return { world, old, next };
}

describe.each(kinds)('bytes that were displaced by others of the same size, %s', (_name, options) => {
  it('are not those of a third upload: a point that lists it waits until it was copied', async () => {
    const { world } = await uploadedTwice(options);
    const { ports, clock } = world;
    const third = await newHart();
    uploadAnew(world, third);
    clock.passMinutes(1);
    const { id } = await capture(ports, testPolicy, { kind: 'manual', at: clock.read() });
    for (let round = 0; round < 5; round += 1) {
      await advance(ports, testPolicy);
      ports.database.finish('snapshots');
      ports.database.finish('held');
    }
    expect([await stateOf(world, id), await whereIs(world, KEY, third)]).toEqual(['listing+copying', []]);
    await drain(world);
    await advance(ports, testPolicy);
    expect([await stateOf(world, id), await whereIs(world, KEY, third)]).toEqual(['protected', ['in place']]);
  });

  it('are not those that took their place: when these leave the replica, the point that lists them says so', async () => {
    const { world } = await uploadedTwice(options);
    expect((await protect(world)).state).toBe('protected');
    world.ports.replica.lose(KEY);
    const { status, codes } = await judged(world);
    expect([codes, status.recoverable]).toEqual([['ARTIFACT_MISSING'], false]);
  });

  it('are those of the point that listed them, also when nothing lies in their place', async () => {
    const world = await artifactWorld(options);
    const old = await newHart();
    world.ports.primaryArtifacts.plant(KEY, old);
    await handle(world.ports, KEY);
    expect((await protect(world)).state).toBe('protected');
    await anHour(world);
    uploadAnew(world, await newHart());
    await handle(world.ports, KEY);
    world.ports.replica.lose(KEY);
    const { status, codes } = await judged(world);
    expect([codes, status.recoverable]).toEqual([[], true]);
  });
});

describe.each(kinds)('bytes of the same size that somebody wrote over known ones, %s', (_name, options) => {
  it.each(['before', 'after'])(
    'are no copy of what a point listed, %s the next listing of the replica',
    async (when) => {
      const { world } = await uploadedTwice(options);
      const { ports, clock } = world;
      const next = await newHart();
      uploadAnew(world, next);
      clock.passMinutes(1);
      const { id } = await capture(ports, testPolicy, { kind: 'manual', at: clock.read() });
      ports.replica.plant(KEY, Buffer.from(next).fill(0, next.length - 8));
      if (when === 'after') await reconcile(ports, testPolicy);
      // Nothing of the queue is worked off: nobody has read those bytes.
      for (let round = 0; round < 5; round += 1) {
        await advance(ports, testPolicy);
        ports.database.finish('snapshots');
        ports.database.finish('held');
      }
      expect(await stateOf(world, id)).toBe('listing+copying');
      await drain(world);
      await advance(ports, testPolicy);
      expect(await stateOf(world, id)).toBe('protected');
      expect(await whereIs(world, KEY, next)).toContain('in place');
    },
  );
});
