import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../../src/core/findings.ts';
import { i6 } from './i6.ts';
import { BEGIN, dataOf, Made } from './made.ts';
import {
  directionDocument,
  findingOf,
  ID,
  KEY,
  OTHER_KEY,
  pointDocument,
  pointId,
  statusDocument,
  toldWorld,
} from './made-documents.ts';

const HOUR_MS = 3_600_000;
const world = (): Made => toldWorld(new Made(i6));
/** What is missing in a status of now that has these findings. */
function told(made: Made, ...codes: FindingCode[]): string[] {
  made.begin(9, 'readiness');
  const findings = codes.map((code) => findingOf(code));
  return made.put(9, 'status.json', statusDocument({ findings }, made.now)).map(({ so }) => so);
}
/** The buckets are compared now, by a clock that may be off; or a part of that is not done. */
function compare(made: Made, skewMs = 0, ...without: ('primary' | 'replica' | 'its record')[]): void {
  made.begin(7, 'reconcile', { skewMs });
  for (const bucket of ['primary', 'replica'] as const) {
    if (!without.includes(bucket)) made.see({ what: 'listed', by: 7, bucket, since: made.now });
  }
  if (!without.includes('its record')) made.put(7, 'reconcile.json', {});
  made.end(7);
  made.minutes(1);
}
/** Another point of this hour, of data of its beginning. */
function capture(made: Made, hour: number, state: 'protected' | 'captured'): void {
  const at = BEGIN + hour * HOUR_MS;
  made.put(1, `points/${pointId(hour)}.json`, pointDocument({ id: pointId(hour), state }, at));
  made.snapshot(1, 'primary', pointId(hour), dataOf({ [KEY]: 'a' }), at);
}

describe('I6: becomes a finding', () => {
  it('nothing, where everything came in time', () => {
    expect(told(world())).toEqual([]);
  });

  it('a capture that was missed', () => {
    const made = world();
    made.minutes(60);
    expect(told(made)).toEqual([]);
    made.minutes(15);
    expect(told(made)).toEqual(['no point of the slot of 2026-11-22T15:00:00.000Z or of later']);
    expect(told(made, 'CAPTURE_MISSED')).toEqual([]);
    expect(told(made, 'PRIMARY_UNREACHABLE')).toEqual([]);
    capture(made, 1, 'protected');
    expect(told(made)).toEqual([]);
  });

  it('a capture that is missed by a slow clock later', () => {
    const made = world();
    made.minutes(75);
    made.begin(9, 'readiness', { skewMs: -30 * 60_000 });
    expect(made.put(9, 'status.json', statusDocument({}, made.now))).toEqual([]);
  });

  it('a copy that never comes', () => {
    const made = world();
    capture(made, 1, 'captured');
    made.minutes(240);
    compare(made);
    const others = ['CAPTURE_MISSED'] as const;
    made.policy.rpoTargetMinutes = 600;
    expect(told(made, ...others)).toEqual([]);
    made.minutes(20);
    expect(told(made, ...others)).toEqual([expect.stringContaining(`point ${pointId(1)} waits for`)]);
    expect(told(made, ...others, 'COPY_STUCK')).toEqual([]);
    capture(made, 2, 'protected');
    expect(told(made, ...others)).toEqual([]);
  });

  it('an artifact that was there long before the last comparison', () => {
    const made = world();
    made.object('world', 'primary', OTHER_KEY, 'z');
    made.minutes(20);
    compare(made);
    expect(told(made)).toEqual([]);
    made.minutes(12);
    compare(made);
    // Until so long after the first comparison the replica is filled.
    expect(told(made)).toEqual([]);
    made.minutes(16);
    compare(made);
    expect(told(made)).toEqual([expect.stringContaining('never was in the replica')]);
    expect(told(made, 'REPLICATION_LAGGING')).toEqual([]);
    made.object(1, 'replica', OTHER_KEY, 'z');
    expect(told(made)).toEqual([]);
  });

  it('a comparison that is too old', () => {
    const made = world();
    made.minutes(190);
    capture(made, 3, 'protected');
    expect(told(made, 'RPO_EXCEEDED')).toEqual([expect.stringContaining('last compared')]);
    compare(made);
    expect(told(made, 'RPO_EXCEEDED')).toEqual([]);
  });

  it.each(['primary', 'replica', 'its record'] as const)(
    'a comparison that is too old: one without %s was none',
    (without) => {
      const made = world();
      made.minutes(190);
      capture(made, 3, 'protected');
      compare(made, 0, without);
      expect(told(made, 'RPO_EXCEEDED')).toEqual([expect.stringContaining('last compared')]);
    },
  );

  it('buckets that were compared too long ago, unless the clocks of who compared and of who looks hide it', () => {
    const made = world();
    compare(made, 11 * HOUR_MS);
    made.minutes(240);
    capture(made, 4, 'protected');
    const told = (skewMs: number) => {
      made.begin(9, 'readiness', { skewMs });
      return made.put(9, 'status.json', statusDocument({}, made.now)).filter(({ so }) => so.includes('last compared'));
    };
    expect(told(9 * HOUR_MS)).toEqual([]);
    expect(told(10.5 * HOUR_MS)).toHaveLength(1);
    expect(told(0)).toHaveLength(1);
  });

  it('data that are too old', () => {
    const made = world();
    made.minutes(118);
    compare(made);
    const others = ['CAPTURE_MISSED'] as const;
    expect(told(made, ...others)).toEqual([expect.stringContaining(`the data of point ${ID}`)]);
    expect(told(made, ...others, 'RPO_EXCEEDED')).toEqual([]);
  });

  it('a document that nobody can read, by its key', () => {
    const made = world();
    made.put('world', 'drills/x.json', Buffer.from('garbage'));
    expect(told(made)).toEqual([]);
    made.minutes(1);
    expect(told(made, 'VAULT_UNREADABLE')).toEqual(['drills/x.json cannot be read, and no finding names it']);
    const findings = [findingOf('VAULT_UNREADABLE', 'drills/x.json')];
    expect(made.put(9, 'status.json', statusDocument({ findings }, made.now))).toEqual([]);
  });

  it('nothing of all that while another site serves', () => {
    const made = world();
    made.put('world', 'direction.json', directionDocument({ direction: 'none', failover: 'failover-1' }));
    made.minutes(600);
    expect(told(made)).toEqual([]);
  });
});
