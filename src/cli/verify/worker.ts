import { parentPort, workerData } from 'node:worker_threads';
import { fileVerifier, type PoolOptions, type Result, type Work } from './pool.ts';

const verify = fileVerifier(workerData as PoolOptions);

async function answer(batch: Work[]): Promise<void> {
  const one = await verify;
  const results: Result[] = [];
  for (const work of batch) results.push(await one(work));
  parentPort?.postMessage(results);
}

// A failure here ends the thread, and is thrown in the main one.
parentPort?.on('message', (batch: Work[]) => void answer(batch));
