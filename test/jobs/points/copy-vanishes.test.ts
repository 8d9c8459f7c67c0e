import { describe, expect, it } from 'vitest';
import { snapshotName } from '../../../src/core/ids.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { artifactWorld, drain, newHart, stateOf } from '../../setup/artifact-world.ts';
import { testPolicy } from '../../setup/policy.ts';

describe('a copy that vanishes after it was there, before its point is protected', () => {
  it('is started again, and the point is protected only once it is back', async () => {
    const world = await artifactWorld();
    const { ports, clock } = world;
    ports.primaryArtifacts.plant('core/slow.hart', await newHart());
    const { id } = await capture(ports, testPolicy, { kind: 'manual', at: clock.read() });
    for (const names of ['snapshots', 'held'] as const) {
      await advance(ports, testPolicy);
      ports.database.finish(names);
    }
    await advance(ports, testPolicy);
    expect(await stateOf(world, id)).toBe('listing+copying');
    ports.database.held.delete(snapshotName(id));
    await drain(world);
    await advance(ports, testPolicy);
    expect(await stateOf(world, id)).toBe('listing+copying');
    ports.database.finish('held');
    await advance(ports, testPolicy);
    expect([await stateOf(world, id), ports.database.held.get(snapshotName(id))?.status]).toEqual([
      'protected',
      'available',
    ]);
  });
});
