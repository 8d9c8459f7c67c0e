import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantOfPointId, pointIdAt, slotStart, snapshotName } from '../../src/core/ids.ts';

describe('ids of recovery points', () => {
  it.each([
    ['2026-11-22T14:00:00Z', 60, '20261122t140000z', 'the slot begins'],
    ['2026-11-22T14:59:59.999Z', 60, '20261122t140000z', 'the slot ends'],
    ['2026-11-22T15:00:00Z', 60, '20261122t150000z', 'the next slot begins'],
    ['2026-11-22T14:31:07Z', 15, '20261122t143000z', 'quarters of an hour'],
    ['2026-11-22T00:10:00Z', 1440, '20261122t000000z', 'days begin at midnight UTC'],
  ])('puts %s with slots of %d minutes into %s: %s', (at, interval, id) => {
    expect(pointIdAt(slotStart(new Date(at), interval))).toBe(id);
  });

  it('has one id for all instants of a slot, and an id that reads back', () => {
    const instants = fc.date({ min: new Date('2020-01-01'), max: new Date('2090-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(
        instants,
        fc.constantFrom(1, 2, 15, 60, 1440),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (at, interval, share) => {
          const start = slotStart(at, interval);
          const later = new Date(start.getTime() + Math.floor(share * interval * 60_000));
          expect(pointIdAt(slotStart(later, interval))).toBe(pointIdAt(start));
          expect(instantOfPointId(pointIdAt(start))).toEqual(start);
        },
      ),
    );
  });

  it('names snapshots in lower case, as RDS stores them', () => {
    expect(snapshotName('20261122t140000z')).toBe('hbdr-20261122t140000z');
  });

  it('refuses what is no id, and names it', () => {
    expect(() => instantOfPointId('latest')).toThrow('not a recovery point id: latest');
  });
});
