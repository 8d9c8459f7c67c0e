import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import type { ObjectEntry } from '../../src/core/ports/artifacts.ts';
import { type ArtifactStores, artifactKey as key, storesInMemory, storesOnS3 } from '../setup/artifact-stores.ts';
import { World } from '../setup/world.ts';

let sandbox: Sandbox;
let world: World;
beforeAll(async () => {
  sandbox = await startSandbox();
  world = await World.create(sandbox, 'versions');
});
afterAll(() => sandbox.stop());

describe.each([
  ['memory', storesInMemory],
  ['S3', () => storesOnS3(world)],
] as [string, () => Promise<ArtifactStores>][])('what an artifact store keeps, on %s', (_name, open) => {
  let subject: ArtifactStores;
  beforeAll(async () => {
    subject = await open();
  });
  const textOf = async (bytes: AsyncIterable<Uint8Array>) => {
    const parts: Uint8Array[] = [];
    for await (const part of bytes) parts.push(part);
    return Buffer.concat(parts).toString();
  };

  it('copies under another key, once, and the other way round over exactly one object', async () => {
    const { source, replica } = subject;
    await subject.plant('source', key('aside'), Buffer.from('kept'));
    const entry = (await source.head(key('aside'))) as ObjectEntry;
    const aside = { bucket: source.bucket, entry, as: 'displaced/hash' };
    expect([await replica.copyFrom(aside), await replica.copyFrom(aside)]).toEqual(['copied', 'exists']);
    expect(await replica.head(key('aside'))).toBeUndefined();
    await subject.plant('replica', key('aside'), Buffer.from('newer'));
    const kept = (await replica.head('displaced/hash')) as ObjectEntry;
    const back = { bucket: replica.bucket, entry: kept, as: key('aside') };
    await expect(replica.replaceFrom(back, '"another"')).rejects.toMatchObject({ code: 'CONFLICT' });
    await replica.replaceFrom(back, (await replica.head(key('aside')))?.etag ?? '');
    expect(await textOf(await replica.open(key('aside')))).toBe('kept');
  });

  it('without versions has the one that is there, and none of what was overwritten', async () => {
    await subject.plant('replica', key('single'), Buffer.from('first'));
    await subject.plant('replica', key('single'), Buffer.from('second'));
    const { deletedAt, versions } = await subject.replica.history(key('single'));
    expect([deletedAt, versions.map((each) => each.size)]).toEqual([undefined, [6]]);
    expect([undefined, 'null']).toContain(versions[0]?.versionId);
  });

  it('keeps versions, newest first, reads each by its id, and copies one back over another or over its deletion', async () => {
    const { replica } = subject;
    const name = key('versions');
    await subject.keepVersions();
    await subject.plant('replica', name, Buffer.from('good'));
    await subject.plant('replica', name, Buffer.from('wrong'));
    const { versions } = await replica.history(name);
    expect(versions.map((each) => each.size)).toEqual([5, 4]);
    const good = versions[1] as ObjectEntry;
    expect(await textOf(await replica.open(name, good.etag, good.versionId))).toBe('good');
    await expect(replica.open(name, '"another"', good.versionId)).rejects.toMatchObject({ code: 'CONFLICT' });
    const wrong = (await replica.head(name)) as ObjectEntry;
    expect(wrong.versionId).toBe(versions[0]?.versionId);
    const back = { bucket: replica.bucket, entry: good, ofVersion: good.versionId };
    await replica.replaceFrom(back, wrong.etag);
    expect(await textOf(await replica.open(name))).toBe('good');
    expect((await replica.history(name)).versions.map((each) => each.size)).toEqual([4, 5, 4]);
    await subject.lose(name);
    expect(await replica.head(name)).toBeUndefined();
    expect((await replica.history(name)).deletedAt).toBeInstanceOf(Date);
    expect(await replica.copyFrom(back)).toBe('copied');
    expect(await textOf(await replica.open(name))).toBe('good');
  });
});
