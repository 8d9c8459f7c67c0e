import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/errors.ts';
import { advance } from '../../src/jobs/advance.ts';
import { doctor } from '../../src/jobs/doctor.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { newWorld, scheduled, states } from '../setup/memory-cycle.ts';
import { testPolicy } from '../setup/policy.ts';
import type { MemoryPorts } from '../world/ports.ts';

const at = (time: string) => ({ kind: 'scheduled' as const, at: new Date(`2026-11-22T${time}Z`) });
const foundOf = async (ports: MemoryPorts, policy = testPolicy) =>
  (await readiness(ports, policy)).findings.map(({ code, text }) => `${code}: ${text}`);
const checkOf = async (ports: MemoryPorts, policy = testPolicy) =>
  (await doctor(ports, policy)).find((each) => each.name === 'primary database');

describe('a primary that this product cannot protect', () => {
  const kinds = [
    ['Aurora', { engine: 'aurora-postgresql', cluster: 'builder' }, 'member of the cluster builder'],
    ['a Multi-AZ DB cluster', { engine: 'postgres', cluster: 'builder' }, 'member of the cluster builder'],
    ['another engine', { engine: 'mysql', cluster: undefined }, 'engine is mysql'],
    ['a custom engine', { engine: 'custom-oracle-ee', cluster: undefined }, 'engine is custom-oracle-ee'],
  ] as const;

  it.each(kinds)('is refused by name before anything is created: %s', async (_name, facts, why) => {
    const { ports } = newWorld();
    Object.assign(ports.database.facts, facts);
    for (const request of [scheduled, { kind: 'manual' as const, at: ports.clock() }]) {
      await expect(capture(ports, testPolicy, request)).rejects.toMatchObject({
        code: 'ENGINE_UNSUPPORTED',
        message: expect.stringContaining(why),
        hint: expect.stringContaining('primary.database'),
      });
    }
    expect([await states(ports), ports.database.snapshots.size, ports.signals.tick]).toEqual([[], 0, false]);
  });

  it.each(kinds)('is found by readiness and by the doctor: %s', async (_name, facts, why) => {
    const { ports } = newWorld();
    Object.assign(ports.database.facts, facts);
    expect(await foundOf(ports)).toContainEqual(expect.stringMatching(new RegExp(`^ENGINE_UNSUPPORTED: .*${why}`)));
    expect(await checkOf(ports)).toMatchObject({
      ok: false,
      detail: expect.stringContaining(why),
      hint: expect.stringContaining('primary.database'),
    });
  });

  it('that does not say what it is, is protected all the same, and the run says that nobody could look', async () => {
    const { ports } = newWorld();
    ports.database.source = async () => {
      throw new DrError('ACCESS_DENIED', 'describe instance builder: not authorized');
    };
    await expect(capture(ports, testPolicy, scheduled)).rejects.toMatchObject({
      code: 'PARTIAL_FAILURE',
      message: expect.stringMatching(/^point 20261122t140000z is capturing; .*not authorized$/),
    });
    expect([ports.database.snapshots.size, ports.signals.tick]).toEqual([1, true]);
  });

  it('that is silent is asked once, and its point is there for advance to go on with', async () => {
    const { ports } = newWorld();
    const { source } = ports.database;
    let asked = 0;
    ports.database.capture = async () => {
      asked += 1;
    };
    ports.database.source = async () => {
      asked += 1;
      throw new DrError('SITE_UNREACHABLE', 'describe instance builder: TimeoutError', { site: 'primary' });
    };
    await expect(capture(ports, testPolicy, scheduled)).rejects.toMatchObject({ code: 'SITE_UNREACHABLE' });
    expect([asked, await states(ports), ports.signals.tick]).toEqual([1, ['20261122t140000z capturing'], true]);
    ports.database.source = source;
    await advance(ports, testPolicy);
    expect(asked).toBe(2);
  });
});

describe('short intervals at a Single-AZ primary, whose I/O each snapshot suspends', () => {
  const often = { ...testPolicy, captureIntervalMinutes: 15 };

  it('are not taken unless that is said by name: a point an hour is, however often it is asked for', async () => {
    const { ports } = newWorld();
    ports.database.facts.multiAz = false;
    for (const time of ['14:15:02', '14:30:02', '14:45:02']) await capture(ports, often, at(time));
    expect([...ports.database.snapshots.keys()]).toEqual(['hbdr-20261122t140000z']);
    await capture(ports, often, at('15:00:02'));
    expect(ports.database.snapshots.size).toBe(2);
  });

  it.each([
    ['with Multi-AZ', true, often],
    ['when it is said by name', false, { ...often, acceptSingleAzPauses: true }],
  ])('are taken %s', async (_name, multiAz, policy) => {
    const { ports } = newWorld();
    ports.database.facts.multiAz = multiAz;
    for (const time of ['14:15:02', '14:30:02']) await capture(ports, policy, at(time));
    expect(ports.database.snapshots.size).toBe(2);
  });

  it('change nothing of a capture by hand', async () => {
    const { ports } = newWorld();
    ports.database.facts.multiAz = false;
    for (const minute of ['14:01', '14:02']) {
      await capture(ports, often, { kind: 'manual', at: new Date(`2026-11-22T${minute}:00Z`) });
    }
    expect(ports.database.snapshots.size).toBe(2);
  });

  it('are told by readiness and the doctor, with the interval that is taken instead, and no capture counts as missed', async () => {
    const { ports, clock } = newWorld();
    ports.database.facts.multiAz = false;
    await capture(ports, often, at('14:00:02'));
    clock.now = new Date('2026-11-22T14:50:00Z');
    const found = await foundOf(ports, often);
    expect(found.filter((each) => each.startsWith('CAPTURE_MISSED'))).toEqual([]);
    expect(found).toContainEqual(expect.stringMatching(/^MULTI_AZ_OFF: .*every 60 minutes, not every 15/));
    expect(await checkOf(ports, often)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('every 60 minutes, not every 15'),
      hint: expect.stringContaining('policy.acceptSingleAzPauses'),
    });
    clock.now = new Date('2026-11-22T15:20:00Z');
    expect(await foundOf(ports, often)).toContainEqual(expect.stringContaining('CAPTURE_MISSED'));
    for (const policy of [testPolicy, { ...often, acceptSingleAzPauses: true }]) {
      expect(await checkOf(ports, policy)).toMatchObject({ ok: true });
    }
  });
});
