import { describe, expect, it } from 'vitest';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { removeWithheld } from '../../../src/jobs/artifacts/remove-withheld.ts';
import { replicateBatch } from '../../../src/jobs/artifacts/replicate-batch.ts';
import { logVerifications } from '../../../src/jobs/artifacts/verification-log.ts';
import {
  type ArtifactWorld,
  anHour,
  artifactWorld,
  handle,
  judged,
  newHart,
  protect,
} from '../../setup/artifact-world.ts';
import { testPolicy } from '../../setup/policy.ts';

const [KEY, OTHER] = ['core/a.hart', 'core/b.hart'];

async function protectedWorld(): Promise<ArtifactWorld> {
  const world = await artifactWorld({ versions: true });
  for (const key of [KEY, OTHER]) world.ports.primaryArtifacts.plant(key, await newHart());
  await handle(world.ports, KEY, OTHER);
  await protect(world);
  await anHour(world);
  return world;
}

/** Cuts what the only entry of a log holds; answers its key, and how to put it back. */
function cut({ ports }: ArtifactWorld, prefix: string, to: (body: string) => string) {
  const { documents } = ports.vault;
  const [key = '', ...others] = [...documents.keys()].filter((each) => each.startsWith(prefix));
  const was = documents.get(key);
  if (!was || others.length > 0) throw new Error(`not one entry of ${prefix}, but ${[key, ...others].join(' ')}`);
  documents.set(key, { ...was, body: Buffer.from(to(was.body.toString())), etag: '"cut"' });
  return { key, restore: () => documents.set(key, was), isThere: () => documents.has(key) };
}

const unreadable = async (world: ArtifactWorld) => {
  const { status } = await judged(world);
  const named = status.findings.filter(({ code }) => code === 'VAULT_UNREADABLE').map(({ subject }) => subject);
  return { recoverable: status.recoverable, named };
};

const ways: [string, (body: string) => string][] = [
  ['nothing', () => ''],
  ['half a line', (body) => body.slice(0, 40)],
  ['all but its last newline', (body) => body.slice(0, -1)],
];

describe('a log of what was verified that is not what was written', () => {
  it.each(ways)(
    'makes the site not recoverable where it told of wrong bytes, until it can be read again: %s',
    async (_n, to) => {
      const world = await protectedWorld();
      const { ports } = world;
      // Bytes rot in the replica, which only a reading tells; the primary has lost them.
      ports.primaryArtifacts.lose(KEY);
      const held = await ports.replica.head(KEY);
      if (!held) throw new Error('not held');
      const { etag, size } = held;
      const at = world.clock.read().toISOString();
      const facts = { versionId: null, signer: null, payloadBlake2b: null, fileBlake2b: 'f', detail: null };
      await logVerifications(ports, [
        { schema: 'verified/1', key: KEY, etag, size, at, verdict: 'PAYLOAD_HASH_MISMATCH', ...facts },
      ]);
      const log = cut(world, vaultKeys.verificationLogs, to);
      expect(await unreadable(world)).toEqual({ recoverable: false, named: [log.key] });
      for (let n = 0; n < 2; n += 1) {
        await anHour(world);
        expect(log.isThere()).toBe(true);
        expect(await unreadable(world)).toEqual({ recoverable: false, named: [log.key] });
      }
      log.restore();
      expect((await judged(world)).codes).toEqual(['ARTIFACT_CORRUPT']);
      await reconcile(ports, testPolicy);
      expect(log.isThere()).toBe(false);
      expect(await judged(world)).toMatchObject({ status: { recoverable: false }, codes: ['ARTIFACT_CORRUPT'] });
    },
  );

  it.each(ways)('of good bytes is named, and what it told of is read again: %s', async (_name, to) => {
    const world = await protectedWorld();
    world.ports.primaryArtifacts.plant('core/c.hart', await newHart());
    await handle(world.ports, 'core/c.hart');
    const log = cut(world, vaultKeys.verificationLogs, to);
    expect(await anHour(world)).toBe(1);
    await anHour(world);
    expect(await unreadable(world)).toEqual({ recoverable: true, named: [log.key] });
    await world.ports.vault.remove(log.key);
    expect(await unreadable(world)).toEqual({ recoverable: true, named: [] });
  });

  it('hides no line of it that can be read, nor any other log', async () => {
    const world = await protectedWorld();
    const keys = ['core/c.hart', 'core/d.hart', 'core/e.hart'];
    for (const key of keys) world.ports.primaryArtifacts.plant(key, await newHart());
    await handle(world.ports, 'core/c.hart', 'core/d.hart');
    const log = cut(world, vaultKeys.verificationLogs, (body) => `${body.split('\n')[0]}\n{"half`);
    await handle(world.ports, 'core/e.hart');
    await reconcile(world.ports, testPolicy);
    expect(world.ports.queue.messages).toEqual([{ kind: 'repair', key: 'core/d.hart' }]);
    expect(log.isThere()).toBe(true);
  });
});

describe('a log of deletes that is not what was written', () => {
  it.each(ways)('lets nothing leave the replica, and is named, until it can be read again: %s', async (_name, to) => {
    const world = await protectedWorld();
    const { ports, clock } = world;
    ports.primaryArtifacts.lose(KEY);
    await replicateBatch(ports, [{ key: KEY, event: 'Object Deleted' }], new Promise(() => undefined));
    const log = cut(world, vaultKeys.deletionLogs, to);
    // No point needs it any more.
    for (const key of [...ports.vault.documents.keys()])
      if (key.startsWith('points/')) ports.vault.documents.delete(key);
    for (let n = 0; n < 2; n += 1) {
      clock.passMinutes(24 * 60);
      await reconcile(ports, testPolicy);
      expect(await unreadable(world)).toMatchObject({ named: [log.key] });
      expect((await removeWithheld(ports, testPolicy)).waits).toContain(log.key);
      expect(log.isThere()).toBe(true);
      expect(await ports.replica.head(KEY)).toBeDefined();
    }
    log.restore();
    await reconcile(ports, testPolicy);
    expect(log.isThere()).toBe(false);
    expect(await removeWithheld(ports, testPolicy)).toMatchObject({ hidden: 1, waits: undefined });
    expect(await unreadable(world)).toMatchObject({ named: [] });
  });
});
