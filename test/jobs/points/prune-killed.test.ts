import { describe, expect, it } from 'vitest';
import { lookName } from '../../../src/core/recovery/kinds.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { prune } from '../../../src/jobs/points/prune.ts';
import { archiveDocuments } from '../../../src/jobs/vault/archive.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { dyingPorts, Killed } from '../../setup/dying.ts';
import { agedWorld, archivedKeys, endedDrill, remains, retaining } from '../../setup/retention-world.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const last1 = retaining({ last: 2, primarySnapshots: 1 });

/** Points to expire, one to trim, drills to archive, over the turn of a year. */
async function everything() {
  const aYear = 24 * 365;
  const world = await agedWorld([{ hours: aYear }, { hours: 3 }, { hours: 2 }, { hours: 1, state: 'proven' }]);
  const { ports, ids } = world;
  for (let n = 0; n < 14; n += 1) {
    const run = endedDrill(`202511${String(10 + n)}t000000z`, n === 13 ? (ids[3] ?? '') : (ids[0] ?? ''));
    await ports.vault.put(vaultKeys.run('drills', run.id), encode(run), undefined);
    await ports.vault.put(vaultKeys.report(lookName(run), 'inspect-1'), '{}', undefined);
    await ports.vault.put(vaultKeys.packageInventory(lookName(run)), 'rows', undefined);
  }
  return world;
}

const untilRest = async (ports: MemoryPorts) => {
  for (let n = 0; n < 3; n += 1) await prune(ports, last1);
};

describe('a prune that dies at any call', () => {
  it.each(['before', 'after'] as const)('%s it happens is gone on with, and comes to the same', async (when) => {
    const { ports: whole } = await everything();
    await untilRest(whole);
    const wanted = remains(whole);
    expect(wanted.archived).toHaveLength(2 + 2 * 2);
    expect(wanted.primary).toHaveLength(1);
    let n = 1;
    for (let died = true; died; n += 1) {
      const { ports } = await everything();
      const work = prune(dyingPorts(ports, n, when) as MemoryPorts, last1);
      died = await work.then(
        () => false,
        (error: unknown) => {
          if (error instanceof Killed) return true;
          throw error;
        },
      );
      await untilRest(ports);
      expect([n, remains(ports)]).toEqual([n, wanted]);
    }
    expect(n).toBeGreaterThan(60);
  });

  it('and two at once come to the same', async () => {
    const { ports: whole } = await everything();
    await untilRest(whole);
    const { ports } = await everything();
    await Promise.all([prune(ports, last1), prune(ports, last1)]);
    await untilRest(ports);
    expect(remains(ports)).toEqual(remains(whole));
  });
});

describe('the archive', () => {
  const line = (n: number) => ({ key: `points/${n}.json`, archivedAt: '2026-11-25T12:00:00Z', document: { n } });

  it('gets each document once, however many write at once', async () => {
    const { ports } = await agedWorld([]);
    const all = [...Array(6).keys()];
    await Promise.all(all.map((n) => archiveDocuments(ports.vault, '2026', all.slice(0, n + 1).map(line))));
    expect(archivedKeys(ports).toSorted()).toEqual(all.map((n) => `points/${n}.json`));
  });

  it('is not added to when it cannot be read: the document stays where it is', async () => {
    const { ports } = await everything();
    await ports.vault.put(vaultKeys.archive('2025'), 'no gzip', undefined);
    await expect(prune(ports, last1)).rejects.toMatchObject({
      code: 'VAULT_UNREADABLE',
      subject: 'archive/2025.ndjson.gz',
    });
    expect(ports.vault.documents.get(vaultKeys.archive('2025'))?.body.toString()).toBe('no gzip');
  });
});
