import { describe, expect, it } from 'vitest';
import { signingKey } from '../../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../../sandbox/seed/random.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import {
  type ArtifactWorld,
  anHour,
  artifactWorld,
  drain,
  handle,
  hashOf,
  judged,
  newHart,
  protect,
  stateOf,
  whereIs,
} from '../../setup/artifact-world.ts';
import { dyingPorts, Killed } from '../../setup/dying.ts';
import { testPolicy } from '../../setup/policy.ts';

const KEY = 'core/zlib/1.3/20240101000000/x86_64/linux/core-zlib-1.3-20240101000000-x86_64-linux.hart';

/** One package, protected by one point, settled. */
async function settled(options: Parameters<typeof artifactWorld>[0] = {}) {
  const world = await artifactWorld(options);
  const old = await newHart();
  world.ports.primaryArtifacts.plant(KEY, old);
  await handle(world.ports, KEY);
  const first = await protect(world);
  await anHour(world);
  return { world, old, first };
}

/** As Builder does it: the object goes with its row, and comes anew. */
function uploadAnew({ ports, clock }: ArtifactWorld, bytes: Buffer): void {
  clock.passMinutes(1);
  ports.primaryArtifacts.lose(KEY);
  ports.primaryArtifacts.plant(KEY, bytes);
}

const kinds = [
  ['in buckets without versions', {}],
  ['in versioned buckets', { versions: true }],
  ['where ETags say nothing of the bytes', { encrypted: true }],
] as const;

describe.each(kinds)('the same bytes uploaded again, %s', (_name, options) => {
  it('are noted once: nothing is replaced, nothing found, nothing read again', async () => {
    const { world, old } = await settled(options);
    const before = await world.ports.replica.head(KEY);
    world.clock.passMinutes(1);
    world.ports.primaryArtifacts.plant(KEY, old);
    await anHour(world);
    await anHour(world);
    expect(await anHour(world)).toBe(0);
    expect(await world.ports.replica.head(KEY)).toEqual(before);
    expect((await judged(world)).codes).toEqual([]);
    expect((await protect(world)).state).toBe('protected');
  });
});

describe.each(kinds)('other bytes under the same key, %s', (_name, options) => {
  it.each([300, 500])('take the place of the old ones once they verify, which are kept (%i bytes)', async (bytes) => {
    const { world, old } = await settled(options);
    const next = await newHart(bytes);
    uploadAnew(world, next);
    await handle(world.ports, KEY);
    expect(await whereIs(world, KEY, next)).toEqual(['in place']);
    expect(await whereIs(world, KEY, old)).toContain('displaced');
    expect(await anHour(world)).toBe(0);
    expect((await judged(world)).codes).toEqual([]);
  });

  it.each([300, 500])(
    'are found by the listing where no event came, and no later point waits (%i bytes)',
    async (bytes) => {
      const { world, old, first } = await settled(options);
      const next = await newHart(bytes);
      uploadAnew(world, next);
      const second = await protect(world);
      expect([second.state, await stateOf(world, first.id)]).toEqual(['protected', 'protected']);
      expect(await whereIs(world, KEY, next)).toContain('in place');
      expect(await whereIs(world, KEY, old)).toContain('displaced');
      await anHour(world);
      expect(await anHour(world)).toBe(0);
      expect((await judged(world)).status.recoverable).toBe(true);
    },
  );

  it('that do not verify leave the old ones in place, are found within an hour, and no point waits', async () => {
    const { world, old } = await settled(options);
    const bad = await newHart(400);
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1;
    uploadAnew(world, bad);
    await handle(world.ports, KEY);
    expect(await anHour(world)).toBe(0);
    const { status, codes } = await judged(world);
    expect([codes, status.recoverable]).toEqual([['PRIMARY_CORRUPT'], true]);
    expect(await whereIs(world, KEY, old)).toContain('in place');
    expect((await protect(world)).state).toBe('protected');
    world.ports.primaryArtifacts.plant(KEY, old);
    await anHour(world);
    await anHour(world);
    expect((await judged(world)).codes).toEqual([]);
  });
});

describe('other bytes by a signer that nobody knows', () => {
  it('leave the old ones in place and are kept beside them, until the key comes', async () => {
    const { world, old } = await settled();
    const acme = signingKey('acme', '20240101000000', new SeededRandom('acme'));
    const next = await newHart(420, acme);
    uploadAnew(world, next);
    await handle(world.ports, KEY);
    expect([await whereIs(world, KEY, old), await whereIs(world, KEY, next)]).toEqual([['in place'], ['displaced']]);
    await anHour(world);
    expect((await judged(world)).codes).toEqual(['SIGNER_UNKNOWN']);
    expect((await protect(world)).state).toBe('protected');
    await world.ports.vault.put(`keys/public/${acme.name}.pub`, acme.publicText, undefined);
    await anHour(world);
    await anHour(world);
    expect(await whereIs(world, KEY, next)).toContain('in place');
    expect(await whereIs(world, KEY, old)).toEqual(['displaced']);
    expect((await judged(world)).codes).toEqual([]);
  });
});

describe('bytes that are replaced again and again', () => {
  it('are all kept, and the first ones that come back are the ones in place', async () => {
    const { world, old } = await settled();
    const harts = [old, await newHart(), await newHart(350), old];
    for (const next of harts.slice(1)) {
      uploadAnew(world, next);
      await handle(world.ports, KEY);
    }
    for (const each of harts) expect(await whereIs(world, KEY, each)).toContain('displaced');
    expect(await whereIs(world, KEY, old)).toContain('in place');
  });

  it('at once, by an event and a listing, lose nothing', async () => {
    const { world, old } = await settled();
    const next = await newHart();
    uploadAnew(world, next);
    await reconcile(world.ports, testPolicy);
    const outcomes = await Promise.allSettled([handle(world.ports, KEY), handle(world.ports, KEY), drain(world)]);
    expect(outcomes.some((each) => each.status === 'fulfilled')).toBe(true);
    for (const each of outcomes)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'CONFLICT' });
    await handle(world.ports, KEY);
    expect([await whereIs(world, KEY, old), await whereIs(world, KEY, next)]).toEqual([['displaced'], ['in place']]);
  });

  it('by a third upload between reading and replacing, lose nothing', async () => {
    const { world, old } = await settled();
    const [next, last] = [await newHart(), await newHart(320)];
    uploadAnew(world, next);
    const { replaceFrom } = world.ports.replica;
    world.ports.replica.replaceFrom = async (source, etag) => {
      world.ports.replica.replaceFrom = replaceFrom;
      uploadAnew(world, last);
      return replaceFrom(source, etag);
    };
    await expect(handle(world.ports, KEY)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await whereIs(world, KEY, old)).toContain('in place');
    await handle(world.ports, KEY);
    expect([await whereIs(world, KEY, old), await whereIs(world, KEY, last)]).toEqual([['displaced'], ['in place']]);
  });

  it('are never lost by a process that dies, whichever call it dies at', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let n = 1; ; n += 1) {
        const { world, old } = await settled();
        const next = await newHart();
        uploadAnew(world, next);
        const killed = await handle(dyingPorts(world.ports, n, when), KEY).then(
          () => false,
          (error: unknown) => error instanceof Killed,
        );
        expect(await whereIs(world, KEY, old), `${when} call ${n}`).not.toEqual([]);
        await anHour(world);
        await anHour(world);
        expect(await whereIs(world, KEY, old), `${when} call ${n}`).toContain('displaced');
        expect(await whereIs(world, KEY, next), `${when} call ${n}`).toContain('in place');
        expect((await judged(world)).codes, `${when} call ${n}`).toEqual([]);
        if (!killed) break;
      }
    }
  });
});

describe('a point whose artifact was deleted and uploaded anew before it could be copied', () => {
  it('waits no longer than for one that was only deleted', async () => {
    const world = await artifactWorld();
    const { ports } = world;
    ports.primaryArtifacts.plant(KEY, await newHart());
    await handle(ports, KEY);
    uploadAnew(world, await newHart(310));
    const list = ports.replica.pages;
    // Listed with these bytes, and replaced before anybody copies them.
    ports.queue.send = async () => {
      uploadAnew(world, await newHart(320));
      await handle(ports, KEY);
    };
    expect(list).toBeDefined();
    expect((await protect(world)).state).toBe('protected');
  });
});

describe('what was written by the version before', () => {
  it('is read: a record without a source makes nothing be read again, and is nobody’s finding', async () => {
    const { world, old } = await settled({ encrypted: true });
    const index = JSON.parse((await world.ports.vault.get('verified.json'))?.body ?? '') as { key: string };
    const { at: _at, ...before } = {
      at: 0,
      schema: 'verified/1',
      key: KEY,
      versionId: null,
      etag: (await world.ports.replica.head(KEY))?.etag,
      size: old.length,
      verdict: 'OK',
      signer: 'core-20240101000000',
      payloadBlake2b: null,
      fileBlake2b: await hashOf(old),
      detail: null,
    };
    await world.ports.vault.remove(index.key);
    const { packed } = await import('../../../src/jobs/artifacts/inventory.ts');
    const line = JSON.stringify({ ...before, at: world.clock.read().toISOString() });
    await world.ports.vault.putStream(
      index.key,
      packed(
        (async function* () {
          yield `${line}\n`;
        })(),
      ),
    );
    expect(await anHour(world)).toBe(0);
    expect((await judged(world)).codes).toEqual([]);
    uploadAnew(world, await newHart());
    expect(await anHour(world)).toBe(1);
    expect(await whereIs(world, KEY, old)).toContain('displaced');
  });
});
