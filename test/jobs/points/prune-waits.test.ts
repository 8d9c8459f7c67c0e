import { describe, expect, it } from 'vitest';
import { snapshotName } from '../../../src/core/ids.ts';
import { pruneSchema } from '../../../src/core/points/prune-record.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { prune } from '../../../src/jobs/points/prune.ts';
import { readDocument } from '../../../src/jobs/vault/documents.ts';
import { agedWorld, retaining } from '../../setup/retention-world.ts';

const last1 = retaining({ last: 1 });
const HOURS = 70;
const aged = () => agedWorld([...Array(HOURS).keys()].map((n) => ({ hours: HOURS - n })));

describe('points that wait, more of them than one prune removes', () => {
  it('do not keep the others from going, and are told since when they wait', async () => {
    const { ports, ids, clock } = await aged();
    const shared = ids.slice(0, 60);
    for (const id of shared) {
      Object.assign(ports.database.held.get(snapshotName(id)) as object, { sharedWith: ['111122223333'] });
    }
    const begun = clock.now.toISOString();
    const others = new Set(ids.slice(60, -1));
    for (let n = 0; n < 6; n += 1) {
      for (const id of (await prune(ports, last1)).removed) others.delete(id);
      clock.passMinutes(60);
    }
    expect([...others]).toEqual([]);
    const record = (await readDocument(ports.vault, vaultKeys.prune, pruneSchema))?.value;
    expect(record?.waits.some((each) => each.since === begun)).toBe(true);
  });

  it('do not keep the snapshots at the primary of other points from being trimmed', async () => {
    const { ports, ids } = await aged();
    for (const id of ids.slice(0, 60)) {
      Object.assign(ports.database.snapshots.get(snapshotName(id)) as object, { sharedWith: ['111122223333'] });
    }
    const keeping = retaining({ last: HOURS });
    for (let n = 0; n < 6; n += 1) await prune(ports, keeping);
    expect(ports.database.snapshots.size).toBe(60 + 2);
  });

  it('are told since when they wait, also after a prune that could remove nothing', async () => {
    const { ports, ids, clock } = await agedWorld([{ hours: 2 }, { hours: 1 }]);
    Object.assign(ports.database.held.get(snapshotName(ids[0] ?? '')) as object, { sharedWith: ['111122223333'] });
    const begun = clock.now.toISOString();
    await prune(ports, last1);
    for (const dark of [true, false]) {
      clock.passMinutes(60);
      ports.database.dark = dark;
      await prune(ports, last1);
    }
    const record = (await readDocument(ports.vault, vaultKeys.prune, pruneSchema))?.value;
    expect(record?.waits).toMatchObject([{ point: ids[0], code: 'SHARED', since: begun }]);
  });
});

describe('a prune to which AWS answers slowly', () => {
  /** What the function has. */
  const TIME_OUT_SECONDS = 300;

  it.each([
    ['points to remove', last1],
    ['snapshots at the primary to trim', retaining({ last: HOURS })],
  ])(
    'ends before its function does, with %s, has recorded what it did, and the next goes on',
    async (_what, policy) => {
      const { ports, clock } = await aged();
      const { removeSnapshot } = ports.database;
      ports.database.removeSnapshot = async (site, snapshot) => {
        clock.passMinutes(0.5);
        await removeSnapshot(site, snapshot);
      };
      const begun = clock.now.getTime();
      const { removed, trimmed, left } = await prune(ports, policy);
      expect(clock.now.getTime() - begun).toBeLessThan(TIME_OUT_SECONDS * 1000);
      expect(removed.length + trimmed.length).toBeGreaterThan(1);
      if (policy === last1) expect(removed.length + left).toBe(HOURS - 1);
      expect((await prune(ports, policy))[policy === last1 ? 'removed' : 'trimmed'].length).toBeGreaterThan(1);
    },
  );
});
