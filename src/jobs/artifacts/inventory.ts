import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { InventoryEntry } from '../../core/artifacts/merge-diff.ts';
import type { Inventory } from '../../core/points/point.ts';
import type { ArtifactStore, ObjectEntry } from '../../core/ports/artifacts.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { hasCode } from '../../errors.ts';
import { unreadableError } from '../vault/documents.ts';

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

/** What a line must be, so that nothing which works on the lines meets a value that it cannot work on. */
type LineCheck = (line: Record<string, unknown>) => boolean;

const isEntry: LineCheck = ({ size, etag, lastModified }) =>
  typeof size === 'number' && typeof etag === 'string' && typeof lastModified === 'string';

/**
 * An inventory of the vault, in the order it was listed, a thousand entries at a time. VAULT_UNREADABLE when it is broken;
 * NOT_FOUND when it is not there.
 */
export function readInventory(vault: Pick<Vault, 'openStream'>, key: string): AsyncIterable<InventoryEntry[]> {
  return readLines<InventoryEntry>(vault, key, isEntry);
}

/** The same of a point, all of it: VAULT_UNREADABLE also when it is not there, or has not as many lines as were written. */
export async function* readPointInventory(
  vault: Pick<Vault, 'openStream'>,
  { key, count }: Pick<Inventory, 'key' | 'count'>,
): AsyncIterable<InventoryEntry[]> {
  let seen = 0;
  try {
    for await (const page of readInventory(vault, key)) {
      seen += page.length;
      yield page;
    }
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND')) throw unreadableError(key, 'it is not there', error);
    throw error;
  }
  if (seen !== count) throw unreadableError(key, `it has ${seen} lines, and had ${count}`);
}

/** A packed list of the vault, line by line as it was written, a thousand at a time: each has a key. */
export async function* readLines<T>(
  vault: Pick<Vault, 'openStream'>,
  key: string,
  isLine?: LineCheck,
): AsyncIterable<T[]> {
  yield* linesOf<T>(key, await vault.openStream(key), isLine);
}

function lineOf<T>(key: string, text: string, isLine: LineCheck): T {
  const line = JSON.parse(text) as Record<string, unknown> | null;
  if (typeof line === 'object' && typeof line?.['key'] === 'string' && isLine(line)) return line as T;
  throw unreadableError(key, 'a line of it is none of its kind');
}

/** What unpacking and parsing throw of bytes that are not those that were written. */
function isDamage(error: unknown): error is Error {
  return error instanceof SyntaxError || String((error as { code?: unknown } | null)?.code).startsWith('Z_');
}

/** The same of a stream that is open. */
export async function* linesOf<T>(
  key: string,
  stream: AsyncIterable<Uint8Array>,
  isLine: LineCheck = () => true,
): AsyncIterable<T[]> {
  let rest = '';
  let batch: T[] = [];
  const decoder = new TextDecoder();
  try {
    for await (const chunk of through(stream, createGunzip())) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) batch.push(lineOf<T>(key, text, isLine));
      if (batch.length < LINES_AT_ONCE) continue;
      yield batch;
      batch = [];
    }
    if (rest !== '') throw unreadableError(key, 'its last line has no end');
  } catch (error) {
    throw isDamage(error) ? unreadableError(key, `it is cut or damaged (${error.message})`, error) : error;
  }
  if (batch.length > 0) yield batch;
}
