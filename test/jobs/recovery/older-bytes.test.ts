import { describe, expect, it } from 'vitest';
import { allFindings, current, isCutOver, isMoving } from '../../../src/core/recovery/lifecycle.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import {
  type ArtifactWorld,
  anHour,
  artifactWorld,
  handle,
  hashOf,
  newHart,
  protect,
  rowsAre,
  whereIs,
} from '../../setup/artifact-world.ts';
import { finishRun, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

const KEY = 'core/again.hart';
const OTHER = 'core/other.hart';

/** A point of the old bytes, and a later one of those that were uploaded anew under the same key. */
async function twoPoints(options: { versions?: boolean; bytes?: number } = {}) {
  const world = await artifactWorld(options);
  const { ports } = world;
  const [old, next, other] = [await newHart(), await newHart(options.bytes ?? 300), await newHart()];
  ports.primaryArtifacts.plant(KEY, old);
  ports.primaryArtifacts.plant(OTHER, other);
  await handle(ports, KEY, OTHER);
  const first = await protect(world);
  await anHour(world);
  ports.primaryArtifacts.lose(KEY);
  ports.primaryArtifacts.plant(KEY, next);
  await handle(ports, KEY);
  const second = await protect(world);
  await anHour(world);
  const rows = async (bytes: Buffer) => rowsAre(world, { [KEY]: await hashOf(bytes), [OTHER]: await hashOf(other) });
  return { world, old, next, first, second, rows };
}

async function drillOf({ ports, clock }: ArtifactWorld, point: string): Promise<Run> {
  clock.passMinutes(1);
  return finishRun(
    ports,
    await startDrill(ports, testPolicy, { kind: 'drill', point, readAll: false, at: clock.read() }),
  );
}

const failoverTo = async ({ ports }: ArtifactWorld, point: string) =>
  finishRun(ports, await start(ports, point, { point, acceptUnfenced: true }));

describe.each([{ bytes: 300 }, { bytes: 500 }, { bytes: 300, versions: true }])(
  'after an artifact was uploaded anew (%o)',
  (options) => {
    it('the drill of an older point passes: its bytes are kept aside, and read', async () => {
      const { world, old, next, first, rows } = await twoPoints(options);
      await rows(old);
      const run = await drillOf(world, first.id);
      expect([run.state, allFindings(run)]).toEqual(['passed', []]);
      expect(current(run).comparison?.displaced).toEqual({ count: 1, samples: [KEY] });
      expect(await whereIs(world, KEY, next)).toEqual(['in place']);
    });

    it('the drill of the later point passes, with nothing kept aside in it', async () => {
      const { world, next, second, rows } = await twoPoints(options);
      await rows(next);
      const run = await drillOf(world, second.id);
      expect([run.state, allFindings(run), current(run).comparison?.displaced?.count]).toEqual(['passed', [], 0]);
    });

    it('a failover to the older point serves its bytes, and keeps the newer ones', async () => {
      const { world, old, next, first, rows } = await twoPoints(options);
      await rows(old);
      const run = await failoverTo(world, first.id);
      expect([run.state, allFindings(run), current(run).healed]).toEqual(['done', [], 1]);
      expect(await whereIs(world, KEY, old)).toContain('in place');
      expect(await whereIs(world, KEY, next)).toContain('displaced');
    });

    it('a failover whose primary is dark does the same', async () => {
      const { world, old, next, first, rows } = await twoPoints(options);
      const dark = async (): Promise<never> => {
        throw new DrError('SITE_UNREACHABLE', 'dark', { site: 'primary' });
      };
      Object.assign(world.ports.primaryArtifacts, { head: dark, open: dark, history: dark });
      await rows(old);
      const run = await failoverTo(world, first.id);
      expect([run.state, allFindings(run)]).toEqual(['done', []]);
      expect(await whereIs(world, KEY, old)).toContain('in place');
      expect(await whereIs(world, KEY, next)).toContain('displaced');
    });
  },
);

describe('an artifact that is nowhere in the DR site', () => {
  it('comes from the version of the primary that has its bytes, which need not be the newest', async () => {
    const world = await artifactWorld();
    const { ports, clock } = world;
    ports.primaryArtifacts.keepVersions();
    const [old, next] = [await newHart(), await newHart()];
    ports.primaryArtifacts.plant(KEY, old);
    await handle(ports, KEY);
    const { id } = await protect(world);
    for (const each of [old, next]) {
      clock.passMinutes(1);
      ports.primaryArtifacts.plant(KEY, each);
      ports.primaryArtifacts.lose(KEY);
    }
    ports.replica.lose(KEY);
    await rowsAre(world, { [KEY]: await hashOf(old) });
    const run = await failoverTo(world, id);
    expect([run.state, await whereIs(world, KEY, old)]).toEqual(['done', ['in place']]);
  });
});

describe('bytes that are kept aside', () => {
  it('come back part by part where they are large, over several passes that count as progress', async () => {
    const { world, old, next, first, rows } = await twoPoints({ bytes: 500 });
    await rows(old);
    const { replica, displaced } = world.ports;
    for (const store of [replica, displaced]) Object.assign(store.limits, { partBytes: 100, partsPerAttempt: 1 });
    const run = await failoverTo(world, first.id);
    expect([run.state, allFindings(run), current(run).copying?.left]).toEqual(['done', [], 1]);
    expect(await whereIs(world, KEY, old)).toContain('in place');
    expect(await whereIs(world, KEY, next)).toContain('displaced');
    const parts = (bytes: Buffer) => Math.ceil(bytes.length / 100);
    expect([replica.parts.length, displaced.parts.length]).toEqual([parts(old), parts(next)]);
  });

  it('count only as long as they are what they were', async () => {
    const { world, old, first, rows } = await twoPoints();
    world.ports.displaced.rot(`displaced/${await hashOf(old)}`);
    await rows(old);
    const run = await drillOf(world, first.id);
    expect([run.state, allFindings(run).map((each) => [each.code, each.samples])]).toEqual([
      'failed',
      [['CHECKSUM_MISMATCH', [KEY]]],
    ]);
  });

  it.each([{}, { versions: true }])(
    'stay in their place although an event comes before the cut-over (%o)',
    async (options) => {
      const { world, old, next, first, rows } = await twoPoints(options);
      const { ports } = world;
      await rows(old);
      const run = await start(ports, first.id, { point: first.id, acceptUnfenced: true });
      let broughtBack = false;
      for (let now: Run = run; isMoving(now); now = await readRun(ports, run)) {
        await advance(ports, testPolicy);
        settle(ports);
        if (!isCutOver(await readRun(ports, run))) await handle(ports, KEY);
        broughtBack ||= (await whereIs(world, KEY, old)).includes('in place');
      }
      expect([(await readRun(ports, run)).state, broughtBack]).toEqual(['done', true]);
      expect(await whereIs(world, KEY, old)).toContain('in place');
      expect(await whereIs(world, KEY, next)).toContain('displaced');
    },
  );

  it('are left by newer ones that came while a failover was in hand, once it was called off', async () => {
    const { world, old, next, first, rows } = await twoPoints();
    const { ports } = world;
    await rows(old);
    const run = await start(ports, first.id, { point: first.id, acceptUnfenced: true });
    while (!(await whereIs(world, KEY, old)).includes('in place')) {
      await advance(ports, testPolicy);
      settle(ports);
    }
    await handle(ports, KEY);
    expect([isCutOver(await readRun(ports, run)), await whereIs(world, KEY, old)]).toEqual([
      false,
      ['in place', 'displaced'],
    ]);
    await abortFailover(ports, testPolicy);
    await finishRun(ports, run);
    await anHour(world);
    await anHour(world);
    expect(await whereIs(world, KEY, next)).toContain('in place');
  });

  it('leave their place again when a failover that put them there is over and the primary goes on', async () => {
    const { world, old, next, first, rows } = await twoPoints();
    const { ports } = world;
    await rows(old);
    const { ArtifactBatch } = await import('../../../src/jobs/artifacts/verify.ts');
    const batch = await ArtifactBatch.begin(ports);
    expect(await batch.bringBack(KEY, await hashOf(old))).toBe(true);
    await batch.end();
    expect([await whereIs(world, KEY, old), first.state]).toEqual([['in place', 'displaced'], 'protected']);
    await anHour(world);
    await anHour(world);
    expect(await whereIs(world, KEY, next)).toContain('in place');
  });
});
