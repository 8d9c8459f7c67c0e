import { describe, expect, it } from 'vitest';
import { uncopyableSchema } from '../../../src/core/artifacts/documents.ts';
import { excusedOf } from '../../../src/core/points/excused.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { replicateBatch } from '../../../src/jobs/artifacts/replicate-batch.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { readDocument } from '../../../src/jobs/vault/documents.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { type ArtifactWorld, artifactWorld, handle, judged, newHart, whereIs } from '../../setup/artifact-world.ts';
import { scheduled } from '../../setup/memory-cycle.ts';
import { testPolicy } from '../../setup/policy.ts';

const worksOf = (keys: string[]) => keys.map((key) => ({ key }));

const KEY = 'core/zlib/1.3/20240101000000/x86_64/linux/core-zlib-1.3-20240101000000-x86_64-linux.hart';
const never = new Promise<void>(() => undefined);
const kinds = [
  ['in buckets without versions', {}],
  ['where ETags say nothing of the bytes', { encrypted: true }],
] as const;

/** As the queue does it: what failed, of what was queued. */
async function work({ ports }: ArtifactWorld): Promise<unknown[]> {
  const keys = ports.queue.messages.splice(0).map(({ key }) => key);
  return (await replicateBatch(ports, worksOf(keys), never)).filter((each) => each !== undefined);
}

async function anHour(world: ArtifactWorld): Promise<number> {
  world.clock.passMinutes(60);
  await reconcile(world.ports, testPolicy);
  const queued = world.ports.queue.messages.length;
  expect(await work(world)).toEqual([]);
  return queued;
}

async function newPoint(world: ArtifactWorld) {
  world.clock.passMinutes(1);
  await capture(world.ports, testPolicy, { ...scheduled, at: world.clock.read() });
  for (let round = 0; round < 6; round += 1) {
    await advance(world.ports, testPolicy);
    world.ports.database.finish('snapshots');
    world.ports.database.finish('held');
    expect(await work(world)).toEqual([]);
  }
  return (await readPoints(world.ports.vault)).points.at(-1);
}

const aside = async ({ ports }: ArtifactWorld) =>
  (await readDocument(ports.vault, vaultKeys.uncopyable, uncopyableSchema))?.value.entries.map(({ key }) => key) ?? [];

async function settled(options: Parameters<typeof artifactWorld>[0] = {}) {
  const world = await artifactWorld(options);
  const old = await newHart();
  world.ports.primaryArtifacts.plant(KEY, old);
  await handle(world.ports, KEY);
  await anHour(world);
  return { world, old };
}

const silence = new DrError('SITE_UNREACHABLE', 'no answer', { site: 'primary' });
const dark = ({ ports }: ArtifactWorld) => ({
  ...ports,
  primaryArtifacts: { ...ports.primaryArtifacts, head: () => Promise.reject(silence) },
});

/** Deleted, and uploaded anew in a way that nobody can read. */
function uploadSealed({ ports, clock }: ArtifactWorld, bytes: Buffer, how: 'archived' | 'own key'): void {
  clock.passMinutes(1);
  ports.primaryArtifacts.lose(KEY);
  ports.primaryArtifacts.plant(KEY, bytes);
  ports.primaryArtifacts.seal(KEY, how);
}

describe.each(kinds)('other bytes that nobody can copy, %s', (_name, options) => {
  it.each(['archived', 'own key'] as const)(
    'stay named, hold up no point, and change nothing here (%s)',
    async (how) => {
      const { world, old } = await settled(options);
      uploadSealed(world, await newHart(), how);
      const point = await newPoint(world);
      expect([point?.state, [...(point ? excusedOf(point).uncopyable : [])]]).toEqual(['protected', [KEY]]);
      expect(point && [...excusedOf(point).deleted]).toEqual([]);
      expect(await aside(world)).toEqual([KEY]);
      expect(await whereIs(world, KEY, old)).toEqual(['in place']);
      expect((await judged(world)).codes).toEqual(['ARTIFACT_UNCOPYABLE']);
      await anHour(world);
      expect(await aside(world)).toEqual([KEY]);
      expect((await judged(world)).status.recoverable).toBe(true);
    },
  );

  it('take the place of the old ones once they can be read, and are forgotten', async () => {
    const { world, old } = await settled(options);
    const next = await newHart();
    uploadSealed(world, next, 'archived');
    await anHour(world);
    expect(await aside(world)).toEqual([KEY]);
    world.ports.primaryArtifacts.seal(KEY, undefined);
    await anHour(world);
    expect(await aside(world)).toEqual([]);
    expect([await whereIs(world, KEY, next), await whereIs(world, KEY, old)]).toEqual([['in place'], ['displaced']]);
  });

  it('are set aside no longer by a primary that says nothing', async () => {
    const { world } = await settled(options);
    uploadSealed(world, await newHart(), 'archived');
    await anHour(world);
    expect(await replicateBatch(dark(world), worksOf([KEY]), never)).toEqual([undefined]);
    expect(await aside(world)).toEqual([KEY]);
  });
});

describe('a large artifact', () => {
  const inParts = { partBytes: 100, partsPerAttempt: 1 };

  it('is replaced over as many runs as it takes, after the old one was kept as slowly, and nothing is begun anew', async () => {
    const { world, old } = await settled();
    const { ports } = world;
    const next = await newHart(500);
    world.clock.passMinutes(1);
    ports.primaryArtifacts.plant(KEY, next);
    for (const store of [ports.replica, ports.displaced]) Object.assign(store.limits, inParts);
    const parts = (bytes: Buffer) => Math.ceil(bytes.length / inParts.partBytes);
    for (let run = 1; run < parts(old) + parts(next); run += 1) {
      if ((await whereIs(world, KEY, next)).includes('in place')) break;
      expect(await replicateBatch(ports, worksOf([KEY]), never)).toEqual([undefined]);
      expect(await whereIs(world, KEY, old)).not.toEqual([]);
    }
    expect(await whereIs(world, KEY, next)).toEqual(['in place']);
    expect(await whereIs(world, KEY, old)).toEqual(['displaced']);
    expect([ports.replica.parts.length, ports.displaced.parts.length]).toEqual([parts(next), parts(old)]);
    expect(await ports.vault.list(vaultKeys.unfinishedCopies)).toEqual([]);
  });
});

describe('bytes that were read while the primary was dark', () => {
  it('do not pass for what it had by then: a point waits until they were held against it', async () => {
    const { world } = await settled();
    world.clock.passMinutes(1);
    world.ports.primaryArtifacts.plant(KEY, await newHart());
    world.clock.passMinutes(1);
    expect(await replicateBatch(dark(world), worksOf([KEY]), never)).toEqual([undefined]);
    await capture(world.ports, testPolicy, { ...scheduled, at: world.clock.read() });
    for (let round = 0; round < 4; round += 1) {
      await advance(world.ports, testPolicy);
      world.ports.database.finish('snapshots');
      world.ports.database.finish('held');
    }
    expect((await readPoints(world.ports.vault)).points.at(-1)?.state).toBe('listing+copying');
    expect(await work(world)).toEqual([]);
    await advance(world.ports, testPolicy);
    expect((await readPoints(world.ports.vault)).points.at(-1)?.state).toBe('protected');
  });
});
