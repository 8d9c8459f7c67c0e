import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { InventoryEntry } from '../../core/artifacts/merge-diff.ts';
import type { Inventory } from '../../core/points/point.ts';
import type { ArtifactStore, ObjectEntry } from '../../core/ports/artifacts.ts';
import type { Vault } from '../../core/ports/vault.ts';

const LINES_AT_ONCE = 1_000;

function inventoryLine(entry: ObjectEntry): string {
  const { key, size, etag, lastModified } = entry;
  return `${JSON.stringify({ key, size, etag, lastModified: lastModified.toISOString() })}\n`;
}

/**
 * Lists the artifacts into the vault, once: a second run keeps the first list.
 * Streams; memory is a page of the listing and a part of the upload.
 */
export async function writeInventory(vault: Vault, store: ArtifactStore, key: string): Promise<Inventory> {
  const found = { key, count: 0, bytes: 0 };
  async function* lines() {
    for await (const page of store.pages()) {
      for (const entry of page) found.bytes += entry.size;
      found.count += page.length;
      yield page.map(inventoryLine).join('');
    }
  }
  const outcome = await vault.putStream(key, packed(lines()));
  return outcome === 'written' ? found : countInventory(vault, key);
}

/** Text as it is kept in the vault. */
export function packed(lines: AsyncIterable<string | Uint8Array>): AsyncIterable<Uint8Array> {
  return through(lines, createGzip());
}

/** A stream through a transform, lazily: nothing is read before the first byte is asked for, and nothing after an end. */
async function* through(source: AsyncIterable<unknown>, transform: Transform): AsyncIterable<Uint8Array> {
  const input = Readable.from(source);
  const flow = pipeline(input, transform);
  // The transform fails with the same error, which is the one that is thrown.
  flow.catch(() => undefined);
  try {
    yield* transform as AsyncIterable<Uint8Array>;
  } finally {
    input.destroy();
    transform.destroy();
  }
}

async function countInventory(vault: Vault, key: string): Promise<Inventory> {
  const found = { key, count: 0, bytes: 0 };
  for await (const page of readInventory(vault, key)) {
    for (const entry of page) found.bytes += entry.size;
    found.count += page.length;
  }
  return found;
}

/** An inventory of the vault, in the order it was listed, a thousand entries at a time. */
export function readInventory(vault: Vault, key: string): AsyncIterable<InventoryEntry[]> {
  return readLines<InventoryEntry>(vault, key);
}

/** A packed list of the vault, inventoryLine by inventoryLine as it was written, a thousand at a time. */
export async function* readLines<T>(vault: Vault, key: string): AsyncIterable<T[]> {
  yield* linesOf<T>(await vault.openStream(key));
}

/** The same of a stream that is open. */
export async function* linesOf<T>(stream: AsyncIterable<Uint8Array>): AsyncIterable<T[]> {
  let rest = '';
  let batch: T[] = [];
  const decoder = new TextDecoder();
  for await (const chunk of through(stream, createGunzip())) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) batch.push(JSON.parse(text) as T);
    if (batch.length < LINES_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
