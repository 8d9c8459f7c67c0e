import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FileVerifier } from '../adapters/hart-files.ts';
import { bestEngine } from '../adapters/hash-engines.ts';
import type { KeyText } from '../adapters/public-key-files.ts';
import { withArchive } from '../hart/archive.ts';
import type { HashEngine } from '../hart/hash.ts';
import { KeyRing } from '../hart/keys.ts';
import type { HartReport } from '../hart/verdict.ts';
import { HartVerifier } from '../hart/verify.ts';

/** Files handed to a thread at once: fewer messages, and no thread waits long for the last one. */
const BATCH = 16;

export type Work = { path: string; checksum?: string };
export type Result = HartReport & { path: string };
export type PoolOptions = {
  keys: KeyText[];
  engine: HashEngine['name'] | undefined;
  concurrency: number;
  /** Whether to look into the archive too. */
  deep: boolean;
};

export function ringOf(keys: KeyText[]): KeyRing {
  const ring = new KeyRing();
  for (const { fileName, text } of keys) ring.add(fileName, text);
  return ring;
}

/** Verifies in this thread. */
export async function fileVerifier({ keys, engine, deep }: Omit<PoolOptions, 'concurrency'>) {
  const hashes = await bestEngine(2, engine);
  const files = new FileVerifier(new HartVerifier(ringOf(keys), hashes));
  return async ({ path, checksum }: Work): Promise<Result> => {
    const report = files.verify(path, checksum);
    return { path, ...(deep ? await withArchive(report, basename(path), async () => createReadStream(path)) : report) };
  };
}

async function* batches(source: AsyncIterable<Work>): AsyncIterable<Work[]> {
  let batch: Work[] = [];
  for await (const work of source) {
    if (batch.push(work) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** One thread that answers one batch at a time. */
class Thread {
  readonly #worker: Worker;
  constructor(options: PoolOptions) {
    // Beside the sources it is a .ts file; in the built package a .js one, a folder above the shared chunks.
    const file = import.meta.url.endsWith('.ts') ? './verify-worker.ts' : '../verify-worker.js';
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: options });
  }
  run(batch: Work[]): Promise<Result[]> {
    return new Promise((resolve, reject) => {
      this.#worker.once('error', reject);
      this.#worker.once('message', (results: Result[]) => {
        this.#worker.off('error', reject);
        resolve(results);
      });
      this.#worker.postMessage(batch);
    });
  }
  end(): Promise<number> {
    return this.#worker.terminate();
  }
}

/** Verifies everything that comes and reports each result as it is there. With a concurrency of one no thread is made. */
export async function verifyAll(
  source: AsyncIterable<Work>,
  options: PoolOptions,
  report: (result: Result) => void,
): Promise<void> {
  if (options.concurrency === 1) {
    const verify = await fileVerifier(options);
    for await (const work of source) report(await verify(work));
    return;
  }
  const threads = Array.from({ length: options.concurrency }, () => new Thread(options));
  const queue = batches(source)[Symbol.asyncIterator]();
  const drain = async (thread: Thread): Promise<void> => {
    for (let next = await queue.next(); !next.done; next = await queue.next()) {
      for (const result of await thread.run(next.value)) report(result);
    }
  };
  try {
    await Promise.all(threads.map(drain));
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}
