import type { ObjectEntry } from '../ports/artifacts.ts';

export type InventoryEntry = Pick<ObjectEntry, 'key' | 'size' | 'etag'> & { lastModified: string };
export type Sampled = { count: number; samples: string[] };

const SAMPLES = 10;

/** Counts everything and keeps the first ten names. */
export class SampleCounter {
  count = 0;
  readonly samples: string[] = [];
  add(name: string): void {
    this.count += 1;
    if (this.samples.length < SAMPLES) this.samples.push(name);
  }
  get result(): Sampled {
    return { count: this.count, samples: this.samples };
  }
}

/** Order of S3 listings: by the keys' UTF-8 bytes, which is not JavaScript's order of UTF-16 units. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (isSurrogate(x) !== isSurrogate(y)) return isSurrogate(x) ? 1 : -1;
    return x < y ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

export type Difference<A, B> =
  | { side: 'both'; left: A; right: B }
  | { side: 'left'; left: A }
  | { side: 'right'; right: B };

/** Walks one sorted source page by page; one await per page. */
class Cursor<T> {
  readonly #pages: AsyncIterator<T[]>;
  #page: T[] = [];
  #index = 0;
  constructor(pages: AsyncIterable<T[]>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }
  get current(): T | undefined {
    return this.#page[this.#index];
  }
  step(): void {
    this.#index += 1;
  }
  async fill(): Promise<void> {
    while (this.#index >= this.#page.length) {
      const next = await this.#pages.next();
      if (next.done) return;
      this.#page = next.value;
      this.#index = 0;
    }
  }
}

/** Differences handed on at once. */
const BATCH = 1_000;

/**
 * Merges two sources sorted by key and hands on every key once, in batches. Memory is two pages
 * and a batch, whatever the number of keys.
 */
export async function* differences<A extends { key: string }, B extends { key: string }>(
  left: AsyncIterable<A[]>,
  right: AsyncIterable<B[]>,
): AsyncIterable<Difference<A, B>[]> {
  const a = new Cursor(left);
  const b = new Cursor(right);
  let batch: Difference<A, B>[] = [];
  while (true) {
    if (a.current === undefined) await a.fill();
    if (b.current === undefined) await b.fill();
    const x = a.current;
    const y = b.current;
    if (x === undefined && y === undefined) break;
    const order = x === undefined ? 1 : y === undefined ? -1 : compareKeys(x.key, y.key);
    if (x !== undefined && order <= 0) a.step();
    if (y !== undefined && order >= 0) b.step();
    if (order === 0 && x !== undefined && y !== undefined) batch.push({ side: 'both', left: x, right: y });
    else if (order < 0 && x !== undefined) batch.push({ side: 'left', left: x });
    else if (y !== undefined) batch.push({ side: 'right', right: y });
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Visits every difference; the visitor is synchronous. */
export async function mergeDiff<A extends { key: string }, B extends { key: string }>(
  left: AsyncIterable<A[]>,
  right: AsyncIterable<B[]>,
  visit: (difference: Difference<A, B>) => void,
): Promise<void> {
  for await (const batch of differences(left, right)) for (const each of batch) visit(each);
}
