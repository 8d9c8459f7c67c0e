import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/core/points/documents.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { replicateBatch } from '../../../src/jobs/artifacts/replicate-batch.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { artifactWorld, drain, newHart, whereIs } from '../../setup/artifact-world.ts';
import { testPolicy } from '../../setup/policy.ts';

const KEY = 'core/short-lived.hart';

/** A versioned primary with one package, and a point that was asked for. */
async function versionedWorld() {
  const world = await artifactWorld();
  const { ports, clock } = world;
  ports.primaryArtifacts.keepVersions();
  const bytes = await newHart();
  ports.primaryArtifacts.plant(KEY, bytes);
  ports.primaryArtifacts.plant('core/stays.hart', await newHart());
  const { id } = await capture(ports, testPolicy, { kind: 'manual', at: clock.read() });
  await advance(ports, testPolicy);
  ports.database.finish('snapshots');
  const goOn = async (): Promise<Point> => {
    for (let round = 0; round < 4; round += 1) {
      await advance(ports, testPolicy);
      ports.database.finish('held');
      await drain(world);
    }
    return (await readPoints(ports.vault)).points.find((each) => each.id === id) as Point;
  };
  return { world, bytes, goOn };
}

const namedBy = ({ artifacts }: Point) => (artifacts.state === 'complete' ? artifacts.deletedInWindow : undefined);

describe('a package that was deleted before its copy, at a primary that keeps versions', () => {
  it('is copied from there when the point lists it, and is not called deleted', async () => {
    const { world, bytes, goOn } = await versionedWorld();
    await advance(world.ports, testPolicy);
    world.ports.queue.messages.splice(0);
    world.ports.primaryArtifacts.lose(KEY);
    const point = await goOn();
    expect([point.state, namedBy(point)]).toEqual(['protected', []]);
    expect(await whereIs(world, KEY, bytes)).toEqual(['in place']);
  });

  it('is copied from there when only its row may be in the data', async () => {
    const { world, bytes, goOn } = await versionedWorld();
    world.clock.passMinutes(1);
    world.ports.primaryArtifacts.lose(KEY);
    await replicateBatch(world.ports, [{ key: KEY, event: 'Object Deleted' }], new Promise<void>(() => undefined));
    const point = await goOn();
    expect([point.state, namedBy(point)]).toEqual(['protected', []]);
    expect(await whereIs(world, KEY, bytes)).toEqual(['in place']);
  });

  it('is deleted in the window once its versions are gone as well, or nobody can read them', async () => {
    for (const code of ['NOT_FOUND', 'UNCOPYABLE'] as const) {
      const { world, goOn } = await versionedWorld();
      await advance(world.ports, testPolicy);
      world.ports.queue.messages.splice(0);
      world.ports.primaryArtifacts.lose(KEY);
      const { copyFrom } = world.ports.replica;
      world.ports.replica.copyFrom = async (source, progress) => {
        if (source.ofVersion) throw new DrError(code, `no ${KEY}`);
        return copyFrom(source, progress);
      };
      expect(namedBy(await goOn())).toEqual([KEY]);
    }
  });

  it('keeps its point waiting while its copy fails, as any other would', async () => {
    const { world, goOn } = await versionedWorld();
    await advance(world.ports, testPolicy);
    world.ports.queue.messages.splice(0);
    world.ports.primaryArtifacts.lose(KEY);
    const { copyFrom } = world.ports.replica;
    world.ports.replica.copyFrom = async (source, progress) => {
      if (source.ofVersion) throw new DrError('REMOTE_FAILED', 'copy: 500');
      return copyFrom(source, progress);
    };
    expect(await goOn()).toMatchObject({ state: 'listing+copying', artifacts: { missing: 1 } });
    world.ports.replica.copyFrom = copyFrom;
    expect((await goOn()).state).toBe('protected');
  });
});
