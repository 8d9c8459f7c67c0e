import { describe, expect, it } from 'vitest';
import type { RunOf } from '../../../src/core/recovery/run.ts';
import type { Actor, Writable } from '../truth.ts';
import { i5 } from './i5.ts';
import { Made } from './made.ts';
import { directionDocument, failoverDocument, findingOf, statusDocument } from './made-documents.ts';

const closed: Writable = { database: false, bucket: false };
const open: Writable = { database: true, bucket: true };
const so = (found: { so: string }[]): string[] => found.map((each) => each.so);

function change(made: Made, by: Actor, now: Writable): string[] {
  const before = made.sites.primary;
  made.sites.primary = now;
  return so(made.see({ what: 'writable', by, site: 'primary', now, before }));
}

/** A failover is asked for and works; `accept` says what the operator and the record say. */
function inHand(more: Partial<RunOf<'failover'>> = {}, acceptUnfenced = false): Made {
  const made = new Made(i5);
  made.put('world', 'direction.json', directionDocument());
  made.begin(1, 'failover-start', { request: { acceptUnfenced } });
  made.put(1, 'failovers/failover-1.json', failoverDocument({ state: 'cutting-over', ...more }));
  made.end(1);
  made.minutes(1);
  made.begin(2, 'advance');
  return made;
}
const turned = directionDocument({ direction: 'none', epoch: 2, failover: 'failover-1' });
const turn = (made: Made): string[] => so(made.put(2, 'direction.json', turned));

describe('I5: the direction turns', () => {
  it('while the primary is closed', () => {
    const made = inHand();
    change(made, 2, closed);
    expect(turn(made)).toEqual([]);
  });

  it('not while a half of it is open, unless the operator says so by name', () => {
    expect(turn(inHand())).toEqual([expect.stringContaining('nobody accepted that')]);
    const half = inHand();
    change(half, 2, { database: false, bucket: true });
    expect(turn(half)).toEqual([expect.stringContaining('the bucket of the primary')]);
    expect(turn(inHand({ acceptUnfenced: true }))).toEqual([expect.stringContaining('no operator did')]);
    expect(turn(inHand({ acceptUnfenced: true }, true))).toEqual([]);
  });

  it('although a hand opened the primary behind its back', () => {
    const made = inHand();
    change(made, 2, closed);
    change(made, 'world', open);
    expect(turn(made)).toEqual([]);
    const before = inHand();
    change(before, 'world', closed);
    change(before, 'world', open);
    before.minutes(1);
    before.begin(2, 'advance');
    expect(turn(before)).toEqual([expect.stringContaining('nobody accepted that')]);
  });

  it('also where there was no document of it before', () => {
    const made = new Made(i5);
    made.begin(1, 'failover-start');
    made.put(1, 'failovers/failover-1.json', failoverDocument({ state: 'cutting-over' }));
    made.begin(2, 'advance');
    expect(turn(made)).toEqual([expect.stringContaining('nobody accepted that')]);
    const closedByAborted = new Made(i5);
    closedByAborted.begin(2, 'advance');
    change(closedByAborted, 2, closed);
    expect(so(closedByAborted.rest())).toEqual([expect.stringContaining('nobody is in hand')]);
  });

  it('not by what is over, nor backwards in epochs', () => {
    const made = inHand({ state: 'aborted' });
    change(made, 2, closed);
    expect(turn(made)).toEqual(['failovers/failover-1.json is aborted']);
    const same = inHand();
    change(same, 2, closed);
    expect(so(same.put(2, 'direction.json', { ...turned, epoch: 1 }))).toEqual(['the epoch is 1 as before']);
    expect(so(same.put(2, 'direction.json', { ...turned, epoch: 0 }))).toEqual(['it was 1 before']);
  });

  it('not again without being asked again', () => {
    const made = inHand();
    change(made, 2, closed);
    turn(made);
    made.minutes(5);
    made.begin(3, 'failback-start');
    expect(so(made.put(3, 'direction.json', directionDocument({ epoch: 3 })))).toEqual([]);
    made.minutes(5);
    made.begin(4, 'advance');
    expect(so(made.put(4, 'direction.json', { ...turned, epoch: 4 }))).toEqual([
      'nobody asked for that since it last turned',
      'failovers/failover-1.json was started before the direction last turned',
    ]);
  });
});

describe('I5: what was asked for before the direction turned', () => {
  const home = directionDocument({ epoch: 3 });
  const away = { ...home, direction: 'dr→primary', epoch: 3, failover: 'failover-1' };
  /** A failback turns the direction to `away` while another one, which began before, goes on. */
  function overlapping(): Made {
    const made = inHand();
    change(made, 2, closed);
    turn(made);
    made.begin(3, 'failback-start');
    made.begin(4, 'failback-start');
    expect(so(made.put(3, 'direction.json', away))).toEqual([]);
    return made;
  }

  it('counts as long as whoever asked for it is not answered', () => {
    expect(so(overlapping().put(4, 'direction.json', { ...home, epoch: 4 }))).toEqual([]);
    const homeAgain = overlapping();
    homeAgain.begin(5, 'failover-start');
    homeAgain.put(4, 'direction.json', { ...home, epoch: 4 });
    homeAgain.put(5, 'failovers/failover-2.json', failoverDocument({ state: 'cutting-over' }));
    homeAgain.end(5);
    homeAgain.minutes(1);
    homeAgain.begin(6, 'advance');
    const next = { ...turned, epoch: 5, failover: 'failover-2' };
    expect(so(homeAgain.put(6, 'direction.json', next))).toEqual([]);
  });

  it('counts for no one else, nor twice for the one that turned it', () => {
    const nobody = ['nobody asked for that since it last turned'];
    for (const by of [2, 3]) {
      expect(so(overlapping().put(by, 'direction.json', { ...home, epoch: 4 }))).toEqual(nobody);
    }
  });
});

describe('I5: the primary', () => {
  it('is not opened by the product while another site serves', () => {
    const made = inHand();
    change(made, 2, closed);
    expect(change(made, 2, open)).toEqual([]);
    change(made, 2, closed);
    turn(made);
    expect(change(made, 2, open)).toEqual([expect.stringContaining('the database and the bucket of the primary')]);
    change(made, 2, closed);
    expect(change(made, 'world', open)).toEqual([]);
  });

  it('lends its bucket to the other direction', () => {
    const made = inHand();
    change(made, 2, closed);
    turn(made);
    const fence = { wanted: true, database: {}, bucket: { handedOver: true } };
    made.put(2, 'failovers/failover-1.json', failoverDocument({ state: 'done', fence }));
    expect(change(made, 2, { database: false, bucket: true })).toEqual([]);
    expect(so(made.rest())).toEqual([]);
  });

  it('is closed at rest where another site serves', () => {
    const made = inHand({ acceptUnfenced: true }, true);
    turn(made);
    expect(so(made.rest())).toEqual([expect.stringContaining('while another site serves')]);
    change(made, 2, closed);
    expect(so(made.rest())).toEqual([]);
  });

  it('is open at rest where nobody is in hand', () => {
    const made = inHand({ state: 'aborted' });
    change(made, 2, closed);
    expect(so(made.rest())).toEqual([expect.stringContaining('nobody is in hand')]);
    made.put(2, 'failovers/failover-1.json', failoverDocument({ state: 'blocked' }));
    expect(so(made.rest())).toEqual([]);
  });

  it('that a hand closed is told of', () => {
    const made = inHand({ state: 'aborted' });
    change(made, 'world', closed);
    expect(so(made.rest())).toHaveLength(1);
    made.put(2, 'status.json', statusDocument({ findings: [findingOf('FENCE_STRAY' as never)] }));
    expect(so(made.rest())).toEqual([]);
  });
});
