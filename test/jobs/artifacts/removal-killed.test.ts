import { describe, expect, it } from 'vitest';
import { readDeletions } from '../../../src/jobs/artifacts/deletion-marks.ts';
import { packed } from '../../../src/jobs/artifacts/inventory.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { removeWithheld } from '../../../src/jobs/artifacts/remove-withheld.ts';
import { DeletionHistory, historyKeys } from '../../setup/deletion-history.ts';
import { dyingPorts } from '../../setup/dying.ts';
import { testPolicy } from '../../setup/policy.ts';

const [first = '', second = ''] = historyKeys;

/** One artifact is gone and free, the other gone and listed by a point. */
async function oneIsFree(): Promise<DeletionHistory> {
  const history = await DeletionHistory.begun();
  const step = (does: 'whole point' | 'reconcile') => history.step({ does, key: 0, pick: 0, minutes: 30 });
  history.delete(first);
  await step('reconcile');
  await step('whole point');
  await step('reconcile');
  history.delete(second);
  await step('reconcile');
  history.clock.passMinutes(30);
  return history;
}

async function outcome({ ports }: DeletionHistory) {
  const versions = (key: string) => ports.replica.versions.of(key).map(({ released }) => released);
  const { withheld, hidden } = (await readDeletions(ports.vault))?.value ?? {};
  const files = (await ports.vault.list('deletions')).length;
  return {
    served: [await ports.replica.head(first), await ports.replica.head(second)].map(Boolean),
    versions: [versions(first), versions(second)],
    withheld,
    hidden,
    files,
  };
}

async function afterwards(history: DeletionHistory) {
  for (let n = 0; n < 3; n += 1) {
    history.clock.passMinutes(60);
    await history.reconcile();
    await history.remove();
  }
  // What a killed run left is removed a day later.
  history.clock.passMinutes(25 * 60);
  await history.reconcile();
  return outcome(history);
}

const done = { served: [false, true], versions: [[true], [false]], withheld: 1, hidden: 0, files: 2 };

describe('killed before or after any call, and run again, it comes to the same', () => {
  it.each(['before', 'after'] as const)('a removal, %s', async (when) => {
    for (const runs of [1, 2]) {
      for (let n = 1; ; n += 1) {
        const history = await oneIsFree();
        for (let run = 1; run < runs; run += 1) await history.remove();
        const dying = dyingPorts(history.ports, n, when);
        const killed = await removeWithheld(dying, testPolicy).then(
          () => false,
          () => true,
        );
        expect(await history.lost()).toEqual([]);
        expect(await afterwards(history), `run ${runs}, ${when} call ${n}`).toEqual(done);
        if (!killed && dying.calls() < n) break;
      }
    }
  });

  it.each(['before', 'after'] as const)('a comparison that marks, %s', async (when) => {
    for (let n = 1; ; n += 1) {
      const history = await oneIsFree();
      const note = { key: 'core/never.hart', at: history.clock.read().toISOString(), there: false };
      await history.ports.vault.put('deletions/log/n.ndjson', `${JSON.stringify(note)}\n`, undefined);
      const dying = dyingPorts(history.ports, n, when);
      const killed = await reconcile(dying, testPolicy).then(
        () => false,
        () => true,
      );
      expect(await afterwards(history), `${when} call ${n}`).toEqual(done);
      if (!killed) break;
    }
  });
});

describe('while a removal is under way', () => {
  it('two of them at once come to the same', async () => {
    const history = await oneIsFree();
    await Promise.all([history.remove(), history.remove(), history.reconcile()]);
    expect(await afterwards(history)).toEqual(done);
  });

  it('what is uploaded before the delete marker is put stays, and what is uploaded right after it is copied anew', async () => {
    for (const looks of [1, 2]) {
      const history = await oneIsFree();
      const { primaryArtifacts } = history.ports;
      const { head } = primaryArtifacts;
      let asked = 0;
      primaryArtifacts.head = async (key) => {
        asked += 1;
        if (key === first && asked === looks) await history.step({ does: 'upload', key: 0, pick: 0, minutes: 0 });
        return head(key);
      };
      await history.remove();
      primaryArtifacts.head = head;
      await history.step({ does: 'drain', key: 0, pick: 0, minutes: 1 });
      expect((await history.ports.replica.head(first))?.key).toBe(first);
      await history.reconcile();
      await history.remove();
      expect(history.ports.replica.versions.of(first).some(({ released }) => released)).toBe(false);
    }
  });

  it('a point that lists it after all brings it back', async () => {
    const history = await oneIsFree();
    await history.remove();
    expect(await history.ports.replica.head(first)).toBeUndefined();
    await history.ports.vault.putStream(
      'inventory/late',
      packed(
        (async function* () {
          yield `${JSON.stringify({ key: first, size: 1, etag: '"x"', lastModified: '2026-11-22T14:00:00.000Z' })}\n`;
        })(),
      ),
    );
    const [point] = history.points;
    const late = {
      ...point?.document,
      id: '20261122t230000z',
      artifacts: { ...point?.document.artifacts, key: 'inventory/late', count: 1 },
    };
    await history.ports.vault.put('points/20261122t230000z.json', JSON.stringify(late), undefined);
    expect(await removeWithheld(history.ports, testPolicy)).toMatchObject({ broughtBack: 1, released: 0 });
    expect(await history.ports.replica.head(first)).toBeDefined();
  });

  it('news that it may have gone later, when a point was captured, brings it back', async () => {
    const history = await oneIsFree();
    await history.remove();
    const [point] = history.points;
    const at = point && 'dataAt' in point.document.database ? point.document.database.dataAt : '';
    const note = `${JSON.stringify({ key: first, at, there: false })}\n`;
    await history.ports.vault.put('deletions/log/n.ndjson', note, undefined);
    await history.reconcile();
    expect(await removeWithheld(history.ports, testPolicy)).toMatchObject({ broughtBack: 1, released: 0 });
    expect(await history.ports.replica.head(first)).toBeDefined();
  });

  it('what an operator brought back by hand is not let go', async () => {
    const history = await oneIsFree();
    await history.remove();
    history.ports.replica.versions.undelete(first);
    expect(await history.ports.replica.head(first)).toBeDefined();
    await history.remove();
    expect(history.ports.replica.versions.of(first)).toMatchObject([{ released: false }]);
  });
});
