import { describe, expect, it } from 'vitest';
import { DrError } from '../../../src/errors.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import {
  type ArtifactWorld,
  anHour,
  artifactWorld,
  drain,
  handle,
  judged,
  newHart,
  protect,
  whereIs,
} from '../../setup/artifact-world.ts';
import { testPolicy } from '../../setup/policy.ts';

const KEY = 'core/only.hart';

/** One package of which the replica has the only copy left. */
async function onlyCopy(options: { versions?: boolean } = {}) {
  const world = await artifactWorld(options);
  const bytes = await newHart();
  world.ports.primaryArtifacts.plant(KEY, bytes);
  await handle(world.ports, KEY);
  await protect(world);
  await anHour(world);
  world.ports.primaryArtifacts.lose(KEY);
  return { world, bytes };
}

const overwrite = ({ ports }: ArtifactWorld, bytes: Buffer) => {
  const flipped = Buffer.from(bytes);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  ports.replica.plant(KEY, flipped);
};

function darken({ ports }: ArtifactWorld): void {
  const silence = async (): Promise<never> => {
    throw new DrError('SITE_UNREACHABLE', 'dark', { site: 'primary' });
  };
  ports.primaryArtifacts.head = silence;
  ports.primaryArtifacts.open = silence;
  ports.primaryArtifacts.history = silence;
  ports.primaryArtifacts.pages = async function* () {
    yield await silence();
  };
}

describe('the only copy that is left', () => {
  it('is verified although the primary has lost it', async () => {
    const { world, bytes } = await onlyCopy();
    world.ports.replica.plant(KEY, Buffer.from(bytes));
    world.ports.vault.documents.delete('verified.json');
    await anHour(world);
    expect(await anHour(world)).toBe(0);
    const { status, codes } = await judged(world);
    expect([codes, status.recoverable]).toEqual([[], true]);
  });

  it('is critical when its bytes are wrong, makes the site not recoverable, and is not read for ever', async () => {
    const { world, bytes } = await onlyCopy();
    overwrite(world, bytes);
    let queued = 0;
    for (let hour = 0; hour < 8; hour += 1) queued += await anHour(world);
    const { status, codes } = await judged(world);
    expect([codes, status.recoverable]).toEqual([['ARTIFACT_CORRUPT'], false]);
    expect(await anHour(world)).toBe(0);
    expect(queued).toBeLessThanOrEqual(5);
  });

  it('is healed from a version of the replica’s own that verifies, and the wrong bytes stay as a version', async () => {
    const { world, bytes } = await onlyCopy({ versions: true });
    overwrite(world, bytes);
    overwrite(world, bytes);
    await anHour(world);
    expect(await whereIs(world, KEY, bytes)).toEqual(['in place', 'version']);
    expect(world.ports.replica.bodies(KEY)).toHaveLength(4);
    await anHour(world);
    const { status, codes } = await judged(world);
    expect([codes, status.recoverable]).toEqual([[], true]);
  });

  it.each([{}, { versions: true }])(
    'is not healed from older bytes that it displaced: those would pass for it (%o)',
    async (options) => {
      const { world, bytes } = await onlyCopy(options);
      const next = await newHart(330);
      world.ports.primaryArtifacts.plant(KEY, next);
      await handle(world.ports, KEY);
      expect((await protect(world)).state).toBe('protected');
      await anHour(world);
      world.ports.primaryArtifacts.lose(KEY);
      if (options.versions) world.ports.replica.rot(KEY);
      else overwrite(world, next);
      world.clock.passMinutes(1);
      await handle(world.ports, KEY);
      await anHour(world);
      expect(await whereIs(world, KEY, bytes)).not.toContain('in place');
      const { status, codes } = await judged(world);
      expect([codes, status.recoverable]).toEqual([['ARTIFACT_CORRUPT'], false]);
    },
  );

  it('comes back from the primary when that has it again', async () => {
    const { world, bytes } = await onlyCopy();
    overwrite(world, bytes);
    for (let hour = 0; hour < 8; hour += 1) await anHour(world);
    world.ports.primaryArtifacts.plant(KEY, bytes);
    await anHour(world);
    await anHour(world);
    expect(await whereIs(world, KEY, bytes)).toContain('in place');
    expect((await judged(world)).codes).toEqual([]);
  });
});

describe('a dark primary', () => {
  it('keeps nothing that lies in the replica from being verified and healed', async () => {
    const { world, bytes } = await onlyCopy({ versions: true });
    overwrite(world, bytes);
    darken(world);
    await reconcile(world.ports, testPolicy);
    expect(world.ports.queue.messages.map(({ key }) => key)).toEqual([KEY]);
    await drain(world);
    expect(await whereIs(world, KEY, bytes)).toContain('in place');
    await reconcile(world.ports, testPolicy);
    expect(world.ports.queue.messages).toEqual([]);
  });

  it('is a reason to try a missing artifact again', async () => {
    const world = await artifactWorld();
    darken(world);
    await expect(handle(world.ports, KEY)).rejects.toMatchObject({ code: 'SITE_UNREACHABLE', site: 'primary' });
  });
});

describe('an artifact that stays without a record', () => {
  it('is ARTIFACT_UNVERIFIABLE after the hours that the policy names', async () => {
    const { world } = await onlyCopy();
    world.ports.replica.plant('core/strange', Buffer.from('cannot be read'));
    const { open } = world.ports.replica;
    world.ports.replica.open = async (key, etag, version) => {
      if (key === 'core/strange') throw new DrError('REMOTE_FAILED', 'InvalidObjectState');
      return open(key, etag, version);
    };
    const hour = () => anHour(world).catch(() => 0);
    for (let n = 0; n < testPolicy.unverifiedHours; n += 1) await hour();
    expect((await judged(world)).codes).toEqual([]);
    await hour();
    await hour();
    const { status } = await judged(world);
    const found = status.findings.find((each) => each.code === 'ARTIFACT_UNVERIFIABLE');
    expect(found).toMatchObject({ severity: 'warning', subject: 'replica', samples: ['core/strange'] });
  });
});

describe('an artifact that went wrong in the replica before the primary had another', () => {
  it('is healed first, and kept aside for the older point, before the newer one takes its place', async () => {
    const world = await artifactWorld({ versions: true });
    const [old, next] = [await newHart(), await newHart(350)];
    world.ports.primaryArtifacts.plant(KEY, old);
    await handle(world.ports, KEY);
    await protect(world);
    overwrite(world, old);
    world.clock.passMinutes(1);
    world.ports.primaryArtifacts.plant(KEY, next);
    await handle(world.ports, KEY);
    expect(await whereIs(world, KEY, old)).toEqual(['version', 'displaced']);
    expect(await whereIs(world, KEY, next)).toEqual(['in place']);
    await anHour(world);
    expect((await judged(world)).codes).toEqual([]);
  });
});
