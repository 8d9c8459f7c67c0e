import { expect, it } from 'vitest';
import type { Point } from '../../../src/core/points/documents.ts';
import { isAskedAgain } from '../../../src/core/points/replication.ts';
import { requestedPoints } from '../../../src/core/points/request.ts';
import { testPolicy } from '../../setup/policy.ts';

const now = new Date('2026-11-22T14:05:00Z');
const askedBefore = (times: number, minutes: number): Point => {
  const at = new Date(now.getTime() - minutes * 60_000).toISOString();
  const listed = { key: 'k', listedAt: at, count: 9, bytes: 9, missing: 1, progressAt: at };
  const point = requestedPoints({ kind: 'scheduled', at: now }, testPolicy)[0] as Point;
  return { ...point, artifacts: { state: 'replicating', ...listed, asked: { times, at } } };
};

it.each([
  ['in each pass at first', 9, 0, true],
  ['not at once the eleventh time', 10, 0, false],
  ['a minute after the tenth', 10, 1, true],
  ['later the longer it waits', 14, 15, false],
  ['later the longer it waits, and then it is', 14, 16, true],
  ['an hour after the last at most', 40, 60, true],
  ['when a clock that ran ahead has asked last', 40, -1_440, true],
])('missing artifacts are asked for again %s', (_when, times, minutes, again) => {
  expect(isAskedAgain(askedBefore(times, minutes), now)).toBe(again);
});
