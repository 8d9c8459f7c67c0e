import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/core/points/documents.ts';
import { allFindings, current } from '../../../src/core/recovery/lifecycle.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { type ArtifactWork, replicateBatch } from '../../../src/jobs/artifacts/replicate-batch.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import {
  type ArtifactWorld,
  anHour,
  artifactWorld,
  drain,
  hashOf,
  newHart,
  protect,
  rowsAre,
} from '../../setup/artifact-world.ts';
import { finishRun } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

const KEY = 'core/short-lived.hart';
const STAYS = 'core/stays.hart';
const never = new Promise<void>(() => undefined);
type Told = ArtifactWork['event'] | 'a comparison';

/** As the function does it, for one message or event. */
const told = ({ ports }: ArtifactWorld, key: string, by: Told) =>
  replicateBatch(ports, [by === 'a comparison' || !by ? { key } : { key, event: by }], never);

const pointOf = async ({ ports }: ArtifactWorld, id: string) =>
  (await readPoints(ports.vault)).points.find((each) => each.id === id) as Point;
const namedBy = ({ artifacts }: Point) => (artifacts.state === 'complete' ? artifacts.deletedInWindow : undefined);

/** A point whose data has a row of a package that is deleted before its listing, and that was never copied. */
async function deletedBetween() {
  const world = await artifactWorld();
  const { ports, clock } = world;
  const stays = await newHart();
  const short = await newHart();
  ports.primaryArtifacts.plant(STAYS, stays);
  await protect(world);
  clock.passMinutes(5);
  ports.primaryArtifacts.plant(KEY, short);
  const { id } = await capture(ports, testPolicy, { kind: 'manual', at: clock.read() });
  await advance(ports, testPolicy);
  ports.database.finish('snapshots');
  clock.passMinutes(1);
  ports.primaryArtifacts.lose(KEY);
  await rowsAre(world, { [KEY]: await hashOf(short), [STAYS]: await hashOf(stays) });
  const goOn = async () => {
    for (let round = 0; round < 4; round += 1) {
      await advance(ports, testPolicy);
      ports.database.finish('held');
      await drain(world);
    }
    return pointOf(world, id);
  };
  return { world, id, short, goOn };
}

describe('a package that was deleted between the data and the listing of a point, and never copied', () => {
  it.each<Told>(['Object Created', 'Object Deleted', 'a comparison'])(
    'is named by the point once it is told by: %s',
    async (by) => {
      const { world, goOn } = await deletedBetween();
      expect(await told(world, KEY, by)).toEqual([undefined]);
      await reconcile(world.ports, testPolicy);
      expect(namedBy(await goOn())).toEqual([KEY]);
    },
  );

  it('is named as well when another point in flight has found it gone', async () => {
    const world = await artifactWorld();
    const { ports, clock } = world;
    ports.primaryArtifacts.plant(KEY, await newHart());
    const first = await capture(ports, testPolicy, { kind: 'manual', at: clock.read() });
    ports.database.finish('snapshots');
    await advance(ports, testPolicy);
    ports.queue.messages.splice(0);
    clock.passMinutes(1);
    ports.primaryArtifacts.plant(STAYS, await newHart());
    const second = await capture(ports, testPolicy, { kind: 'manual', at: clock.read() });
    ports.database.finish('snapshots');
    clock.passMinutes(1);
    ports.primaryArtifacts.lose(KEY);
    for (let round = 0; round < 5; round += 1) {
      await advance(ports, testPolicy);
      ports.database.finish('held');
      await drain(world);
    }
    expect(namedBy(await pointOf(world, first.id))).toEqual([KEY]);
    expect(namedBy(await pointOf(world, second.id))).toEqual([KEY]);
  });

  it('keeps no failover from that point when the primary is dark', async () => {
    const { world, id, goOn } = await deletedBetween();
    await told(world, KEY, 'Object Deleted');
    expect((await goOn()).state).toBe('protected');
    world.clock.passMinutes(10);
    const { head } = world.ports.primaryArtifacts;
    world.ports.primaryArtifacts.head = (key) => (key === KEY ? Promise.resolve(undefined) : head(key));
    const run = await finishRun(world.ports, await start(world.ports, id, { point: id }));
    expect(allFindings(run).map(({ code }) => code)).not.toContain('ARTIFACT_MISSING');
    expect(current(run).comparison).toMatchObject({ missing: { count: 0 }, deletedInWindow: { count: 1 } });
  });

  it('is not named when it was uploaded again before the listing: then the point has it', async () => {
    const { world, id, short, goOn } = await deletedBetween();
    await told(world, KEY, 'Object Deleted');
    world.ports.primaryArtifacts.plant(KEY, short);
    const point = await goOn();
    expect([point.id, point.state, namedBy(point)]).toEqual([id, 'protected', []]);
    expect(await world.ports.replica.head(KEY)).toBeDefined();
  });

  it('is not named by a point whose data is of after its deletion, and nobody remembers it for ever', async () => {
    const { world, goOn } = await deletedBetween();
    await told(world, KEY, 'Object Deleted');
    await goOn();
    world.clock.passMinutes(30);
    const { id } = await protect(world);
    expect(namedBy(await pointOf(world, id))).toEqual([]);
    expect((await world.ports.vault.list('deletions/uncopied/')).length).toBe(1);
    for (let hours = 0; hours < 75; hours += 1) await anHour(world);
    expect(await world.ports.vault.list('deletions/uncopied/')).toEqual([]);
  });
});
