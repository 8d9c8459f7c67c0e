import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FileVerifier } from '../../adapters/files/hart-files.ts';
import type { KeyText } from '../../adapters/files/public-key-files.ts';
import { bestEngine } from '../../adapters/hash-engines.ts';
import { withArchive } from '../../hart/archive.ts';
import type { HashEngine } from '../../hart/hash.ts';
import { KeyRing } from '../../hart/keys.ts';
import type { HartReport } from '../../hart/verdict.ts';
import { HartVerifier } from '../../hart/verify.ts';

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

/** Another thread; batches are answered in the order in which they were given. */
class Thread {
  readonly #worker: Worker;
  readonly #waiting: { resolve: (results: Result[]) => void; reject: (error: Error) => void }[] = [];

  constructor(options: PoolOptions) {
    // Beside the sources it is a .ts file; in the built package a .js one, a folder above the shared chunks.
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : '../verify-worker.js';
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: options });
    this.#worker.on('message', (results: Result[]) => this.#waiting.shift()?.resolve(results));
    this.#worker.on('error', (error: Error) => {
      for (const each of this.#waiting.splice(0)) each.reject(error);
    });
  }

  run(batch: Work[]): Promise<Result[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(batch);
    });
  }

  end(): Promise<number> {
    return this.#worker.terminate();
  }
}

type Queue = AsyncIterator<Work[]>;
type Report = (result: Result) => void;

/** Keeps a thread two batches ahead, so that it never waits for this one to look up. */
async function drainTo(thread: Thread, queue: Queue, report: Report): Promise<void> {
  const given: Promise<Result[]>[] = [];
  const take = async (): Promise<void> => {
    for (const result of (await given.shift()) ?? []) report(result);
  };
  for (let next = await queue.next(); !next.done; next = await queue.next()) {
    if (given.push(thread.run(next.value)) === 2) await take();
  }
  while (given.length > 0) await take();
}

/** This thread works too, and looks up after each file. */
async function drainHere(options: PoolOptions, queue: Queue, report: Report): Promise<void> {
  const verify = await fileVerifier(options);
  for (let next = await queue.next(); !next.done; next = await queue.next()) {
    for (const work of next.value) {
      report(await verify(work));
      if (options.concurrency > 1) await setImmediate();
    }
  }
}

/** Verifies everything that comes and reports each result as it is there. A concurrency of one is this thread alone. */
export async function verifyAll(source: AsyncIterable<Work>, options: PoolOptions, report: Report): Promise<void> {
  const threads = Array.from({ length: options.concurrency - 1 }, () => new Thread(options));
  const queue = batches(source)[Symbol.asyncIterator]();
  try {
    await Promise.all([drainHere(options, queue, report), ...threads.map((each) => drainTo(each, queue, report))]);
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}
