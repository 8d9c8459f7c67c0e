import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { hartPaths } from '../../adapters/files/hart-files.ts';
import { readPublicKeys } from '../../adapters/files/public-key-files.ts';
import { bestEngine } from '../../adapters/hash-engines.ts';
import { DrError, describeError } from '../../errors.ts';
import type { HashEngine } from '../../hart/hash.ts';
import type { Output } from '../output.ts';
import { readChecksums } from './checksums.ts';
import { type PoolOptions, verifyAll, type Work } from './pool.ts';
import { withProgress } from './progress.ts';
import { Results } from './results.ts';

export type VerifyFlags = {
  keys?: string[];
  checksums?: string;
  concurrency?: string;
  engine?: HashEngine['name'];
  deep?: boolean;
};

function threads(value: string | undefined): number {
  const count = value === undefined ? availableParallelism() : Number(value);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new DrError('BAD_USAGE', `--concurrency must be a number from 1 to 64, not ${value}`, {
    hint: 'One is one thread.',
  });
}

async function* workOf(paths: string[], checksums: Map<string, string>): AsyncIterable<Work> {
  for (const each of paths) {
    for await (const path of hartPaths(each)) {
      const checksum = checksums.get(resolve(path));
      yield checksum === undefined ? { path } : { path, checksum };
    }
  }
}

async function measure(paths: string[]): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 };
  for (const each of paths) {
    for await (const path of hartPaths(each)) {
      total.files += 1;
      total.bytes += (await stat(path).catch(() => undefined))?.size ?? 0;
    }
  }
  return total;
}

type Job = { paths: string[]; checksums: Map<string, string>; options: PoolOptions; output: Output };

async function verifyFiles({ paths, checksums, options, output }: Job, results: Results): Promise<void> {
  if (paths.length === 0) return;
  const total = () => measure(paths);
  await withProgress(output, total, (progress) =>
    verifyAll(workOf(paths, checksums), options, (result) => {
      results.add(result);
      progress?.read(statSync(result.path, { throwIfNoEntry: false })?.size ?? 0);
      progress?.passed();
    }),
  );
}

async function verifyBuckets({ paths, checksums, options, output }: Job, results: Results): Promise<void> {
  if (paths.length === 0) return;
  // Only buckets load the AWS client.
  const { verifyBucket } = await import('./bucket.ts');
  for (const each of paths) {
    const unknown = async () => undefined;
    await withProgress(output, unknown, (progress) =>
      verifyBucket(each, { options, checksums, progress }, (result) => results.add(result)),
    );
  }
}

/** Verifies every `.hart` of the paths, writes the results, and answers whether all are OK. */
export async function verifyPaths(paths: string[], flags: VerifyFlags, output: Output): Promise<boolean> {
  const concurrency = threads(flags.concurrency);
  const keys = await readPublicKeys(flags.keys ?? []);
  const checksums = flags.checksums ? await readChecksums(flags.checksums) : new Map<string, string>();
  const engine = (await bestEngine(0, flags.engine)).name;
  const results = new Results(output.json, engine, (text) => output.write(text));
  const job = { checksums, options: { keys, engine, concurrency, deep: flags.deep ?? false }, output };
  const inBucket = (path: string) => path.startsWith('s3://');
  try {
    await verifyFiles({ ...job, paths: paths.filter((path) => !inBucket(path)) }, results);
    await verifyBuckets({ ...job, paths: paths.filter(inBucket) }, results);
  } catch (error) {
    const code = error instanceof DrError ? error.code : 'UNEXPECTED';
    if (results.begun) results.end({ code, message: describeError(error) });
    throw error;
  }
  results.end();
  return results.failed === 0 && results.checked > 0;
}
