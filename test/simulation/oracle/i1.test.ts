import { describe, expect, it } from 'vitest';
import { i1 } from './i1.ts';
import { dataOf, escrowKey, Made } from './made.ts';
import {
  directionDocument,
  drillDocument,
  failoverDocument,
  ID,
  KEY,
  OTHER_KEY,
  packedList,
  pointDocument,
  protectedWorld,
  statusDocument,
  toldWorld,
} from './made-documents.ts';

const world = (damage?: string): Made => toldWorld(new Made(i1), damage);
/** A run has rejected a point after it looked at what it restored, or before. */
function rejected(made: Made, looked: 'looked' | 'called off' = 'looked') {
  const at = new Date(made.now).toISOString();
  const inspection = { askedAt: at, tries: 1, report: 'reports/one.json', doneAt: at };
  return { outcome: 'rejected' as const, ...(looked === 'looked' ? { inspection } : {}) };
}
/** What is said of a status that a run tells which begins now. */
function told(made: Made, more: Parameters<typeof statusDocument>[0] = {}): string[] {
  made.minutes(1);
  made.begin(9, 'readiness');
  return made.put(9, 'status.json', statusDocument(more)).map(({ so }) => so);
}
function listed(made: Made): void {
  made.minutes(1);
  made.begin(7, 'reconcile');
  made.see({ what: 'listed', by: 7, bucket: 'replica', since: made.now });
  made.end(7);
}
function read(made: Made, blake2b: string): void {
  made.minutes(1);
  made.begin(8, 'verify');
  made.see({ what: 'object-read', by: 8, bucket: 'replica', key: KEY, blake2b });
  made.end(8);
}

describe('a site is told recoverable', () => {
  it('where a restore would succeed', () => {
    expect(told(world())).toEqual([]);
  });

  it('wrongly while the copy is gone, and not by a run that began before that', () => {
    const made = world();
    made.begin(3, 'readiness');
    made.minutes(1);
    made.removeSnapshot('world', 'dr', ID);
    expect(made.put(3, 'status.json', statusDocument())).toEqual([]);
    expect(told(made)).toEqual([expect.stringContaining('its copy in DR is not there')]);
  });

  it.each(['kmsUsable', 'classOrderable', 'subnetGroup', 'parameterGroup'] as const)('wrongly without %s', (name) => {
    const made = world();
    made.services[name] = false;
    made.begin(3, 'advance');
    expect(told(made)).toHaveLength(1);
    expect(told(made, { recoverable: false })).toEqual([]);
  });

  it.each([
    'direction.json',
    'verified.json',
    'drills/x.json',
    'failovers/x.json',
    `inventory/${ID}.artifacts.ndjson.gz`,
    escrowKey,
  ])('wrongly while %s cannot be read', (key) => {
    const made = world();
    made.put('world', key, Buffer.from('garbage'));
    expect(told(made)).toEqual([expect.stringContaining('cannot be read')]);
  });

  it('wrongly without the key that seals rows', () => {
    const made = world();
    made.drop('world', escrowKey);
    expect(told(made)).toEqual([expect.stringContaining('is not in escrow')]);
  });

  it('wrongly of a point that is over, or that is not there', () => {
    const made = world();
    made.put('world', `points/${ID}.json`, pointDocument({ state: 'failed' }));
    expect(told(made)).toEqual(['the point is failed']);
    expect(told(made, { point: 'another' })).toHaveLength(1);
    expect(told(made, { point: null })).toHaveLength(1);
  });
});

describe('an object that a row names', () => {
  it('and that is lost is known once the replica was listed', () => {
    const made = world();
    made.remove('world', 'replica', KEY);
    expect(told(made)).toEqual([]);
    listed(made);
    expect(told(made)).toEqual([expect.stringContaining('is missing in the replica')]);
  });

  it('and that rots is known once it was read', () => {
    const made = world();
    made.rot('replica', KEY);
    listed(made);
    expect(told(made)).toEqual([]);
    read(made, 'rotten a');
    expect(told(made)).toEqual([expect.stringContaining('is other bytes')]);
    made.object('world', 'displaced', 'displaced/a', 'a');
    expect(told(made)).toEqual([]);
  });

  it('and that Builder replaced while it served in DR is known to a drill alone', () => {
    const made = world();
    made.put('world', 'direction.json', directionDocument({ direction: 'none', failover: 'failover-1' }));
    made.object('world', 'replica', KEY, 'b');
    made.put('world', 'direction.json', directionDocument());
    read(made, 'b');
    expect(told(made)).toEqual([]);
    made.put(1, 'drills/drill-1.json', drillDocument({ state: 'failed' }, rejected(made, 'called off')));
    expect(told(made)).toEqual([]);
    const { readAll: _none, ...drill } = drillDocument({ state: 'failed' }, rejected(made));
    made.put(1, 'drills/drill-1.json', { ...drill, kind: 'look-back', failover: 'failover-1' });
    expect(told(made)).toEqual([]);
    made.put(1, 'drills/drill-1.json', drillDocument({ state: 'failed' }, rejected(made)));
    expect(told(made)).toEqual([expect.stringContaining('is other bytes')]);
    const foreign = world();
    foreign.object('world', 'replica', KEY, 'b');
    read(foreign, 'b');
    expect(told(foreign)).toEqual([expect.stringContaining('is other bytes')]);
  });

  it('and that the product itself removed is known at once', () => {
    const made = world();
    made.remove(1, 'replica', KEY);
    expect(told(made)).toEqual([expect.stringContaining('known by own')]);
  });

  it('and that was deleted in the window is missing to nobody', () => {
    const made = protectedWorld(new Made(i1));
    made.put(1, `points/${ID}.json`, pointDocument());
    made.remove('world', 'primary', KEY);
    expect(told(made)).toEqual([]);
    made.remove(1, 'replica', KEY);
    expect(told(made)).toHaveLength(1);
    const deleted = new Made(i1);
    deleted.begin(1, 'advance');
    deleted.put('world', escrowKey, { schema: 'escrow/1' });
    deleted.object('world', 'primary', KEY, 'a');
    deleted.snapshot(1, 'dr', ID, dataOf({ [KEY]: 'a' }));
    deleted.minutes(1);
    deleted.remove('world', 'primary', KEY, true);
    deleted.put(1, `inventory/${ID}.artifacts.ndjson.gz`, packedList([KEY]));
    expect(deleted.put(1, `points/${ID}.json`, pointDocument())).toHaveLength(1);
    expect(told(deleted)).toHaveLength(1);
    deleted.buckets.primary.stacks.clear();
    expect(told(deleted)).toEqual([]);
  });

  it('and that was replaced at the primary before anybody had copied it is missing to nobody', () => {
    const replaced = (copied: boolean, at: 'before' | 'after') => {
      const made = new Made(i1);
      made.begin(1, 'advance');
      made.put('world', escrowKey, { schema: 'escrow/1' });
      if (copied) made.object(1, 'replica', KEY, 'a');
      if (at === 'before') made.object('world', 'primary', KEY, 'b');
      made.minutes(1);
      made.snapshot(1, 'dr', ID, dataOf({ [KEY]: 'a' }));
      made.minutes(1);
      if (at === 'after') made.object('world', 'primary', KEY, 'b');
      made.object(1, 'replica', KEY, 'b');
      made.put(1, `inventory/${ID}.artifacts.ndjson.gz`, packedList([KEY]));
      made.put(1, `points/${ID}.json`, pointDocument());
      made.put(1, 'drills/drill-1.json', drillDocument({ state: 'failed' }, rejected(made)));
      return told(made).length;
    };
    expect([replaced(false, 'after'), replaced(false, 'before'), replaced(true, 'after')]).toEqual([0, 1, 1]);
  });

  it('and that nobody listed is known once a drill found it missing', () => {
    const made = new Made(i1);
    made.begin(1, 'advance');
    made.put('world', escrowKey, { schema: 'escrow/1' });
    made.snapshot(1, 'dr', ID, dataOf({ [OTHER_KEY]: 'b' }));
    made.put(1, `points/${ID}.json`, pointDocument());
    expect(told(made)).toEqual([]);
    made.put(1, 'drills/drill-1.json', drillDocument({ state: 'failed' }, rejected(made)));
    expect(told(made)).toEqual([expect.stringContaining('is missing in the replica')]);
  });
});

describe('what a restore shows', () => {
  it('is known once a drill or a failover has rejected that very point', () => {
    const made = world('owned by another role');
    expect(told(made)).toEqual([]);
    made.put(1, 'failovers/failover-1.json', failoverDocument({}, { point: 'another', ...rejected(made) }));
    expect(told(made)).toEqual([]);
    made.put(1, 'failovers/failover-1.json', failoverDocument({}, rejected(made)));
    expect(told(made)).toEqual([expect.stringContaining('owned by another role')]);
  });

  it('of a key that does not open is known in the same way', () => {
    const made = world();
    made.opens = false;
    expect(told(made)).toEqual([]);
    made.put(1, 'drills/drill-1.json', drillDocument({ state: 'failed' }, rejected(made)));
    expect(told(made)).toEqual([expect.stringContaining('does not open')]);
  });
});

describe('a point becomes protected', () => {
  it('wrongly without its copy, or without an object that it listed', () => {
    const whole = protectedWorld(new Made(i1));
    expect(whole.put(1, `points/${ID}.json`, pointDocument())).toEqual([]);
    const made = new Made(i1);
    made.begin(1, 'advance');
    made.put(1, `inventory/${ID}.artifacts.ndjson.gz`, packedList([KEY]));
    made.snapshot(1, 'primary', ID, dataOf({ [KEY]: 'a' }));
    const found = made.put(1, `points/${ID}.json`, pointDocument());
    expect(found.map(({ so }) => so)).toEqual([
      expect.stringContaining('its copy in DR is not there'),
      expect.stringContaining('is missing in the replica'),
    ]);
  });
});
