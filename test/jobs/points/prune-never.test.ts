import { describe, expect, it } from 'vitest';
import { snapshotName } from '../../../src/core/ids.ts';
import type { Point } from '../../../src/core/points/documents.ts';
import { candidatesFor } from '../../../src/core/recovery/lifecycle.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { prune } from '../../../src/jobs/points/prune.ts';
import { readAvailableCopies } from '../../../src/jobs/recovery/candidates.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { pointOf } from '../../setup/retention.ts';
import { agedWorld, plantPoint, retaining } from '../../setup/retention-world.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const last1 = retaining({ last: 1 });

/** What a failover started now could take, the best first. */
const restorable = async (ports: MemoryPorts) =>
  candidatesFor('latest', (await readPoints(ports.vault)).points, await readAvailableCopies(ports)).map(({ id }) => id);

describe('no prune removes the last point that a failover could take', () => {
  const lose = (ports: MemoryPorts, id = '') => ports.database.held.delete(snapshotName(id));

  it('where the copy of the newest protected one was deleted by hand', async () => {
    const { ports, ids } = await agedWorld([{ hours: 3 }, { hours: 2 }, { hours: 1 }]);
    lose(ports, ids[2]);
    await prune(ports, last1);
    expect(await restorable(ports)).toEqual([ids[1]]);
  });

  it('nor the last proven one, where the copy of a newer proven one is gone', async () => {
    const { ports, ids } = await agedWorld([
      { hours: 4, state: 'proven' },
      { hours: 3, state: 'proven' },
      { hours: 2 },
      { hours: 1 },
    ]);
    lose(ports, ids[1]);
    await prune(ports, last1);
    expect(await restorable(ports)).toEqual([ids[3], ids[0]]);
  });

  it('where the copy is lost while it is at work', async () => {
    const { ports, ids } = await agedWorld([{ hours: 3 }, { hours: 2 }, { hours: 1 }]);
    const { removeSnapshot } = ports.database;
    ports.database.removeSnapshot = async (site, snapshot) => {
      lose(ports, ids[2]);
      await removeSnapshot(site, snapshot);
    };
    await prune(ports, last1);
    expect(await restorable(ports)).toEqual([ids[1]]);
  });
});

describe('a point whose clock was wrong, a year ahead', () => {
  it('costs no point of now its place, and stays', async () => {
    const { ports, clock, ids } = await agedWorld([{ hours: 2, state: 'proven' }, { hours: 1 }]);
    const { database } = pointOf(clock.now.toISOString());
    const ahead = await plantPoint(ports, new Date(clock.now.getTime() + 365 * 86_400_000), { more: { database } });
    await prune(ports, last1);
    expect(await restorable(ports)).toEqual([ahead, ids[1], ids[0]]);
  });
});

describe('a snapshot of another stage of this account, of the same name and tag', () => {
  const id = '20261121t120000z';
  const taken = { code: 'SNAPSHOT_MISMATCH', message: 'not of this source', since: '2026-11-21T12:00:00Z' };
  const failedBy = async (database: Point['database']) => {
    const { ports, clock } = await agedWorld([{ hours: 2, state: 'proven' }, { hours: 1 }]);
    await plantPoint(ports, new Date('2026-11-21T12:00:00Z'), {});
    const key = vaultKeys.point(id);
    const etag = ports.vault.documents.get(key)?.etag;
    const point = pointOf('2026-11-21T12:00:00Z', 'failed', { artifacts: { state: 'pending' } });
    await ports.vault.put(key, encode({ ...point, database }), etag);
    for (const held of [ports.database.snapshots, ports.database.held]) {
      Object.assign(held.get(snapshotName(id)) as object, { instance: 'staging' });
    }
    return { ports, clock };
  };

  it('stays at both sites when the point that failed for it goes', async () => {
    const { ports } = await failedBy({ state: 'capturing', waiting: taken });
    expect((await prune(ports, last1)).removed).toEqual([id]);
    expect(ports.database.removed).not.toContain(`dr hbdr-${id}`);
    expect(ports.database.removed).not.toContain(`primary hbdr-${id}`);
  });

  it('but what RDS has taken of this very instance goes, though its answer was lost', async () => {
    const { ports } = await failedBy({ state: 'capturing', waiting: taken });
    Object.assign(ports.database.snapshots.get(snapshotName(id)) as object, { instance: 'builder' });
    expect((await prune(ports, last1)).removed).toEqual([id]);
    expect(ports.database.removed.slice(0, 1)).toEqual([`primary hbdr-${id}`]);
  });
});
