import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import type { Vault } from '../../src/core/ports/vault.ts';
import { readDocument, updateDocument } from '../../src/jobs/vault/documents.ts';
import { World } from '../setup/world.ts';
import { memoryVault } from '../world/vault.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.stop());

async function* chunks(count: number, size = 1_000): AsyncIterable<Uint8Array> {
  for (let n = 0; n < count; n += 1) yield Buffer.alloc(size, n % 256);
}

async function read(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

const adapters: [string, () => Promise<Vault>][] = [
  ['memory', async () => memoryVault(() => new Date())],
  ['S3', async () => (await World.create(sandbox, 'vault')).ports.vault],
];

describe.each(adapters)('a vault on %s', (_name, open) => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await open();
  });

  it('answers undefined for what is not there', async () => {
    expect(await vault.get('points/none.json')).toBeUndefined();
  });

  it('creates a document once, and refuses to create it again', async () => {
    await vault.put('a.json', '{"n":1}', undefined);
    await expect(vault.put('a.json', '{"n":2}', undefined)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await vault.get('a.json'))?.body).toBe('{"n":1}');
  });

  it('replaces only the document that was read', async () => {
    const first = await vault.put('b.json', '1', undefined);
    const second = await vault.put('b.json', '2', first);
    await expect(vault.put('b.json', '3', first)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await vault.get('b.json')).toEqual({ body: '2', etag: second });
  });

  it('refuses to replace a document that is not there', async () => {
    await expect(vault.put('gone.json', '1', '"an-etag"')).rejects.toMatchObject({
      code: expect.stringMatching(/CONFLICT|NOT_FOUND/),
    });
  });

  it('keeps bytes as they are, and replaces only those that were read', async () => {
    expect(await vault.getBytes('none.gz')).toBeUndefined();
    const bytes = new Uint8Array([0, 255, 128, 10, 13]);
    const first = await vault.putBytes('bytes.gz', bytes, undefined);
    expect(await vault.getBytes('bytes.gz')).toEqual({ bytes, etag: first });
    await expect(vault.putBytes('bytes.gz', bytes, undefined)).rejects.toMatchObject({ code: 'CONFLICT' });
    const more = new Uint8Array([...bytes, 7]);
    const second = await vault.putBytes('bytes.gz', more, first);
    await expect(vault.putBytes('bytes.gz', bytes, first)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await vault.getBytes('bytes.gz')).toEqual({ bytes: more, etag: second });
  });

  it('lets exactly one of several writers at once win', async () => {
    const etag = await vault.put('race.json', '0', undefined);
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map((n) => vault.put('race.json', String(n), etag)));
    expect(results.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
  });

  it('loses no update of several writers at once', async () => {
    const counter = z.strictObject({ n: z.int() });
    const add = () => updateDocument(vault, 'count.json', counter, (now) => ({ n: (now?.n ?? 0) + 1 }));
    await Promise.all([add(), add(), add(), add(), add()]);
    expect((await readDocument(vault, 'count.json', counter))?.value).toEqual({ n: 5 });
  });

  it('writes a stream once and keeps the first', async () => {
    expect(await vault.putStream('s.gz', chunks(3))).toBe('written');
    expect(await vault.putStream('s.gz', chunks(5))).toBe('exists');
    expect((await read(await vault.openStream('s.gz'))).length).toBe(3_000);
  });

  it('writes streams of several parts whole', async () => {
    expect(await vault.putStream('large.gz', chunks(12, 1_000_000))).toBe('written');
    const whole = await read(await vault.openStream('large.gz'));
    expect(whole.equals(await read(chunks(12, 1_000_000)))).toBe(true);
  });

  it('shows nothing of a stream that broke half-way', async () => {
    async function* broken() {
      yield Buffer.alloc(6_000_000);
      throw new Error('source broke');
    }
    await expect(vault.putStream('broken.gz', broken())).rejects.toThrow();
    await expect(vault.openStream('broken.gz')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('removes a document, also one that is not there', async () => {
    await vault.put('doomed.json', '1', undefined);
    await vault.remove('doomed.json');
    await vault.remove('doomed.json');
    expect(await vault.get('doomed.json')).toBeUndefined();
  });

  it('lists by prefix, past the first thousand', async () => {
    const names = [...Array(1_050).keys()].map((n) => `many/${String(n).padStart(5, '0')}.json`);
    for (let start = 0; start < names.length; start += 50) {
      await Promise.all(names.slice(start, start + 50).map((name) => vault.put(name, '{}', undefined)));
    }
    expect((await vault.list('many/')).map((entry) => entry.key)).toEqual(names);
  });
});

describe('a stream whose parts are refused', () => {
  afterAll(() => sandbox.control.faults([]));

  it('says so, also when its upload could not be aborted', async () => {
    const { vault } = (await World.create(sandbox, 'refused-parts')).ports;
    await sandbox.control.faults([
      { kind: 'throttle', action: 'UploadPart' },
      { kind: 'reset', action: 'AbortMultipartUpload' },
    ]);
    await expect(vault.putStream('refused.gz', chunks(12, 1_000_000))).rejects.toMatchObject({ code: 'THROTTLED' });
  });
});
