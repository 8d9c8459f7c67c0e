import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Point, pointSchema } from '../../../src/core/points/documents.ts';
import {
  accept,
  artifactsListed,
  captureAccepted,
  captureRefused,
  copyAccepted,
  copyRefused,
  copySeen,
  fail,
  isInFlight,
  isProtected,
  keysSeen,
  snapshotSeen,
  transition,
} from '../../../src/core/points/point.ts';
import { coverageSeen } from '../../../src/core/points/replication.ts';
import { type PointRequest, requestedPoints } from '../../../src/core/points/request.ts';
import type { SnapshotFacts } from '../../../src/core/ports/database.ts';
import { DrError } from '../../../src/errors.ts';
import { testPolicy } from '../../setup/policy.ts';

const now = new Date('2026-11-22T14:05:00Z');
const late = new Date('2026-11-22T15:00:00Z');
const facts = (status: SnapshotFacts['status'], percent = 100): SnapshotFacts => ({
  name: 'hbdr-20261122t140000z',
  arn: 'arn:aws:rds:us-east-1:000000000000:snapshot:hbdr-20261122t140000z',
  status,
  percent,
  dataAt: now,
  engineVersion: 'postgres 17.10',
  engine: 'postgres',
  version: '17.10',
  parameterGroupFamily: 'postgres17',
  encrypted: true,
  sizeGib: 20,
});
const inventory = { key: 'inventory/20261122t140000z.artifacts.ndjson.gz', count: 100, bytes: 1_000 };
const refused = (code: 'INVALID_STATE' | 'QUOTA_EXCEEDED' | 'NOT_FOUND') => new DrError(code, 'not now');

type Step = { name: string; apply: (point: Point) => Point };
const steps: Step[] = [
  { name: 'capture accepted', apply: (point) => captureAccepted(point, now) },
  { name: 'capture refused', apply: (point) => captureRefused(point, refused('INVALID_STATE'), now) },
  { name: 'capture refused late', apply: (point) => captureRefused(point, refused('INVALID_STATE'), late) },
  { name: 'snapshot creating', apply: (point) => snapshotSeen(point, facts('creating', 10), testPolicy, now) },
  { name: 'snapshot available', apply: (point) => snapshotSeen(point, facts('available'), testPolicy, now) },
  { name: 'snapshot failed', apply: (point) => snapshotSeen(point, facts('failed'), testPolicy, now) },
  { name: 'snapshot not shown', apply: (point) => snapshotSeen(point, undefined, testPolicy, now) },
  { name: 'snapshot gone', apply: (point) => snapshotSeen(point, undefined, testPolicy, late) },
  { name: 'listed', apply: (point) => artifactsListed(point, inventory, undefined, testPolicy, now) },
  { name: 'copy accepted', apply: (point) => copyAccepted(point, now) },
  { name: 'copy refused', apply: (point) => copyRefused(point, refused('QUOTA_EXCEEDED'), testPolicy, now) },
  { name: 'source not shown', apply: (point) => copyRefused(point, refused('NOT_FOUND'), testPolicy, now) },
  { name: 'source gone', apply: (point) => copyRefused(point, refused('NOT_FOUND'), testPolicy, late) },
  { name: 'copy half', apply: (point) => copySeen(point, facts('creating', 50), testPolicy, now) },
  { name: 'copy available', apply: (point) => copySeen(point, facts('available'), testPolicy, now) },
  { name: 'copy failed', apply: (point) => copySeen(point, facts('failed'), testPolicy, now) },
  { name: 'copy not shown', apply: (point) => copySeen(point, undefined, testPolicy, now) },
  { name: 'copy gone', apply: (point) => copySeen(point, undefined, testPolicy, late) },
  { name: 'missing 3', apply: (point) => coverageSeen(point, { missing: 3, deletedInWindow: [] }, now) },
  { name: 'missing 0', apply: (point) => coverageSeen(point, { missing: 0, deletedInWindow: [] }, now) },
  { name: 'keys', apply: (point) => keysSeen(point, ['20240101000000'], now) },
  { name: 'no keys', apply: (point) => keysSeen(point, [], now) },
];
const firstOf = (request: PointRequest) => requestedPoints(request, testPolicy)[0] as Point;
const fresh = () => firstOf({ kind: 'scheduled', at: now });
const through = (...names: string[]) =>
  names.reduce((point, name) => steps.find((step) => step.name === name)?.apply(point) ?? point, fresh());

describe('a recovery point', () => {
  it('takes the id of its slot when scheduled, of its second when asked for by hand', () => {
    expect(firstOf({ kind: 'scheduled', at: now }).id).toBe('20261122t140000z');
    expect(firstOf({ kind: 'manual', at: now }).id).toBe('20261122t140500z');
    expect(firstOf({ kind: 'final', at: new Date('2026-11-22T14:00:00Z') }).kind).toBe('final');
  });

  it('is protected once database, artifacts and keys are, in whatever order they come', () => {
    const orders = [
      ['listed', 'missing 0', 'copy accepted', 'copy available', 'keys'],
      ['keys', 'copy accepted', 'copy available', 'listed', 'missing 0'],
      ['copy accepted', 'listed', 'keys', 'missing 3', 'copy available', 'missing 0'],
    ];
    for (const order of orders) expect(through('snapshot available', ...order).state).toBe('protected');
  });

  it.each(['keys', 'missing 0', 'copy available'])('is not protected without: %s', (left) => {
    const all = ['snapshot available', 'listed', 'missing 0', 'copy accepted', 'copy available', 'keys'];
    expect(through(...all.filter((name) => name !== left)).state).toBe('listing+copying');
  });

  it('never lists the artifacts before the snapshot is available', () => {
    expect(through('capture accepted', 'snapshot creating', 'listed').artifacts.state).toBe('pending');
  });

  it('keeps trying a refused capture until the deadline of its slot, then fails with the reason', () => {
    const waiting = through('capture refused');
    expect(waiting.state).toBe('capturing');
    expect(waiting.database).toMatchObject({ waiting: { code: 'INVALID_STATE', since: now.toISOString() } });
    expect(captureRefused(waiting, refused('INVALID_STATE'), late)).toMatchObject({
      state: 'failed',
      failure: { code: 'INVALID_STATE' },
    });
  });

  it('does not take a missing snapshot for a lost one before the engine accepted it', () => {
    expect(through('snapshot gone').state).toBe('capturing');
    expect(through('capture accepted', 'snapshot not shown').state).toBe('capturing');
    expect(through('capture accepted', 'snapshot gone').state).toBe('failed');
  });

  it('starts a copy again that vanished, and notes only progress that moves on', () => {
    expect(through('snapshot available', 'copy accepted', 'copy not shown').database.state).toBe('copying');
    expect(through('snapshot available', 'copy accepted', 'copy gone').database.state).toBe('captured');
    const half = through('snapshot available', 'copy accepted', 'copy half');
    expect(half.database).toMatchObject({ percent: 50 });
    expect(copySeen(half, facts('creating', 50), testPolicy, late)).toBe(half);
  });

  it('fails when its snapshot is gone before the copy, and not before that is sure', () => {
    const waiting = through('snapshot available', 'copy refused', 'source not shown');
    expect(waiting.database).toMatchObject({ waiting: { code: 'NOT_FOUND', since: now.toISOString() } });
    expect(copyRefused(waiting, refused('NOT_FOUND'), testPolicy, late)).toMatchObject({
      state: 'failed',
      failure: { code: 'NOT_FOUND' },
    });
    const first = through('snapshot available', 'copy refused');
    expect(copyRefused(first, refused('NOT_FOUND'), testPolicy, late).state).toBe('captured');
  });

  it.each([
    ['count', { count: 79, bytes: 1_000 }, 'suspect'],
    ['bytes', { count: 100, bytes: 799 }, 'suspect'],
    ['at the limit', { count: 80, bytes: 800 }, 'listing+copying'],
    ['emptied', { count: 0, bytes: 0 }, 'suspect'],
    ['grown', { count: 200, bytes: 2_000 }, 'listing+copying'],
  ])('a fall of the inventory beyond the set share makes it suspect: %s', (_name, found, state) => {
    const previous = through('snapshot available', 'listed', 'missing 0');
    const point = artifactsListed(through('snapshot available'), { key: 'k', ...found }, previous, testPolicy, now);
    expect(point.state).toBe(state);
  });

  it('a suspect point stays so whatever happens, until an operator accepts it', () => {
    const previous = through('snapshot available', 'listed', 'missing 0');
    const empty = { key: 'k', count: 0, bytes: 0 };
    const suspect = artifactsListed(through('snapshot available'), empty, previous, testPolicy, now);
    for (const step of steps) expect(step.apply(suspect).state).toBe('suspect');
    const accepted = accept(suspect, now);
    const names = ['copy accepted', 'copy available', 'missing 0', 'keys'];
    const done = names.reduce(
      (point, name) => steps.find((step) => step.name === name)?.apply(point) ?? point,
      accepted,
    );
    expect(done.state).toBe('protected');
  });

  it('refuses an illegal change of state by name', () => {
    const failed = fail(fresh(), now, 'REMOTE_FAILED', 'broken');
    expect(() => transition(failed, 'protected', now, 'no')).toThrow('cannot go from failed to protected');
  });

  it('under any sequence of news: stays a legal document, never leaves a final state, and news told twice change nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 30 }), (sequence) => {
        let point = fresh();
        for (const step of sequence) {
          const before = point;
          point = step.apply(point);
          expect(step.apply(point)).toEqual(point);
          expect(pointSchema.parse(point)).toEqual(point);
          if (!isInFlight(before)) expect(point.state).toBe(before.state);
          if (isProtected(point)) {
            expect([point.database.state, point.artifacts.state, point.keys.state]).toEqual([
              'copied',
              'complete',
              'escrowed',
            ]);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
