import { describe, expect, it } from 'vitest';
import type { PruneRecord } from '../../../src/core/points/prune-record.ts';
import { assessReadiness } from '../../../src/core/readiness/assess.ts';
import { healthy, now } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';
import { retention } from '../../setup/retention.ts';

const policy = { ...testPolicy, retention: retention({ last: 1 }) };
const pruned: PruneRecord = { schema: 'prune/1', at: now.toISOString(), stopped: [], waits: [] };
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString();
const wait = (days: number) => ({
  point: 'a',
  part: 'copy' as const,
  code: 'SHARED',
  until: 'hbdr-a is no longer shared with 111122223333',
  since: daysAgo(days),
});
const unconfirmed = {
  id: 'x',
  points: 9,
  ofPoints: 10,
  primarySnapshots: 8,
  ofPrimarySnapshots: 10,
  since: daysAgo(0),
};
const found = (change: Partial<PruneRecord>, by = policy) =>
  assessReadiness({ ...healthy, pruned: { ...pruned, ...change } }, by, now).findings.filter((each) =>
    ['CLOCK_WRONG', 'RETENTION_UNCONFIRMED', 'PRUNE_WAITS'].includes(each.code),
  );

describe('what readiness says of the retention', () => {
  it.each([
    ['a clock that is wrong', { stopped: [{ code: 'clock', text: 'it says 1970' }] }, 'CLOCK_WRONG', 'it says 1970'],
    ['an edit that waits', { unconfirmed }, 'RETENTION_UNCONFIRMED', '9 of 10 points'],
    ['a part that waits for days', { waits: [wait(2)] }, 'PRUNE_WAITS', '1 parts'],
  ])('is %s, as a warning', (_what, change, code, words) => {
    expect(found(change)).toEqual([
      expect.objectContaining({ code, severity: 'warning', text: expect.stringContaining(words) }),
    ]);
  });

  it('names what is waited for', () => {
    expect(found({ waits: [wait(2)] })[0]?.samples).toEqual([
      'copy of a: until hbdr-a is no longer shared with 111122223333',
    ]);
  });

  it('is nothing of a wait of an hour, of what else stops a prune, and without a retention', () => {
    expect(found({ waits: [wait(0.1)], stopped: [{ code: 'suspect', text: 'x' }] })).toEqual([]);
    expect(found({ unconfirmed, waits: [wait(9)] }, { ...policy, retention: undefined } as never)).toEqual([]);
  });
});
