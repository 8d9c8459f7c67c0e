import { describe, expect, it } from 'vitest';
import { snapshotName } from '../../../src/core/ids.ts';
import { pruneSchema } from '../../../src/core/points/prune-record.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { DrError } from '../../../src/errors.ts';
import { holdPoint, releasePoint } from '../../../src/jobs/points/hold.ts';
import { planPrune, prune } from '../../../src/jobs/points/prune.ts';
import { readDocument } from '../../../src/jobs/vault/documents.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { testPolicy } from '../../setup/policy.ts';
import { agedWorld, archivedKeys, remains, retaining } from '../../setup/retention-world.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const last1 = retaining({ last: 1 });
const three = () => agedWorld([{ hours: 3 }, { hours: 2 }, { hours: 1, state: 'proven' }]);
const pointIds = async (ports: MemoryPorts) => (await readPoints(ports.vault)).points.map((each) => each.id);
const recordOf = async (ports: MemoryPorts) => (await readDocument(ports.vault, vaultKeys.prune, pruneSchema))?.value;

describe('a prune', () => {
  it('removes a point with all that belongs to it, and keeps its document in the archive', async () => {
    const { ports, ids } = await three();
    const [a = '', b = '', c = ''] = ids;
    const report = await prune(ports, last1);
    expect(report).toMatchObject({ expired: [a, b], removed: [a, b], waits: [], stopped: [] });
    expect(remains(ports)).toMatchObject({
      vault: ['archive/2026.ndjson.gz', `inventory/${c}.artifacts.ndjson.gz`, `points/${c}.json`, 'prune.json'],
      primary: [snapshotName(c)],
      dr: [snapshotName(c)],
      archived: [`points/${a}.json`, `points/${b}.json`],
    });
  });

  it('deletes the snapshot at the primary first, then the copy, and says that the point expired', async () => {
    const { ports, ids } = await three();
    await prune(ports, last1);
    expect(ports.database.removed.slice(0, 2)).toEqual([`primary hbdr-${ids[0]}`, `dr hbdr-${ids[0]}`]);
    expect(ports.signals.events.map(({ detail }) => detail['state'])).toEqual(['expired', 'expired']);
  });

  it('finds nothing to do the second time', async () => {
    const { ports } = await three();
    await prune(ports, last1);
    const before = remains(ports);
    expect(await prune(ports, last1)).toMatchObject({ expired: [], removed: [], trimmed: [], waits: [] });
    expect(remains(ports)).toEqual(before);
  });

  it('removes nothing without a section `retention`, and writes nothing', async () => {
    const { ports } = await three();
    const before = remains(ports);
    expect((await prune(ports, testPolicy)).stopped.map((each) => each.code)).toEqual(['no-policy']);
    expect(remains(ports)).toEqual(before);
  });

  it('is refused where protection flows elsewhere', async () => {
    const { ports } = await three();
    const elsewhere = { schema: 'direction/1', direction: 'none', epoch: 1, changedAt: '2026-11-25T00:00:00Z' };
    await ports.vault.put(vaultKeys.direction, JSON.stringify(elsewhere), undefined);
    await expect(prune(ports, last1)).rejects.toMatchObject({ code: 'WRONG_DIRECTION' });
    expect((await planPrune(ports, last1)).stopped.map((each) => each.code)).toEqual(['direction']);
    expect(ports.database.removed).toEqual([]);
  });

  it.each([
    [
      'the primary is dark',
      async (ports: MemoryPorts) => void Object.assign(ports.database, { dark: true }),
      'primary-silent',
    ],
    ['a run cannot be read', (ports: MemoryPorts) => ports.vault.put('drills/x.json', '{', undefined), 'unreadable'],
    ['a point cannot be read', (ports: MemoryPorts) => ports.vault.put('points/x.json', '{', undefined), 'unreadable'],
  ])('removes nothing while %s, and the record says so', async (_what, spoil, code) => {
    const { ports } = await three();
    await spoil(ports);
    expect((await prune(ports, last1)).stopped.map((each) => each.code)).toEqual([code]);
    expect(ports.database.removed).toEqual([]);
    expect((await recordOf(ports))?.stopped.map((each) => each.code)).toEqual([code]);
  });

  it.each(['1970-01-01T00:00:10Z', '2038-01-19T03:14:07Z', '2026-11-26T12:00:00Z'])(
    'removes nothing by a clock that says %s',
    async (at) => {
      const { ports } = await three();
      const wrong = { ...ports, clock: () => new Date(at) };
      expect((await prune(wrong, last1)).stopped.map((each) => each.code)).toEqual(['clock']);
      expect(ports.database.removed).toEqual([]);
    },
  );

  it('stops where the primary falls silent, and the next one goes on', async () => {
    const { ports, ids } = await three();
    const { removeSnapshot } = ports.database;
    ports.database.removeSnapshot = async (site, snapshot) => {
      await removeSnapshot(site, snapshot);
      ports.database.dark = true;
    };
    expect((await prune(ports, last1)).stopped.map((each) => each.code)).toEqual(['primary-silent']);
    ports.database.dark = false;
    ports.database.removeSnapshot = removeSnapshot;
    expect((await prune(ports, last1)).removed).toEqual([ids[0], ids[1]]);
  });
});

describe('a point that somebody needs', () => {
  it('is kept while it is held, and not after', async () => {
    const { ports, ids, clock } = await three();
    const [a = ''] = ids;
    await holdPoint(ports, a, 'an audit', new Date('2026-11-26T00:00:00Z'));
    expect((await prune(ports, last1)).removed).toEqual([ids[1]]);
    clock.passMinutes(13 * 60);
    await ports.vault.put('status.json', '{}', undefined);
    expect((await prune(ports, last1)).removed).toEqual([a]);
  });

  it('is kept until it is released', async () => {
    const { ports, ids } = await three();
    const [a = ''] = ids;
    await holdPoint(ports, a, 'an audit', new Date('2027-11-26T00:00:00Z'));
    await prune(ports, last1);
    expect(await pointIds(ports)).toContain(a);
    await releasePoint(ports, a);
    expect((await prune(ports, last1)).removed).toEqual([a]);
  });

  it('cannot be held once it has expired, nor until a time that is over', async () => {
    const { ports, ids } = await three();
    const [a = '', , c = ''] = ids;
    ports.database.refuse.remove = new DrError('ACCESS_DENIED', 'no rds:DeleteDBSnapshot');
    await prune(ports, last1);
    await expect(holdPoint(ports, a, 'x', new Date('2027-01-01'))).rejects.toMatchObject({ code: 'BAD_USAGE' });
    await expect(holdPoint(ports, c, 'x', new Date('2025-01-01'))).rejects.toMatchObject({ code: 'BAD_USAGE' });
  });
});

describe('what cannot be removed yet', () => {
  const removing = async (spoil: (ports: MemoryPorts, name: string) => void) => {
    const { ports, ids, clock } = await three();
    spoil(ports, snapshotName(ids[0] ?? ''));
    return { ports, ids, clock, report: await prune(ports, last1) };
  };
  const snapshot = (ports: MemoryPorts, name: string) => ports.database.snapshots.get(name) as object;

  it.each([
    ['has no tag of ours', 'SNAPSHOT_MISMATCH', { pointId: undefined }],
    ['has the tag of another point', 'SNAPSHOT_MISMATCH', { pointId: '20200101t000000z' }],
    ['is shared', 'SHARED', { sharedWith: ['111122223333'] }],
    ['is still being made', 'INVALID_STATE', { status: 'creating' }],
  ])('is a snapshot that %s: it stays, and is waited for', async (_what, code, change) => {
    const { ports, ids, report } = await removing((world, name) => Object.assign(snapshot(world, name), change));
    const name = snapshotName(ids[0] ?? '');
    expect(report.waits).toMatchObject([{ point: ids[0], part: 'primary snapshot', code }]);
    expect([...ports.database.snapshots.keys()]).toContain(name);
    expect(await pointIds(ports)).toContain(ids[0]);
    expect(archivedKeys(ports)).toEqual([`points/${ids[1]}.json`]);
  });

  it('is a snapshot that somebody copies: a delete would end that copy', async () => {
    const { ports, ids, report } = await removing((world, name) => {
      const source = world.database.snapshots.get(name)?.arn ?? '';
      const copy = { ...(world.database.held.get(name) as object), name: 'theirs', source, status: 'creating' };
      world.database.held.set('theirs', copy as never);
    });
    expect(report.waits).toMatchObject([{ code: 'COPYING', until: expect.stringContaining('theirs') }]);
    ports.database.finish('held');
    expect((await prune(ports, last1)).removed).toEqual([ids[0]]);
    expect(ports.database.held.get('theirs')?.status).toBe('available');
  });

  it('says since when it waits, once for each part, and forgets what is gone', async () => {
    const { ports, clock } = await removing((world, name) =>
      Object.assign(snapshot(world, name), { sharedWith: ['111122223333'] }),
    );
    clock.passMinutes(60);
    await prune(ports, last1);
    expect((await recordOf(ports))?.waits).toMatchObject([{ code: 'SHARED', since: '2026-11-25T12:00:00.000Z' }]);
    for (const each of ports.database.snapshots.values()) each.sharedWith = [];
    await prune(ports, last1);
    expect((await recordOf(ports))?.waits).toEqual([]);
  });

  it('is everything while the right is missing: one point has expired then, and no other one does', async () => {
    const { ports, ids } = await agedWorld([1, 2, 3, 4, 5].map((hours) => ({ hours })));
    ports.database.refuse.remove = new DrError('ACCESS_DENIED', 'no rds:DeleteDBSnapshot');
    for (let n = 0; n < 3; n += 1) await prune(ports, last1);
    const { points } = await readPoints(ports.vault);
    expect(points.filter((each) => each.state === 'expired').map((each) => each.id)).toEqual([ids[4]]);
    ports.database.refuse.remove = undefined;
    expect((await prune(ports, last1)).removed).toHaveLength(4);
  });
});

describe('snapshots at the primary', () => {
  const keepAll = retaining({ last: 9 });
  it('are kept of the newest two protected points, and the documents of the others say that theirs are gone', async () => {
    const { ports, ids, clock } = await agedWorld([4, 3, 2, 1].map((hours) => ({ hours })));
    expect(await prune(ports, keepAll)).toMatchObject({ expired: [], trimmed: [ids[0], ids[1]] });
    expect([...ports.database.snapshots.keys()]).toEqual([snapshotName(ids[2] ?? ''), snapshotName(ids[3] ?? '')]);
    expect(ports.database.held.size).toBe(4);
    const { points } = await readPoints(ports.vault);
    expect(points.map((each) => each.sourceRemovedAt)).toEqual([
      clock.now.toISOString(),
      clock.now.toISOString(),
      undefined,
      undefined,
    ]);
  });

  it.each([
    ['gone', (ports: MemoryPorts, name: string) => void ports.database.held.delete(name)],
    [
      'not ours',
      (ports: MemoryPorts, name: string) =>
        void Object.assign(ports.database.held.get(name) as object, { pointId: 'x' }),
    ],
    [
      'failed',
      (ports: MemoryPorts, name: string) =>
        void Object.assign(ports.database.held.get(name) as object, { status: 'failed' }),
    ],
  ])('are kept where the copy is %s', async (_what, spoil) => {
    const { ports, ids } = await agedWorld([3, 2, 1].map((hours) => ({ hours })));
    spoil(ports, snapshotName(ids[0] ?? ''));
    expect((await prune(ports, keepAll)).trimmed).toEqual([]);
    expect(ports.database.snapshots.size).toBe(3);
  });
});
