import { describe, expect, it } from 'vitest';
import { capture } from '../../../src/jobs/points/capture.ts';
import { readPoints, updatePoint } from '../../../src/jobs/vault/points.ts';
import { newWorld, scheduled, states } from '../../setup/memory-cycle.ts';
import { testPolicy } from '../../setup/policy.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const at = (time: string) => new Date(`2026-11-22T${time}Z`);
const byHand = (ports: MemoryPorts, time: string) => capture(ports, testPolicy, { kind: 'manual', at: at(time) });
const bySchedule = (ports: MemoryPorts, time: string) =>
  capture(ports, testPolicy, { kind: 'scheduled', at: at(time) });

describe('names of recovery points', () => {
  it('leave the slot its own, whoever asks by hand in its first second, and the next slot too', async () => {
    const { ports, clock } = newWorld();
    expect((await byHand(ports, '14:00:00.400')).id).toBe('20261122t140001z');
    expect((await capture(ports, testPolicy, { kind: 'final', at: at('14:00:00') })).id).toBe('20261122t140002z');
    expect((await bySchedule(ports, '14:00:00.900')).id).toBe('20261122t140000z');
    clock.passMinutes(60);
    expect((await bySchedule(ports, '15:00:02')).id).toBe('20261122t150000z');
    expect(ports.database.snapshots.size).toBe(4);
  });

  it('are of the slot of a Single-AZ primary too, which nobody may have known when one was asked for by hand', async () => {
    const { ports } = newWorld();
    const policy = { ...testPolicy, captureIntervalMinutes: 25 };
    const early = await capture(ports, policy, { kind: 'manual', at: at('14:00:00') });
    ports.database.facts.multiAz = false;
    const point = await capture(ports, policy, { kind: 'scheduled', at: at('14:00:01') });
    expect([early.id, point.id]).toEqual(['20261122t140001z', '20261122t140000z']);
  });

  it('differ for two requests by hand in one second, and each has its snapshot', async () => {
    const { ports } = newWorld();
    const made = [await byHand(ports, '14:05:00'), await byHand(ports, '14:05:00'), await byHand(ports, '14:05:00.3')];
    expect(made.map(({ id }) => id)).toEqual(['20261122t140500z', '20261122t140501z', '20261122t140502z']);
    const both = await Promise.all([byHand(ports, '14:06:00'), byHand(ports, '14:06:00')]);
    expect(new Set(both.map(({ id }) => id)).size).toBe(2);
    expect(ports.database.snapshots.size).toBe(5);
  });

  it('are the same for a request that is made again', async () => {
    const { ports } = newWorld();
    const request = { kind: 'manual', at: at('14:05:00'), request: 'of an event' } as const;
    await byHand(ports, '14:05:00');
    await capture(ports, testPolicy, request);
    await Promise.all([capture(ports, testPolicy, request), capture(ports, testPolicy, request)]);
    expect(await states(ports)).toEqual(['20261122t140500z capturing', '20261122t140501z capturing']);
  });

  it('of a slot that an older version gave away: one more second, once however often the slot is asked for', async () => {
    const { ports, clock } = newWorld();
    const { id } = await capture(ports, testPolicy, scheduled);
    await updatePoint(ports, id, (now) => ({ ...now, kind: 'manual' }));
    for (let n = 0; n < 3; n += 1) await bySchedule(ports, `14:0${n}:00`);
    expect((await readPoints(ports.vault)).points.map((each) => `${each.id} ${each.kind}`)).toEqual([
      '20261122t140000z manual',
      '20261122t140001z scheduled',
    ]);
    clock.passMinutes(60);
    expect((await bySchedule(ports, '15:00:00')).id).toBe('20261122t150000z');
  });

  it('end: a minute full of requests refuses the next one by name', async () => {
    const { ports } = newWorld();
    const made = await byHand(ports, '14:05:00');
    for (let n = 1; n < 60; n += 1) {
      const second = String(n).padStart(2, '0');
      const id = `20261122t1405${second}z`;
      await ports.vault.put(`points/${id}.json`, JSON.stringify({ ...made, id }), undefined);
    }
    await expect(byHand(ports, '14:05:00')).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
