import { describe, expect, it } from 'vitest';
import { pruneText, retentionText } from '../../src/cli/text/retention.ts';
import { retentionPlan } from '../../src/core/points/retention.ts';
import { planPrune, prune } from '../../src/jobs/points/prune.ts';
import { pointOf, quiet, retention } from '../setup/retention.ts';
import { agedWorld, retaining } from '../setup/retention-world.ts';

describe('the table of a retention', () => {
  it('says of each point whether it stays and why, and which line lets an edit go on', async () => {
    const { ports, ids } = await agedWorld([{ hours: 2 }, { hours: 1 }]);
    const plan = await planPrune(ports, retaining({ last: 1, confirmAbovePercent: 20 }));
    const text = retentionText(plan, plan.unconfirmed);
    expect(text).toContain(`${ids[1]}  protected        keep    the newest protected point; last 1`);
    expect(text).toContain(`${ids[0]}  protected        remove  no rule keeps it`);
    expect(text).toContain(`builder-dr prune --confirm ${plan.unconfirmed?.id}`);
  });

  it('says what stands in the way', () => {
    const at = new Date('2026-11-25T12:00:00Z');
    const facts = quiet([pointOf('2026-11-25T11:00:00Z', 'suspect')]);
    const text = retentionText(retentionPlan(facts, retention({ last: 1 }), at), undefined);
    expect(text).toContain('Nothing is removed: point 20261125t110000z is suspect.');
  });

  it('says what a prune did, and what it waits for', async () => {
    const { ports, ids } = await agedWorld([{ hours: 2 }, { hours: 1 }]);
    const snapshot = ports.database.held.get(`hbdr-${ids[0]}`);
    Object.assign(snapshot as object, { sharedWith: ['111122223333'] });
    const text = pruneText(await prune(ports, retaining({ last: 1 })));
    expect(text).toContain('1 points expired, 0 are gone but for the archive');
    expect(text).toContain(`The copy of ${ids[0]} waits until hbdr-${ids[0]} is no longer shared with 111122223333.`);
  });

  it('does not say that nothing was removed where a prune was stopped half-way', async () => {
    const { ports } = await agedWorld([{ hours: 3 }, { hours: 2 }, { hours: 1 }]);
    const { removeSnapshot } = ports.database;
    ports.database.removeSnapshot = async (site, snapshot) => {
      await removeSnapshot(site, snapshot);
      ports.database.dark = site === 'dr';
    };
    const text = pruneText(await prune(ports, retaining({ last: 1 })));
    expect(text).toContain('Nothing more is removed: the primary does not answer');
    expect(text).toContain('1 points expired');
  });
});
