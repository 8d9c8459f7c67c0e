import { describe, expect, it } from 'vitest';
import type { DeletionMark } from '../../../src/core/artifacts/deletions.ts';
import {
  afterListing,
  isSettled,
  type SeenKey,
  windowHolding,
  windowOf,
} from '../../../src/core/artifacts/withheld-deletes.ts';
import { protectedPoint } from '../../setup/observations.ts';

const at = (clock: string) => `2026-11-22T${clock}:00.000Z`;
const times = { startedAt: new Date(at('12:00')), before: at('11:00'), now: new Date(at('12:01')) };
const entry = (clock: string) => ({ lastModified: new Date(at(clock)) });
const mark = (change: Partial<DeletionMark> = {}): DeletionMark => ({
  key: 'a',
  lastSeenAt: at('09:00'),
  goneAt: at('10:00'),
  ...change,
});
const note = (clock: string, there: boolean) => ({ key: 'a', at: at(clock), there });
const seen = (change: Partial<SeenKey>): SeenKey => ({
  key: 'a',
  atPrimary: false,
  inReplica: entry('08:00'),
  mark: undefined,
  notes: [],
  ...change,
});

/** What a listing from 12:00 to 12:01 makes of a key; the one before began at 11:00. */
describe('what is remembered of an artifact after a listing', () => {
  it.each<[string, Partial<SeenKey>, DeletionMark | undefined]>([
    ['nothing, when both have it', { atPrimary: true }, undefined],
    ['that it went since the last listing', {}, mark({ lastSeenAt: at('11:00'), goneAt: at('12:01') })],
    [
      'when an event showed it',
      { notes: [note('11:30', false)] },
      mark({ lastSeenAt: at('11:00'), goneAt: at('11:30') }),
    ],
    [
      'the last of the events that showed it',
      { notes: [note('11:40', false), note('11:30', false)] },
      mark({ lastSeenAt: at('11:00'), goneAt: at('11:40') }),
    ],
    [
      'no event of before it was there again',
      { notes: [note('11:30', false), note('11:40', true)] },
      mark({ lastSeenAt: at('11:00'), goneAt: at('12:01') }),
    ],
    ['nothing yet, when it was copied during the listing', { inReplica: entry('11:58') }, undefined],
    [
      'that it was there when it was copied, if the last listing was too early for it',
      { inReplica: entry('10:58') },
      mark({ lastSeenAt: at('10:53'), goneAt: at('12:01') }),
    ],
    ['what was known already', { mark: mark() }, mark()],
    [
      'a longer doubt after an event, which may be of a second life',
      { mark: mark(), notes: [note('11:30', false)] },
      mark({ goneAt: at('11:30') }),
    ],
    [
      'a doubt until now when it was there again',
      { mark: mark(), notes: [note('11:30', true)] },
      mark({ goneAt: at('12:01') }),
    ],
    [
      'a doubt until now when it was copied again under a delete marker',
      { mark: mark({ hiddenAt: at('10:30') }) },
      mark({ goneAt: at('12:01') }),
    ],
    [
      'a delete marker that was put',
      { mark: mark({ hiddenAt: at('10:30') }), inReplica: undefined },
      mark({ hiddenAt: at('10:30') }),
    ],
    [
      'a delete marker that nobody could record',
      { mark: mark(), inReplica: undefined },
      mark({ hiddenAt: at('12:01') }),
    ],
    ['that it is back', { mark: mark({ hiddenAt: at('10:30') }), atPrimary: true }, mark({ backAt: at('12:01') })],
    ['since when it is back', { mark: mark({ backAt: at('10:30') }), atPrimary: true }, mark({ backAt: at('10:30') })],
    [
      'that an event is newer than the page that had it',
      { atPrimary: true, notes: [note('12:00', false), { ...note('12:00', false), at: '2026-11-22T12:00:30.000Z' }] },
      mark({ lastSeenAt: at('11:00'), goneAt: '2026-11-22T12:00:30.000Z' }),
    ],
    [
      'that it was away between two listings',
      { atPrimary: true, notes: [note('11:30', false)] },
      mark({ lastSeenAt: at('11:00'), goneAt: at('11:30'), backAt: at('12:01') }),
    ],
    [
      'all doubts of before when it goes a second time',
      { mark: mark({ backAt: at('10:30') }) },
      mark({ goneAt: at('12:01') }),
    ],
    ['nothing of what the replica never held', { inReplica: undefined, notes: [note('11:30', false)] }, undefined],
  ])('%s', (_what, change, expected) => {
    expect(afterListing(seen(change), times)).toEqual(expected);
  });

  it('is that nobody knows when it went, after the first listing of all', () => {
    expect(afterListing(seen({}), { ...times, before: undefined })).toEqual({ key: 'a', goneAt: at('12:01') });
  });
});

describe('the point in whose window an artifact may have gone', () => {
  const window = (from: string, until?: string) => [
    { id: 'p', from: new Date(at(from)), until: until ? new Date(at(until)) : undefined },
  ];

  it.each([
    ['lists it: its listing ended before', mark(), window('08:00', '08:30'), false],
    ['had it in its rows alone', mark(), window('08:30', '09:30'), true],
    ['was taken in the middle of the doubt', mark(), window('09:20', '09:30'), true],
    ['never had it: its data is younger', mark(), window('10:30', '10:40'), false],
    ['has no list yet, and data of before', mark(), window('08:00'), true],
    ['has no list yet, and data of after', mark(), window('10:30'), false],
    ['is older than anybody knows', { key: 'a', goneAt: at('10:00') }, window('01:00', '01:30'), true],
    ['is of the time in which it was away', mark({ backAt: at('11:00') }), window('10:30', '10:40'), true],
    ['may be off by the difference of clocks', mark(), window('10:04', '10:30'), true],
  ])('%s', (_what, of, windows, held) => {
    expect(windowHolding(of, windows)?.id).toBe(held ? 'p' : undefined);
  });

  it('begins with the data, or the request where there is none yet, and ends with the list', () => {
    const whole = protectedPoint('p', at('09:00'));
    expect(windowOf(whole)).toEqual({ id: 'p', from: new Date(at('09:00')), until: new Date(at('09:00')) });
    const asked = { ...whole, requestedAt: at('08:00'), database: { state: 'capturing' as const } };
    const listing = { ...asked, artifacts: { state: 'pending' as const } };
    expect(windowOf(listing)).toEqual({ id: 'p', from: new Date(at('08:00')), until: undefined });
  });

  it('is not ended by the clock of a listing that was behind: by who protected the point, or by nobody', () => {
    const whole = protectedPoint('p', at('09:00'));
    const artifacts = { ...whole.artifacts, listedAt: at('02:00') } as typeof whole.artifacts;
    const history = [{ state: 'protected' as const, at: at('09:20'), why: 'all is there' }];
    expect(windowOf({ ...whole, artifacts, history }).until).toEqual(new Date(at('09:20')));
    expect(windowOf({ ...whole, artifacts, history: [] }).until).toBeUndefined();
  });

  it('has its list before versions are let go', () => {
    const hidden = mark({ hiddenAt: at('11:00') });
    expect([
      isSettled(mark(), []),
      isSettled(hidden, []),
      isSettled(hidden, window('10:50')),
      isSettled(hidden, window('11:30')),
    ]).toEqual([false, true, false, true]);
    expect(isSettled(hidden, window('10:50', '11:10'))).toBe(true);
  });
});
