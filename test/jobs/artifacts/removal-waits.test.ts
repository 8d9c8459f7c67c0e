import { describe, expect, it } from 'vitest';
import { DrError } from '../../../src/errors.ts';
import { acceptMassDeletion } from '../../../src/jobs/artifacts/accept-deletions.ts';
import { readDeletions } from '../../../src/jobs/artifacts/deletion-marks.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { removeWithheld } from '../../../src/jobs/artifacts/remove-withheld.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { DeletionHistory, historyKeys } from '../../setup/deletion-history.ts';
import { drain, newWorld } from '../../setup/memory-cycle.ts';
import { protectedPoint } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const keysOf = async ({ replica }: MemoryPorts) => {
  const keys: string[] = [];
  for await (const page of replica.pages()) keys.push(...page.map(({ key }) => key));
  return keys;
};
const remove = (ports: MemoryPorts) => removeWithheld(ports, testPolicy);

/** Buckets that are alike, with so many artifacts, compared twice. */
async function depot(artifacts: number) {
  const world = newWorld(artifacts);
  world.ports.replica.keepVersions();
  for (let n = 0; n < 2; n += 1) {
    await reconcile(world.ports, testPolicy);
    await drain(world.ports);
    world.clock.passMinutes(60);
  }
  const lose = async (count: number) => {
    for (const key of (await keysOf(world.ports)).slice(0, count)) world.ports.primaryArtifacts.lose(key);
    await reconcile(world.ports, testPolicy);
    world.clock.passMinutes(60);
  };
  return { ...world, lose };
}

describe('a mass deletion', () => {
  it.each([
    ['half', 150],
    ['all', 300],
  ])(
    'of %s of the bucket removes nothing, and NOT_READY says what to do, until it is accepted by name',
    async (_what, count) => {
      const { ports, lose, clock } = await depot(300);
      await lose(count);
      for (let n = 0; n < 3; n += 1) await remove(ports);
      expect(await keysOf(ports)).toHaveLength(300);
      const { status, findings } = await readiness(ports, testPolicy);
      const found = findings.find(({ code }) => code === 'INVENTORY_SHRANK');
      expect([status, found?.count]).toEqual(['NOT_READY', count]);
      expect(found?.text).toContain(`${count} of the replica's 300 artifacts`);
      expect(found?.next).toEqual(['points', 'accept', found?.subject]);
      expect((await remove(ports)).waits).toContain(`\`builder-dr points accept ${found?.subject}\``);
      await acceptMassDeletion(ports, found?.subject ?? '');
      expect((await readiness(ports, testPolicy)).findings.map(({ code }) => code)).not.toContain('INVENTORY_SHRANK');
      clock.passMinutes(60);
      await reconcile(ports, testPolicy);
      expect((await remove(ports)).hidden).toBe(count);
      expect(await keysOf(ports)).toHaveLength(300 - count);
    },
  );

  it('in small steps within a day is one, too', async () => {
    const { ports, lose } = await depot(300);
    for (let n = 1; n <= 4; n += 1) await lose(30 * n);
    const [mass] = (await readDeletions(ports.vault))?.value.mass ?? [];
    expect(mass?.count).toBe(120);
    expect((await remove(ports)).hidden).toBe(0);
    await lose(180);
    expect((await readDeletions(ports.vault))?.value.mass).toMatchObject([{ id: mass?.id, count: 180 }]);
  });

  it('is over when the artifacts come back', async () => {
    const { ports, lose } = await depot(300);
    await lose(150);
    for (let n = 0; n < 300; n += 1) ports.primaryArtifacts.plant(`core/p${n}.hart`, Buffer.from(`package ${n}`));
    await reconcile(ports, testPolicy);
    expect((await readDeletions(ports.vault))?.value).toMatchObject({ mass: [], withheld: 0 });
  });

  it('is none in a depot of few artifacts, nor when it takes weeks', async () => {
    const few = await depot(40);
    await few.lose(40);
    expect((await remove(few.ports)).hidden).toBe(40);
    const slow = await depot(300);
    for (let n = 1; n <= 4; n += 1) {
      await slow.lose(70 * n);
      slow.clock.passMinutes(2 * 24 * 60);
    }
    expect((await readDeletions(slow.ports.vault))?.value.mass).toEqual([]);
  });

  it('of what was withheld for long and becomes free at once waits as well', async () => {
    const { ports, lose, clock } = await depot(300);
    for (let n = 1; n <= 4; n += 1) {
      await lose(50 * n);
      clock.passMinutes(2 * 24 * 60);
    }
    expect((await remove(ports)).waits).toContain('200 deletions wait');
    expect(await keysOf(ports)).toHaveLength(300);
    const [mass] = (await readDeletions(ports.vault))?.value.mass ?? [];
    expect(mass).toMatchObject({ why: 'removed', count: 200, of: 300 });
    await acceptMassDeletion(ports, mass?.id ?? '');
    expect((await remove(ports)).hidden).toBe(200);
  });

  it('that nobody knows is refused by its name', async () => {
    const { ports } = await depot(3);
    await expect(acceptMassDeletion(ports, 'deletions-x')).rejects.toMatchObject({
      code: 'BAD_USAGE',
      subject: 'deletions-x',
    });
  });
});

describe('a removal waits, and says why', () => {
  const gone = async () => {
    const world = await depot(5);
    await world.lose(1);
    return world;
  };
  const expectWaiting = async (ports: MemoryPorts, why: string) => {
    expect((await remove(ports)).waits).toContain(why);
    expect(await keysOf(ports)).toHaveLength(5);
    expect((await readDeletions(ports.vault))?.value.blocked?.why).toContain(why);
  };
  const point = protectedPoint('20261122t100000z', '2026-11-22T10:00:00.000Z');

  it('while the list of a point cannot be read, which is critical; it goes on when that point is gone', async () => {
    const { ports } = await gone();
    await ports.vault.put(`points/${point.id}.json`, encode(point), undefined);
    await expectWaiting(ports, `a list of point ${point.id} cannot be read`);
    const found = (await readiness(ports, testPolicy)).findings.filter(({ code }) => code === 'VAULT_UNREADABLE');
    expect(found.map(({ subject }) => subject)).toEqual(['k']);
    await ports.vault.remove(`points/${point.id}.json`);
    expect(await remove(ports)).toMatchObject({ hidden: 1, waits: undefined });
    expect((await readDeletions(ports.vault))?.value.blocked).toBeUndefined();
  });

  it('while a point expires under it, which is no news', async () => {
    const { ports } = await gone();
    const key = `points/${point.id}.json`;
    await ports.vault.put(key, encode(point), undefined);
    const { openStream } = ports.vault;
    ports.vault.openStream = async (name) => {
      if (name === 'k') await ports.vault.remove(key);
      return openStream(name);
    };
    await expectWaiting(ports, 'a point expired meanwhile');
    expect((await readiness(ports, testPolicy)).findings.map(({ code }) => code)).not.toContain('VAULT_UNREADABLE');
    expect((await remove(ports)).hidden).toBe(1);
  });

  it('while the list of a point is shorter than it was', async () => {
    const history = await DeletionHistory.begun();
    await history.step({ does: 'whole point', key: 0, pick: 0, minutes: 1 });
    const { ports } = history;
    history.delete(historyKeys[0] ?? '');
    history.clock.passMinutes(60);
    await history.reconcile();
    const [document] = history.points.map((each) => each.document);
    const longer = { ...document, artifacts: { ...document?.artifacts, count: 3 } };
    await ports.vault.remove(`points/${document?.id}.json`);
    await ports.vault.put(`points/${document?.id}.json`, encode(longer), undefined);
    expect((await removeWithheld(ports, testPolicy)).waits).toBeUndefined();
    history.clock.passMinutes(60);
    await history.reconcile();
    await history.step({ does: 'upload', key: 1, pick: 0, minutes: 1 });
    history.delete(historyKeys[1] ?? '');
    history.clock.passMinutes(60);
    await history.reconcile();
    expect((await removeWithheld(ports, testPolicy)).waits).toContain('has 2 lines, and had 3');
  });

  it('while a point is suspect, a document cannot be read, or the bucket keeps no versions', async () => {
    const { ports } = await gone();
    await ports.vault.put(`points/${point.id}.json`, encode({ ...point, state: 'suspect' }), undefined);
    await expectWaiting(ports, `point ${point.id} is suspect`);
    await ports.vault.remove(`points/${point.id}.json`);
    await ports.vault.put('points/broken.json', '{', undefined);
    await expectWaiting(ports, 'points/broken.json cannot be read');
    await ports.vault.remove('points/broken.json');
    ports.replica.keepVersions(false);
    await expectWaiting(ports, 'not versioned');
  });

  it('while the primary is dark', async () => {
    const { ports } = await gone();
    const { head } = ports.primaryArtifacts;
    ports.primaryArtifacts.head = async () => {
      throw new DrError('SITE_UNREACHABLE', 'no answer', { site: 'primary' });
    };
    await expectWaiting(ports, 'the primary does not answer: no answer');
    ports.primaryArtifacts.head = head;
    expect((await remove(ports)).hidden).toBe(1);
  });

  it('when protection flows elsewhere', async () => {
    const { ports } = await gone();
    const direction = { schema: 'direction/1', direction: 'none', epoch: 1, changedAt: '2026-11-22T10:00:00.000Z' };
    await ports.vault.put('direction.json', encode(direction), undefined);
    await expect(remove(ports)).rejects.toMatchObject({ code: 'WRONG_DIRECTION' });
  });
});
