import { describe, expect, it } from 'vitest';
import { knownObjects } from '../../../src/jobs/artifacts/known-objects.ts';
import { acceptPoint } from '../../../src/jobs/points/accept.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import {
  anHour,
  artifactWorld,
  handle,
  hashOf,
  judged,
  newHart,
  protect,
  rowsAre,
  stateOf,
} from '../../setup/artifact-world.ts';
import { finishRun } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { drill } from '../../setup/recovery-requests.ts';

const KEY = 'core/only.hart';

describe('a first point whose database names packages, and whose bucket has none', () => {
  it('is suspect, so that the site is not recoverable; accepted, it is until a drill has looked', async () => {
    const world = await artifactWorld();
    const { ports, clock } = world;
    const { id, state } = await protect(world);
    expect(state).toBe('suspect');
    expect((await readiness(ports, testPolicy)).recoverable).toBe(false);
    await acceptPoint(ports, id);
    await protect(world);
    expect(await stateOf(world, id)).toBe('protected');
    await rowsAre(world, { [KEY]: await hashOf(await newHart()) });
    clock.passMinutes(1);
    // Of each point that there is: none of them is any better.
    for (const { id: point } of (await readPoints(ports.vault)).points) {
      const request = { kind: 'drill', point, readAll: false, at: clock.read() } as const;
      expect((await finishRun(ports, await startDrill(ports, testPolicy, request))).state).toBe('failed');
      clock.passMinutes(1);
    }
    const { recoverable, point, findings } = await readiness(ports, testPolicy);
    expect([recoverable, point]).toEqual([false, null]);
    expect(findings.find(({ code }) => code === 'NO_PROTECTED_POINT')?.text).toContain('ARTIFACT_MISSING');
  });
});

describe('a package that only the DR site has', () => {
  async function onlyHere() {
    const world = await artifactWorld();
    const { ports } = world;
    const bytes = await newHart();
    ports.primaryArtifacts.plant(KEY, bytes);
    await handle(ports, KEY);
    await protect(world);
    await anHour(world);
    ports.primaryArtifacts.lose(KEY);
    await rowsAre(world, { [KEY]: await hashOf(bytes) });
    world.clock.passMinutes(1);
    return { world, bytes };
  }

  it('and that is damaged there makes the site not recoverable as soon as a drill has read it', async () => {
    const { world, bytes } = await onlyHere();
    world.ports.replica.plant(KEY, Buffer.from(bytes).fill(0, bytes.length - 2));
    expect((await finishRun(world.ports, await drill(world.ports))).state).toBe('failed');
    const { status, codes } = await judged(world);
    expect([status.recoverable, status.point, codes]).toEqual([false, null, ['ARTIFACT_CORRUPT']]);
  });

  it('and that is another one there, however well it is signed, makes its point one that is not taken', async () => {
    const { world } = await onlyHere();
    world.ports.replica.plant(KEY, await newHart());
    expect((await finishRun(world.ports, await drill(world.ports))).state).toBe('failed');
    const { status } = await judged(world);
    expect([status.recoverable, status.point]).toEqual([false, null]);
    expect(status.findings.find(({ code }) => code === 'NO_PROTECTED_POINT')?.text).toContain('CHECKSUM_MISMATCH');
  });

  it('and that is damaged there is told as soon as an alarm test has read it, and what that planted is not', async () => {
    const { world, bytes } = await onlyHere();
    const { ports } = world;
    const rows: Record<string, string> = { [KEY]: await hashOf(bytes) };
    // The first two are what it plants its faults in.
    for (const key of ['core/a.hart', 'core/b.hart']) {
      const hart = await newHart();
      rows[key] = await hashOf(hart);
      ports.primaryArtifacts.plant(key, hart);
      await handle(ports, key);
    }
    await rowsAre(world, rows);
    const { answer } = ports.inspection;
    const key = { revision: '20240101000000', rows: { origin_secrets: 1 }, escrowed: true, tried: 1, opened: 0 };
    ports.inspection.answer = (report) => {
      const found = answer(report);
      return found && { ...found, builderKeys: [{ ...key, detail: 'a wrong one was tried' }] };
    };
    expect((await judged(world)).codes).toEqual([]);
    ports.replica.plant(KEY, Buffer.from(bytes).fill(0, bytes.length - 2));
    world.clock.passMinutes(1);
    expect((await finishRun(ports, await drill(ports, true))).state).toBe('passed');
    const { status } = await judged(world);
    const found = status.findings.filter(({ code }) => code === 'ARTIFACT_CORRUPT');
    expect([status.recoverable, found.map(({ samples }) => samples)]).toEqual([false, [[KEY]]]);
    const known: string[] = [];
    for await (const batch of knownObjects(ports.vault, ports.replica)) {
      known.push(...batch.filter(({ etag, record }) => record?.etag === etag).map(({ key }) => key));
    }
    expect(known).toEqual(['core/a.hart', 'core/b.hart', KEY]);
  });

  it('and that is gone there is missing at once', async () => {
    const { world } = await onlyHere();
    world.ports.replica.lose(KEY);
    const { status, codes } = await judged(world);
    expect([status.recoverable, codes]).toEqual([false, ['ARTIFACT_MISSING']]);
  });
});
