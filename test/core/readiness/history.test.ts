import { describe, expect, it } from 'vitest';
import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import { type History, withReading } from '../../../src/core/readiness/history.ts';

const status = (at: string, rpoMinutes: number | null, word: StatusRecord['status'] = 'READY'): StatusRecord => ({
  schema: 'status/1',
  at,
  status: word,
  recoverable: true,
  protecting: true,
  rpoMinutes,
  rpoTargetMinutes: 60,
  point: null,
  findings: [],
});
const readingsOf = (...records: StatusRecord[]) =>
  records.reduce<History | undefined>((history, each) => withReading(history, each), undefined)?.readings;

describe('the history of readiness', () => {
  it('keeps the worst of each quarter of an hour', () => {
    expect(
      readingsOf(
        status('2026-11-22T14:00:00.000Z', 10),
        status('2026-11-22T14:14:59.000Z', 30, 'NOT_READY'),
        status('2026-11-22T14:14:59.500Z', 5),
        status('2026-11-22T14:15:00.000Z', 6),
      ),
    ).toEqual([
      { at: '2026-11-22T14:00:00.000Z', rpoMinutes: 30, status: 'NOT_READY' },
      { at: '2026-11-22T14:15:00.000Z', rpoMinutes: 6, status: 'READY' },
    ]);
  });

  it('holds no point to restore to be worse than any number', () => {
    const found = readingsOf(status('2026-11-22T14:00:00.000Z', null), status('2026-11-22T14:01:00.000Z', 3));
    expect(found?.[0]?.rpoMinutes).toBeNull();
    const other = readingsOf(status('2026-11-22T14:00:00.000Z', 3), status('2026-11-22T14:01:00.000Z', null));
    expect(other?.[0]?.rpoMinutes).toBeNull();
  });

  it('forgets what is older than seven days, and does not grow beyond them', () => {
    const begin = new Date('2026-11-01T00:00:00Z').getTime();
    const all = Array.from({ length: 21 * 96 }, (_, n) => status(new Date(begin + n * 900_000).toISOString(), 1));
    expect(readingsOf(...all)).toHaveLength(7 * 96 + 1);
  });

  it('is the same when an assessment is told twice', () => {
    const once = readingsOf(status('2026-11-22T14:00:00.000Z', 10));
    expect(readingsOf(status('2026-11-22T14:00:00.000Z', 10), status('2026-11-22T14:00:00.000Z', 10))).toEqual(once);
  });
});
