import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/core/points/documents.ts';
import { i2 } from './i2.ts';
import { i3 } from './i3.ts';
import { i4 } from './i4.ts';
import { BEGIN, dataOf, iso, Made } from './made.ts';
import { drillDocument, ID, KEY, OTHER_KEY, packedList, pointDocument, pointId } from './made-documents.ts';

const HOUR_MS = 3_600_000;
const so = (found: { so: string }[]): string[] => found.map((each) => each.so);
const path = (hour: number): string => `points/${pointId(hour)}.json`;
const ofHour = (hour: number, state: Point['state'], more: Partial<Point> = {}): Point =>
  pointDocument({ id: pointId(hour), state, ...more }, BEGIN + hour * HOUR_MS);

/** Points of these states, an hour apart, each with its copy. */
function catalogue(check: typeof i2, ...states: Point['state'][]): Made {
  const made = new Made(check);
  made.begin(1, 'advance');
  states.forEach((state, hour) => {
    made.put(1, path(hour), ofHour(hour, state));
    made.snapshot(1, 'dr', pointId(hour), dataOf({ [KEY]: 'a' }), BEGIN + hour * HOUR_MS);
  });
  made.minutes(60);
  made.begin(2, 'prune');
  return made;
}

/** Expires and is removed, as prune does it. */
function prune(made: Made, hour: number, was: Point['state']): string[] {
  const history = [was, 'expired' as const].map((state) => ({ at: iso(BEGIN), state, why: 'made by hand' }));
  const expired = made.put(2, path(hour), ofHour(hour, 'expired', { history }));
  return so([...expired, ...made.removeSnapshot(2, 'dr', pointId(hour))]);
}

describe('I2: a point', () => {
  it('is pruned where newer ones are protected and proven', () => {
    expect(prune(catalogue(i2, 'proven', 'proven', 'protected'), 0, 'proven')).toEqual([]);
  });

  it('is not where it is the last proven or the last protected one', () => {
    expect(prune(catalogue(i2, 'proven', 'protected'), 0, 'proven')).toEqual(['it is the last proven one']);
    expect(prune(catalogue(i2, 'proven', 'protected'), 1, 'protected')).toEqual(['it is the last protected one']);
    const lost = catalogue(i2, 'proven', 'proven');
    lost.removeSnapshot('world', 'dr', pointId(1));
    expect(prune(lost, 0, 'proven')).toEqual([]);
    lost.minutes(1);
    lost.begin(2, 'prune');
    lost.snapshot(1, 'dr', pointId(0), dataOf({}), BEGIN);
    expect(prune(lost, 0, 'proven')).toEqual(['it is the last protected one']);
  });

  it('is pruned where a newer one was protected at the very same instant of the data', () => {
    const made = catalogue(i2, 'protected');
    made.put(1, path(1), ofHour(1, 'protected'));
    made.snapshot(1, 'dr', pointId(1), dataOf({ [KEY]: 'a' }), BEGIN);
    expect(prune(made, 0, 'protected')).toEqual([]);
    expect(prune(made, 1, 'protected')).toEqual(['it is the last protected one']);
  });

  it('is not while another is suspect, nor without a rule', () => {
    const made = catalogue(i2, 'proven', 'proven', 'suspect');
    expect(prune(made, 0, 'proven')).toEqual(Array(2).fill(`point ${pointId(2)} is suspect`));
    const empty = catalogue(i2, 'proven', 'proven');
    empty.policy.retention.last = 0;
    expect(prune(empty, 0, 'proven')).toEqual(Array(2).fill('no rule of the retention is set'));
    expect(so(empty.removeSnapshot(2, 'primary', pointId(1)))).toEqual([]);
    empty.snapshot(1, 'primary', pointId(1), dataOf({}));
    expect(so(empty.removeSnapshot(2, 'primary', pointId(1)))).toEqual(['no rule of the retention is set']);
  });

  it('is not while it is held or a run works with it', () => {
    const made = catalogue(i2, 'proven', 'proven');
    const hold = { reason: 'audit', at: iso(BEGIN), until: iso(made.now + HOUR_MS) };
    made.put(1, path(0), ofHour(0, 'proven', { hold }));
    expect(prune(made, 0, 'proven')).toEqual([`it is held until ${hold.until}`]);
    const pinned = catalogue(i2, 'proven', 'proven');
    pinned.put(1, 'drills/drill-1.json', drillDocument({ state: 'restoring' }));
    pinned.put(1, path(0), ofHour(0, 'proven', { pins: [{ run: 'drills/drill-1.json', at: iso(BEGIN) }] }));
    expect(prune(pinned, 0, 'proven')).toEqual(['drills/drill-1.json works with it']);
    const free = catalogue(i2, 'proven', 'proven');
    free.put(1, 'drills/drill-1.json', drillDocument({ state: 'passed' }));
    free.put(1, path(0), ofHour(0, 'proven', { pins: [{ run: 'drills/drill-1.json', at: iso(BEGIN) }] }));
    expect(prune(free, 0, 'proven')).toEqual([]);
  });

  it('loses no copy while its document wants it', () => {
    const made = catalogue(i2, 'proven', 'proven');
    expect(so(made.removeSnapshot(2, 'dr', pointId(0)))).toEqual(['the point is proven']);
  });
});

describe('I3: an artifact', () => {
  const world = (state: Point['state'] = 'protected'): Made => {
    const made = catalogue(i3, state);
    made.object(1, 'replica', KEY, 'a');
    return made;
  };
  const overwrite = (made: Made): string[] => {
    made.buckets.replica.stacks.set(KEY, made.buckets.replica.stacks.get(KEY)?.slice(0, 1) ?? []);
    const before = made.buckets.replica.current(KEY);
    made.buckets.replica.stacks.delete(KEY);
    const bytes = { etag: '"b"', size: 9, blake2b: 'b', since: made.now, readable: true };
    return so(made.see({ what: 'object', by: 2, bucket: 'replica', key: KEY, bytes, before }));
  };

  it('is not overwritten without being kept', () => {
    expect(so(world().object(2, 'replica', KEY, 'b'))).toEqual([]);
    expect(overwrite(world())).toEqual([expect.stringContaining('kept nowhere')]);
    expect(overwrite(world('expired'))).toEqual([]);
    const aside = world();
    aside.object(2, 'displaced', 'displaced/a', 'a');
    expect(overwrite(aside)).toEqual([]);
    const unreadable = world('expired');
    unreadable.put('world', path(0), Buffer.from('garbage'));
    expect(overwrite(unreadable)).toEqual([expect.stringContaining('kept nowhere')]);
  });

  it('is not deleted while rows or a list name it', () => {
    expect(so(world().remove(2, 'replica', KEY, true))).toEqual([`point ${ID} refers to it`]);
    expect(so(world('expired').remove(2, 'replica', KEY))).toEqual([]);
    expect(so(world().remove('world', 'replica', KEY))).toEqual([]);
    const listed = world();
    listed.object(1, 'replica', OTHER_KEY, 'z');
    listed.put(1, `inventory/${ID}.artifacts.ndjson.gz`, packedList([OTHER_KEY]));
    expect(so(listed.remove(2, 'replica', OTHER_KEY))).toEqual([`point ${ID} refers to it`]);
  });

  it('does not go for ever as a version, or as displaced bytes', () => {
    const made = world();
    const bytes = { etag: '"a"', size: 9, blake2b: 'a', since: made.now, readable: true };
    const gone = { what: 'version-gone', by: 2, bucket: 'replica', key: KEY, bytes } as const;
    expect(so(made.see(gone))).toEqual([]);
    made.buckets.replica.stacks.delete(KEY);
    expect(so(made.see(gone))).toEqual([`point ${ID} wants these bytes`]);
    made.object(1, 'displaced', 'displaced/a', 'a');
    expect(so(made.see(gone))).toEqual([]);
    expect(so(made.remove(2, 'displaced', 'displaced/a'))).toEqual([`point ${ID} wants these bytes for ${KEY}`]);
    made.object(1, 'replica', KEY, 'a');
    made.object(1, 'displaced', 'displaced/a', 'a');
    expect(so(made.remove(2, 'displaced', 'displaced/a'))).toEqual([]);
  });
});

describe('I4: a slot has one point, and a point one copy', () => {
  it('however often a job runs', () => {
    const made = catalogue(i4, 'protected');
    expect(so(made.put(2, path(1), ofHour(1, 'capturing')))).toEqual([]);
    expect(so(made.put(2, 'points/other.json', ofHour(1, 'capturing', { id: 'other' })))).toHaveLength(1);
    const late = pointId(1).replace('0000z', '0001z');
    expect(so(made.put(2, `points/${late}.json`, ofHour(1, 'capturing', { id: late })))).toEqual([
      'no slot begins at the instant of its id',
    ]);
    expect(so(made.put(2, `points/${late}.json`, ofHour(1, 'capturing', { id: late, kind: 'manual' })))).toEqual([]);
  });

  it('and a second one of the same slot is found', () => {
    const made = catalogue(i4, 'protected');
    const again = `${pointId(0)}-2`;
    expect(so(made.put(2, `points/${again}.json`, ofHour(0, 'capturing', { id: again })))).toEqual([
      `point ${ID} is of the same slot`,
    ]);
  });

  it('and a second snapshot is found, and one of a point that has expired', () => {
    const made = catalogue(i4, 'protected', 'expired');
    made.held.push({ ...made.held[0], name: 'another' } as (typeof made.held)[0]);
    expect(so(made.snapshot(2, 'dr', ID, undefined))).toEqual(['another is of the same point']);
    expect(so(made.snapshot(2, 'primary', ID, undefined))).toEqual([]);
    expect(so(made.snapshot(2, 'primary', pointId(1), undefined))).toEqual(['the point has expired']);
  });

  it('and a drill that begins beside another one is found', () => {
    const made = catalogue(i4, 'protected');
    expect(so(made.put(1, 'drills/a.json', drillDocument({ id: 'a', state: 'planned' })))).toEqual([]);
    expect(so(made.put(1, 'drills/a.json', drillDocument({ id: 'a', state: 'restoring' })))).toEqual([]);
    expect(so(made.put(2, 'drills/b.json', drillDocument({ id: 'b', state: 'planned' })))).toEqual([
      'drills/a.json is restoring',
    ]);
    made.put(1, 'drills/a.json', drillDocument({ id: 'a', state: 'passed' }));
    made.put(2, 'drills/b.json', drillDocument({ id: 'b', state: 'failed' }));
    expect(so(made.put(2, 'drills/c.json', drillDocument({ id: 'c', state: 'planned' })))).toEqual([]);
  });
});
