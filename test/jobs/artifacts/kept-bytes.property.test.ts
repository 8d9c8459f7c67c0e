import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Point } from '../../../src/core/points/documents.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { readInventory } from '../../../src/jobs/artifacts/inventory.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { ArtifactBatch } from '../../../src/jobs/artifacts/verify.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import {
  type ArtifactWorld,
  anHour,
  artifactWorld,
  drain,
  handle,
  hashOf,
  judged,
  newHart,
  whereIs,
} from '../../setup/artifact-world.ts';
import { dyingPorts } from '../../setup/dying.ts';
import { testPolicy } from '../../setup/policy.ts';

const RUNS = Number(process.env['BYTES_RUNS'] ?? 200);
const keys = ['core/a.hart', 'core/b.hart', 'core/c.hart'];

let pool: Buffer[];
beforeAll(async () => {
  pool = [];
  for (let n = 0; n < 12; n += 1) pool.push(await newHart(300 + (n % 3) * 40));
});
const broken = (bytes: Buffer) => {
  const out = Buffer.from(bytes);
  out[out.length - 1] = (out.at(-1) ?? 0) ^ 1;
  return out;
};

type Step =
  | { do: 'upload' | 'bad upload'; key: number; bytes: number }
  | { do: 'upload again' | 'delete' | 'event' | 'flip' | 'killed event'; key: number; at: number }
  | { do: 'reconcile' | 'drain' | 'capture' | 'advance' | 'database' | 'passes' };

const key = fc.nat(keys.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('upload' as const), key, bytes: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bad upload' as const), key, bytes: fc.nat(11) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'upload again' as const,
        'delete' as const,
        'event' as const,
        'event' as const,
        'flip' as const,
        'killed event' as const,
      ),
      key,
      at: fc.integer({ min: 1, max: 25 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'reconcile' as const,
        'drain' as const,
        'capture' as const,
        'advance' as const,
        'database' as const,
        'passes' as const,
        'passes' as const,
      ),
    }),
  },
);

/** What the specification says of this world, kept apart from what the product knows. */
class Model {
  /** What the primary had under an ETag. */
  readonly uploaded = new Map<string, Buffer>();
  /** Good bytes that were seen in the replica, by key. */
  readonly seen = new Map<string, Set<Buffer>>();
  /** What the test itself destroyed, where no version was kept. */
  readonly destroyed = new Set<string>();
  readonly protectedPoints = new Set<string>();
  /** Overwritten from outside since the last listing: nobody can know. */
  readonly unlisted = new Set<string>();
}

const uploads = async (world: ArtifactWorld, model: Model, name: string, bytes: Buffer) => {
  world.ports.primaryArtifacts.plant(name, bytes);
  model.uploaded.set(`${name} ${(await world.ports.primaryArtifacts.head(name))?.etag}`, bytes);
};

/** A flip from outside destroys what no version keeps. */
async function flip(world: ArtifactWorld, model: Model, name: string, versions: boolean): Promise<void> {
  const [now] = world.ports.replica.bodies(name);
  if (!now) return;
  world.ports.replica.plant(name, broken(now));
  model.unlisted.add(name);
  if (!versions) model.destroyed.add(`${name} ${await hashOf(now)}`);
}

function finishDatabase({ ports }: ArtifactWorld): void {
  ports.database.finish('snapshots');
  ports.database.finish('held');
}

const tolerated = (work: Promise<unknown>) => work.catch(() => undefined);

async function act(world: ArtifactWorld, model: Model, each: Step, versions: boolean): Promise<void> {
  const { ports, clock } = world;
  clock.passMinutes(1);
  const name = 'key' in each ? (keys[each.key] ?? '') : '';
  const [current] = name ? ports.primaryArtifacts.bodies(name) : [];
  switch (each.do) {
    case 'upload':
      return uploads(world, model, name, pool[each.bytes] as Buffer);
    case 'bad upload':
      return uploads(world, model, name, broken(pool[each.bytes] as Buffer));
    case 'upload again':
      return current && uploads(world, model, name, current);
    case 'delete':
      return ports.primaryArtifacts.lose(name);
    case 'event':
      return void (await tolerated(handle(ports, name)));
    case 'killed event':
      return void (await tolerated(handle(dyingPorts(ports, each.at, each.at % 2 === 0 ? 'before' : 'after'), name)));
    case 'flip':
      return flip(world, model, name, versions);
    case 'reconcile':
      await reconcile(ports, testPolicy);
      return model.unlisted.clear();
    case 'drain':
      return void (await tolerated(drain(world)));
    case 'capture':
      return void (await capture(ports, testPolicy, { kind: 'manual', at: clock.read() }));
    case 'advance':
      return void (await advance(ports, testPolicy));
    case 'database':
      return finishDatabase(world);
    case 'passes':
      // No message is worked off meanwhile.
      for (let n = 0; n < 4; n += 1) {
        await advance(ports, testPolicy);
        finishDatabase(world);
      }
  }
}

/** What is good and in its place now must be findable from now on. */
function look(world: ArtifactWorld, model: Model): void {
  for (const name of keys) {
    const [now] = world.ports.replica.bodies(name);
    const good = now && pool.find((each) => each.equals(now));
    if (good) model.seen.set(name, (model.seen.get(name) ?? new Set()).add(good));
  }
}

async function nothingIsLost(world: ArtifactWorld, model: Model): Promise<void> {
  for (const [name, all] of model.seen) {
    for (const bytes of all) {
      if (model.destroyed.has(`${name} ${await hashOf(bytes)}`)) continue;
      expect(await whereIs(world, name, bytes), `${name} ${pool.indexOf(bytes)}`).not.toEqual([]);
    }
  }
}

/** The good bytes that a point listed, and that nobody but the product could have lost. */
async function* listedBy(world: ArtifactWorld, model: Model, { artifacts }: Point) {
  if (artifacts.state !== 'complete') return;
  for await (const page of readInventory(world.ports.vault, artifacts.key)) {
    for (const { key: name, etag } of page) {
      const bytes = pool.find((each) => each.equals(model.uploaded.get(`${name} ${etag}`) as Buffer));
      if (!bytes || artifacts.deletedInWindow.includes(name)) continue;
      const hash = await hashOf(bytes);
      if (model.destroyed.has(`${name} ${hash}`)) continue;
      // Deleted at the primary while the point was in flight, before anybody could copy it: nobody has it.
      if (!model.seen.get(name)?.has(bytes) && !world.ports.primaryArtifacts.bodies(name)[0]?.equals(bytes)) continue;
      yield { name, bytes, hash };
    }
  }
}

/** A point that has just become protected has all that it listed at the DR site, as far as a listing could tell, at this very moment (I1). */
async function protectedIsTrue(world: ArtifactWorld, model: Model): Promise<void> {
  for (const point of (await readPoints(world.ports.vault)).points) {
    if (point.state !== 'protected' || model.protectedPoints.has(point.id)) continue;
    model.protectedPoints.add(point.id);
    for await (const { name, bytes } of listedBy(world, model, point)) {
      if (model.unlisted.has(name)) continue;
      expect(await whereIs(world, name, bytes), `${point.id}: ${name} ${pool.indexOf(bytes)}`).not.toEqual([]);
    }
  }
}

/** Every protected point gets every artifact that it listed back by its hash, from the DR site alone. */
async function everyPointIsWhole(world: ArtifactWorld, model: Model): Promise<number> {
  const { ports } = world;
  let checked = 0;
  const batch = await ArtifactBatch.begin(ports);
  for (const point of (await readPoints(ports.vault)).points) {
    if (point.state !== 'protected') continue;
    for await (const { name, bytes, hash } of listedBy(world, model, point)) {
      expect(await batch.bringBack(name, hash), `${name} ${pool.indexOf(bytes)}`).toBe(true);
      expect(ports.replica.bodies(name)[0]?.equals(bytes)).toBe(true);
      checked += 1;
    }
  }
  await batch.end();
  return checked;
}

describe('whatever is uploaded, deleted, overwritten and interrupted, in whatever order', () => {
  it('no good bytes are lost, it comes to rest, and every protected point is whole', async () => {
    let checked = 0;
    const world = fc.record({ versions: fc.boolean(), encrypted: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(world, fc.array(step, { minLength: 8, maxLength: 40 }), async (options, steps) => {
        const now = await artifactWorld(options);
        const model = new Model();
        for (const each of steps) {
          await act(now, model, each, options.versions);
          look(now, model);
          await nothingIsLost(now, model);
          await protectedIsTrue(now, model);
        }
        let queued = 1;
        for (let hour = 0; queued > 0 && hour < 12; hour += 1) queued = await anHour(now);
        expect(queued).toBe(0);
        for (let round = 0; round < 6; round += 1) {
          await advance(now.ports, testPolicy);
          finishDatabase(now);
          await drain(now);
        }
        const inFlight = (await readPoints(now.ports.vault)).points.map((each) => each.state);
        for (const state of inFlight) expect(['protected', 'suspect', 'failed']).toContain(state);
        await nothingIsLost(now, model);
        const { codes } = await judged(now);
        if (model.destroyed.size === 0 && !steps.some((each) => each.do === 'bad upload')) expect(codes).toEqual([]);
        checked += await everyPointIsWhole(now, model);
      }),
      { numRuns: RUNS },
    );
    expect(checked).toBeGreaterThan(RUNS / 4);
  });
});
