import { parentPort, workerData } from 'node:worker_threads';
import { fileVerifier, type PoolOptions, type Work } from './verify-pool.ts';

const verify = fileVerifier(workerData as PoolOptions);
parentPort?.on('message', (batch: Work[]) => {
  // A failure here is thrown in the main thread, by the worker's own error event.
  void verify.then((one) => parentPort?.postMessage(batch.map(one)));
});
