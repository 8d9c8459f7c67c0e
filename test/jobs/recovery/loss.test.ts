import { describe, expect, it } from 'vitest';
import { pointIdAt, snapshotName } from '../../../src/core/ids.ts';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { isConfirmed } from '../../../src/core/recovery/fence.ts';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { finishRun, protectedWorld, readRun } from '../../setup/memory-recovery.ts';
import { protectedPoint } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

type World = Awaited<ReturnType<typeof protectedWorld>>;

const letters = ({ ports }: World): string[] => ports.notifier.messages.map(emailText);
const minutesTold = (world: World): number[] =>
  letters(world).flatMap((each) => {
    const [, minutes] = /Data lost \(RPO\)\W+([\d.]+) min/.exec(each) ?? [];
    return minutes === undefined ? [] : [Number(minutes)];
  });

/** A failover that is blocked, for the primary cannot be fenced. */
async function blockedFor(hours: number): Promise<{ world: World; run: ProductionRun }> {
  const world = await protectedWorld();
  const { ports, ids, clock } = world;
  ports.fence.dark = true;
  const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
  expect(run.state).toBe('blocked');
  clock.passMinutes(hours * 60);
  return { world, run };
}

/** Another point, protected by now, its data half an hour old. */
async function newerPoint({ ports, clock }: World): Promise<string> {
  const at = new Date(clock.now.getTime() - 30 * 60_000);
  const id = pointIdAt(at);
  const { points } = await readPoints(ports.vault);
  const { artifacts } = points[0] ?? expect.fail('there is no point');
  await ports.vault.put(`points/${id}.json`, encode({ ...protectedPoint(id, at.toISOString()), artifacts }), undefined);
  await ports.database.capture(snapshotName(id), id);
  ports.database.finish('snapshots');
  const sourceArn = ports.database.snapshots.get(snapshotName(id))?.arn ?? '';
  await ports.database.copyToDr({ name: snapshotName(id), sourceArn, pointId: id });
  ports.database.finish('held');
  return id;
}

describe('what a failover says is lost', () => {
  it('grows until the primary is closed, however long ago it was asked for', async () => {
    const { world } = await blockedFor(10);
    const { ports, ids } = world;
    expect(Math.max(...minutesTold(world))).toBe(60);
    const ended = await finishRun(ports, await start(ports, ids[0] ?? '', { acceptUnfenced: true }));
    expect(ended.state).toBe('done');
    expect(minutesTold(world).at(-1)).toBe(11 * 60);
  });

  it('ends with the instant at which the database of the primary was closed', async () => {
    const { world, run } = await blockedFor(2);
    const { ports, ids, clock } = world;
    ports.fence.dark = false;
    while (!isConfirmed((await readRun(ports, run)).fence)) {
      clock.passMinutes(1);
      await advance(ports, testPolicy);
      ports.fence.finish();
    }
    const closedAt = (await readRun(ports, run)).fence.database.confirmedAt ?? '';
    clock.passMinutes(300);
    await finishRun(ports, await start(ports, ids[0] ?? ''));
    const minutes = (Date.parse(closedAt) - Date.parse('2026-11-22T13:05:00Z')) / 60_000;
    expect(minutesTold(world).at(-1)).toBeCloseTo(minutes, 1);
  });
});

describe('a blocked failover, while newer points have come', () => {
  it('takes the newest that its operator confirms, and tells what that one loses', async () => {
    const { world } = await blockedFor(10);
    const { ports } = world;
    const newer = await newerPoint(world);
    const ended = await finishRun(ports, await start(ports, newer, { acceptUnfenced: true }));
    expect([ended.state, current(ended).point]).toEqual(['done', newer]);
    expect(minutesTold(world).at(-1)).toBe(30);
    const pins = (await readPoints(ports.vault)).points.flatMap((each) => each.pins ?? []);
    expect(pins).toEqual([]);
  });

  it('is not started with the older one as the latest: both lines to type are told', async () => {
    const { world, run } = await blockedFor(10);
    const { ports, ids } = world;
    const newer = await newerPoint(world);
    const old = ids[0] ?? '';
    await expect(start(ports, old, { acceptUnfenced: true })).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      message: expect.stringContaining(newer),
      hint: expect.stringMatching(
        new RegExp(`--confirm ${newer} --accept-unfenced.*--confirm ${old} --point ${old} --accept-unfenced`),
      ),
    });
    expect(await readRun(ports, run)).toEqual(run);
  });

  it('goes on with the older one that is named', async () => {
    const { world } = await blockedFor(10);
    const { ports, ids } = world;
    await newerPoint(world);
    const point = ids[0] ?? '';
    const ended = await finishRun(ports, await start(ports, point, { point, acceptUnfenced: true }));
    expect([ended.state, current(ended).point]).toEqual(['done', point]);
  });

  it('refuses a point that nobody knows, and says which it would take', async () => {
    const { world } = await blockedFor(10);
    const newer = await newerPoint(world);
    await expect(start(world.ports, 'x')).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      hint: expect.stringContaining(newer),
    });
  });
});
