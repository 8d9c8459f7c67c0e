import { describe, expect, it } from 'vitest';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { readDeletions, writeMarks } from '../../../src/jobs/artifacts/deletion-marks.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { removeWithheld } from '../../../src/jobs/artifacts/remove-withheld.ts';
import { type ArtifactWorld, anHour, artifactWorld, judged, newHart } from '../../setup/artifact-world.ts';
import { testPolicy } from '../../setup/policy.ts';

const [GONE, KEPT, NEW] = ['core/a.hart', 'core/b.hart', 'core/c.hart'];

/** A site without points, where one artifact was deleted at the primary: nothing but its mark keeps it. */
async function withMark() {
  const world = await artifactWorld({ versions: true });
  for (const key of [GONE, KEPT]) world.ports.primaryArtifacts.plant(key, await newHart());
  await anHour(world);
  await anHour(world);
  world.ports.primaryArtifacts.lose(GONE);
  await anHour(world);
  return world;
}

const named = async (world: ArtifactWorld) =>
  (await judged(world)).status.findings.filter(({ code }) => code === 'VAULT_UNREADABLE').map(({ subject }) => subject);

const fileOf = (world: ArtifactWorld) =>
  [...world.ports.vault.documents.keys()].filter((key) => key.startsWith(vaultKeys.deletionFiles)).at(-1) ?? '';

describe('what was marked as deleted, and cannot be read', () => {
  it.each([
    ['the document', () => vaultKeys.deletions, Buffer.from('{"schema"')],
    ['the file', fileOf, Buffer.from('no gzip')],
    ['the file, which is gone', fileOf, undefined],
  ])(
    '%s: nothing is marked or removed, the buckets are compared all the same, until it is restored',
    async (_n, of, body) => {
      const world = await withMark();
      const { ports } = world;
      const { documents } = ports.vault;
      const key = of(world);
      const was = documents.get(key);
      if (!was) throw new Error(`no ${key}`);
      if (body) documents.set(key, { ...was, body, etag: '"broken"' });
      else documents.delete(key);
      ports.primaryArtifacts.plant(NEW, await newHart());
      expect(await anHour(world)).toBe(1);
      expect(await ports.replica.head(NEW)).toBeDefined();
      expect(documents.get(key)?.body).toEqual(body);
      expect(documents.get(vaultKeys.deletions)?.body.toString()).toContain(
        key === vaultKeys.deletions ? String(body) : key,
      );
      expect(await named(world)).toEqual([key]);
      const removed = await removeWithheld(ports, testPolicy).catch((error: unknown) => error);
      expect(removed).toMatchObject(
        key === vaultKeys.deletions
          ? { code: 'VAULT_UNREADABLE', subject: key }
          : { hidden: 0, waits: expect.stringContaining(key) },
      );
      expect(await ports.replica.head(GONE)).toBeDefined();
      documents.set(key, was);
      await reconcile(ports, testPolicy);
      expect(await named(world)).toEqual([]);
      expect((await removeWithheld(ports, testPolicy)).hidden).toBe(1);
    },
  );

  it('is not written as its readers would not take it', async () => {
    const { ports } = await withMark();
    const read = await readDeletions(ports.vault);
    const before = ports.vault.documents.get(vaultKeys.deletions)?.body;
    async function* none() {}
    const facts = () => ({ listedAt: 'yesterday', replica: 1 });
    await expect(writeMarks(ports, testPolicy, read, none(), facts)).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
    });
    expect(ports.vault.documents.get(vaultKeys.deletions)?.body).toEqual(before);
  });
});
