import { beforeEach, describe, expect, it } from 'vitest';
import { runText } from '../../../src/cli/text/recovery.ts';
import { allFindings, current } from '../../../src/core/recovery/lifecycle.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import {
  type ArtifactWorld,
  artifactWorld,
  drain,
  hashOf,
  newHart,
  protect,
  rowsAre,
  stateOf,
} from '../../setup/artifact-world.ts';
import { finishRun } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

/** More than one comparison reads. */
const MANY = 203;

describe('a point of which artifacts were never read', () => {
  let world: ArtifactWorld;
  let id: string;

  beforeEach(async () => {
    world = await artifactWorld();
    const bytes = await newHart();
    const keys = Array.from({ length: MANY }, (_none, n) => `core/p${n}.hart`);
    for (const key of keys) {
      world.ports.primaryArtifacts.plant(key, bytes);
      world.ports.replica.plant(key, bytes);
    }
    const hash = await hashOf(bytes);
    await rowsAre(world, Object.fromEntries(keys.map((key) => [key, hash])));
    id = (await protect(world)).id;
  });

  const drilled = async () => {
    const { ports, clock } = world;
    clock.passMinutes(1);
    const request = { kind: 'drill', point: 'latest', readAll: false, at: clock.read() } as const;
    return finishRun(ports, await startDrill(ports, testPolicy, request));
  };

  it('is not proven by a drill, which says how many, and is by one that comes when they are read', async () => {
    const first = await drilled();
    expect([first.state, await stateOf(world, id)]).toEqual(['passed', 'protected']);
    expect(first.history.at(-1)?.why).toContain('3 artifacts were never read, and the point is not proven');
    expect(runText(first, world.ports)).toContain('0 by record of the same bytes, 200 read now, 3 not read');
    expect(allFindings(first).map(({ code }) => code)).toEqual(['ARTIFACT_UNVERIFIABLE']);
    const second = await drilled();
    expect([second.state, await stateOf(world, id)]).toEqual(['passed', 'proven']);
    expect(current(second).comparison).toMatchObject({ packages: MANY, unverifiable: { count: 0 } });
  });

  it('is proven where the replica was verified meanwhile, by the records of these very bytes', async () => {
    await reconcile(world.ports, testPolicy);
    await drain(world);
    await reconcile(world.ports, testPolicy);
    expect([(await drilled()).state, await stateOf(world, id)]).toEqual(['passed', 'proven']);
  });

  it('is not proven by a record of bytes that somebody wrote over', async () => {
    await reconcile(world.ports, testPolicy);
    await drain(world);
    await reconcile(world.ports, testPolicy);
    const others = await newHart();
    for (let n = 0; n < MANY; n += 1) world.ports.replica.plant(`core/p${n}.hart`, others);
    expect([(await drilled()).state, await stateOf(world, id)]).toEqual(['failed', 'protected']);
  });

  it('is not proven by a failover, which goes on all the same', async () => {
    const run = await finishRun(world.ports, await start(world.ports, id));
    expect([run.state, current(run).outcome, await stateOf(world, id)]).toEqual(['done', 'passed', 'protected']);
  });
});
