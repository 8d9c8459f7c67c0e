import { describe, expect, it } from 'vitest';
import { DrError } from '../../../src/errors.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import {
  type ArtifactWorld,
  anHour,
  artifactWorld,
  handle,
  judged,
  newHart,
  protect,
} from '../../setup/artifact-world.ts';
import { testPolicy } from '../../setup/policy.ts';

const [KEY, LONGER] = ['core/only.hart', 'core/only.hart.more'];

/** A protected point, and one of its packages overwritten in the replica, which the primary has lost. */
async function overwritten() {
  const world = await artifactWorld();
  const { ports } = world;
  const bytes = await newHart();
  for (const key of [KEY, LONGER]) ports.primaryArtifacts.plant(key, bytes);
  await handle(ports, KEY, LONGER);
  await protect(world);
  await anHour(world);
  ports.primaryArtifacts.lose(KEY);
  const flipped = Buffer.from(bytes);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  ports.replica.plant(KEY, flipped);
  return { world, bytes };
}

const told = async (world: ArtifactWorld) => {
  const { status, codes } = await judged(world);
  const corrupt = status.findings.find(({ code }) => code === 'ARTIFACT_CORRUPT');
  return { recoverable: status.recoverable, codes, count: corrupt?.count, samples: corrupt?.samples };
};

describe('wrong bytes that anybody has read', () => {
  it('make the site not recoverable at once, and not only once a comparison has counted them', async () => {
    const { world } = await overwritten();
    expect(await told(world)).toMatchObject({ recoverable: true, codes: [] });
    await handle(world.ports, KEY);
    const said = { recoverable: false, codes: ['ARTIFACT_CORRUPT'], count: 1, samples: [KEY] };
    expect(await told(world)).toEqual(said);
    await reconcile(world.ports, testPolicy);
    expect(await told(world)).toEqual(said);
    // Read again since it was counted, it is still one.
    await handle(world.ports, KEY);
    expect(await told(world)).toEqual(said);
  });

  it('are of no concern once others lie in their place', async () => {
    const { world, bytes } = await overwritten();
    await handle(world.ports, KEY);
    world.ports.replica.plant(KEY, bytes);
    expect(await told(world)).toMatchObject({ recoverable: true, codes: [] });
    world.ports.replica.lose(KEY);
    expect((await told(world)).codes).not.toContain('ARTIFACT_CORRUPT');
  });

  it('are known also where the attempt to mend them failed', async () => {
    const { world } = await overwritten();
    world.ports.replica.history = async () => {
      throw new DrError('REMOTE_FAILED', 'InternalError');
    };
    await expect(handle(world.ports, KEY)).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    expect(await told(world)).toMatchObject({ recoverable: false, codes: ['ARTIFACT_CORRUPT'], count: 1 });
  });
});
