import { basename } from 'node:path';
import { bestEngine } from '../../adapters/hash-engines.ts';
import type { ArtifactStore, ObjectEntry } from '../../core/ports/artifacts.ts';
import { DrError, describeError } from '../../errors.ts';
import { withArchive } from '../../hart/archive.ts';
import type { HartReport } from '../../hart/verdict.ts';
import { HartVerifier } from '../../hart/verify.ts';
import { packageBucket } from '../../wire/cli.ts';
import { type PoolOptions, type Result, ringOf } from './pool.ts';
import type { Progress } from './progress.ts';

const NETWORK = { connectTimeoutMs: 5_000, requestTimeoutMs: 30_000 };
const ADDRESS = /^s3:\/\/([^/]+)\/?(.*)$/;
const nothing = { signer: null, payloadBlake2b: null, fileBlake2b: null };

type BucketWork = { options: PoolOptions; checksums: Map<string, string>; progress: Progress | undefined };

/** Verifies every package under `s3://bucket/prefix`, several downloads at once. Throws when the bucket cannot be listed. */
export async function verifyBucket(address: string, work: BucketWork, report: (result: Result) => void): Promise<void> {
  const [, bucket, prefix] = ADDRESS.exec(address) ?? [];
  if (!bucket)
    throw new DrError('BAD_USAGE', `not a bucket: ${address}`, { hint: 'Write s3://bucket or s3://bucket/prefix.' });
  const { options, progress } = work;
  const store = await packageBucket(bucket, NETWORK);
  const ring = ringOf(options.keys);
  const engine = await bestEngine(2 * options.concurrency, options.engine);
  const entries = packages(store.pages(prefix))[Symbol.asyncIterator]();
  const drain = async (): Promise<void> => {
    const verifier = new HartVerifier(ring, engine);
    for (let next = await entries.next(); !next.done; next = await entries.next()) {
      const path = `s3://${bucket}/${next.value.key}`;
      report({ path, ...(await verifyObject(verifier, store, next.value.key, path, work)) });
      progress?.passed();
    }
  };
  // All have ended before a failure is told: nothing is reported after the document is closed.
  const ends = await Promise.allSettled(Array.from({ length: options.concurrency }, drain));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function verifyObject(
  verifier: HartVerifier,
  store: ArtifactStore,
  key: string,
  path: string,
  { options, checksums, progress }: BucketWork,
): Promise<HartReport> {
  const open = () => store.open(key);
  try {
    for await (const chunk of await open()) {
      verifier.update(chunk);
      progress?.read(chunk.length);
    }
    const found = verifier.finish(checksums.get(path));
    return options.deep ? await withArchive(found, basename(path), open) : found;
  } catch (error) {
    verifier.finish();
    return { verdict: 'UNREADABLE', ...nothing, detail: describeError(error) };
  }
}

async function* packages(pages: AsyncIterable<ObjectEntry[]>): AsyncIterable<ObjectEntry> {
  for await (const page of pages) yield* page.filter((entry) => entry.key.endsWith('.hart'));
}
