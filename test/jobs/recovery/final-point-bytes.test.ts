import { describe, expect, it } from 'vitest';
import { isProduction, type ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { type ArtifactWorld, artifactWorld, drain, newHart, protect } from '../../setup/artifact-world.ts';
import { readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

/** Three packages, a protected point, and a switchover that has begun. */
async function switchoverWorld(meanwhile: (world: ArtifactWorld) => Promise<void> | void) {
  const world = await artifactWorld();
  for (const name of ['a', 'b', 'c']) world.ports.primaryArtifacts.plant(`core/${name}.hart`, await newHart(300));
  const { id, state } = await protect(world);
  expect(state).toBe('protected');
  await meanwhile(world);
  world.clock.passMinutes(1);
  return { world, begun: await start(world.ports, id, { planned: true }) };
}

async function until({ ports, clock }: ArtifactWorld, run: ProductionRun, states: string[], most: number) {
  for (let n = 0; n < most; n += 1) {
    const now = await readRun(ports, run);
    if (isProduction(now) && states.includes(now.state)) return { now, minutes: n };
    clock.passMinutes(1);
    await advance(ports, testPolicy).catch(() => undefined);
    settle(ports);
    await drain({ ports, clock }).catch(() => undefined);
  }
  throw new Error(JSON.stringify((await readRun(ports, run)).history));
}

const finalOf = async ({ ports }: ArtifactWorld, run: ProductionRun) => {
  const id = run.kind === 'switchover' ? run.finalPoint : undefined;
  return (await readPoints(ports.vault)).points.find((each) => each.id === id);
};

describe('the final point of a switchover', () => {
  it.each([300, 400])('has what was uploaded anew right before it, with other bytes (of %d)', async (bytes) => {
    const { world, begun } = await switchoverWorld(async ({ ports }) => {
      ports.primaryArtifacts.plant('core/a.hart', await newHart(bytes));
    });
    const { now } = await until(world, begun, ['restoring', 'blocked'], 30);
    expect(now.state).toBe('restoring');
    expect(await finalOf(world, now)).toMatchObject({ state: 'protected', artifacts: { deletedInWindow: [] } });
  });

  it('that cannot be copied holds the fence no longer than it may: it is blocked, says what waits, and goes on as told', async () => {
    let broken = true;
    const { world, begun } = await switchoverWorld(async ({ ports }) => {
      ports.primaryArtifacts.plant('core/d.hart', await newHart(300));
      const { copyFrom } = ports.replica;
      ports.replica.copyFrom = async (source, progress) => {
        if (broken && source.entry.key === 'core/d.hart') throw new DrError('REMOTE_FAILED', 'copy core/d.hart: 500');
        return copyFrom(source, progress);
      };
    });
    const { now, minutes } = await until(world, begun, ['restoring', 'blocked'], 200);
    expect([now.state, minutes <= testPolicy.copyStuckMinutes + 10]).toEqual(['blocked', true]);
    expect(now.blocked?.reason).toContain('no progress for 120 minutes while capturing-final');
    expect(now.blocked?.doFirst).toContain('builder-dr points');
    expect(world.ports.notifier.messages.some(({ subject }) => /blocked/i.test(subject))).toBe(true);
    broken = false;
    await start(world.ports, now.blocked?.resume.confirm ?? '', now.blocked?.resume);
    const { now: end } = await until(world, begun, ['restoring', 'done'], 90);
    expect(await finalOf(world, end)).toMatchObject({ state: 'protected' });
  });
});
