import { bestEngine } from '../adapters/hash-engines.ts';
import type { ObjectEntry } from '../core/ports.ts';
import { DrError, describeError } from '../errors.ts';
import { HartVerifier } from '../hart/verify.ts';
import { packageBucket } from '../wire-aws.ts';
import { type PoolOptions, type Result, ringOf } from './verify-pool.ts';

const NETWORK = { connectTimeoutMs: 5_000, requestTimeoutMs: 30_000 };
const ADDRESS = /^s3:\/\/([^/]+)\/?(.*)$/;

/** Verifies every package under `s3://bucket/prefix`, several downloads at once. Throws when the bucket cannot be listed. */
export async function verifyBucket(
  address: string,
  options: PoolOptions,
  report: (result: Result) => void,
): Promise<void> {
  const [, bucket, prefix] = ADDRESS.exec(address) ?? [];
  if (!bucket)
    throw new DrError('BAD_USAGE', `not a bucket: ${address}`, { hint: 'Write s3://bucket or s3://bucket/prefix.' });
  if (options.deep) throw new DrError('BAD_USAGE', '--deep is for files', { hint: 'Copy the packages here first.' });
  const store = packageBucket(bucket, NETWORK);
  const ring = ringOf(options.keys);
  const engine = await bestEngine(2 * options.concurrency, options.engine);
  const entries = packages(store.pages(prefix))[Symbol.asyncIterator]();
  const drain = async (): Promise<void> => {
    const verifier = new HartVerifier(ring, engine);
    for (let next = await entries.next(); !next.done; next = await entries.next()) {
      const path = `s3://${bucket}/${next.value.key}`;
      try {
        for await (const chunk of await store.open(next.value.key)) verifier.update(chunk);
        report({ path, ...verifier.finish() });
      } catch (error) {
        verifier.finish();
        const nothing = { signer: null, payloadBlake2b: null, fileBlake2b: null };
        report({ path, verdict: 'UNREADABLE', ...nothing, detail: describeError(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, drain));
}

async function* packages(pages: AsyncIterable<ObjectEntry[]>): AsyncIterable<ObjectEntry> {
  for await (const page of pages) yield* page.filter((entry) => entry.key.endsWith('.hart'));
}
