import { statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { hartPaths } from '../adapters/files/hart-files.ts';
import { readPublicKeys } from '../adapters/files/public-key-files.ts';
import { bestEngine } from '../adapters/hash-engines.ts';
import { DrError, describeError } from '../errors.ts';
import type { HashEngine } from '../hart/hash.ts';
import { Progress, VerifyOutput } from './verify-output.ts';
import { verifyAll, type Work } from './verify-pool.ts';

export type VerifyOptions = {
  keys: string[];
  checksums?: string;
  concurrency?: string;
  engine?: HashEngine['name'];
  json?: boolean;
  deep?: boolean;
};

const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

/** Reads what `b2sum -l 256` writes: hash, two characters, path. BAD_USAGE names the first line that is not. */
async function readChecksums(file: string): Promise<Map<string, string>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new DrError('BAD_USAGE', `cannot read the checksums ${file}`, {
      cause,
      hint: 'Name a file as `b2sum -l 256` writes it.',
    });
  });
  const found = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue;
    const [, hash, path] = LINE.exec(line) ?? [];
    if (!hash || !path) {
      throw new DrError('BAD_USAGE', `${file}: line ${index + 1} is not a checksum: ${line.slice(0, 80)}`, {
        hint: 'Each line is 64 hex digits, two spaces and a path.',
      });
    }
    found.set(path.startsWith('s3://') ? path : resolve(path), hash);
  }
  return found;
}

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

type Pool = Parameters<typeof verifyAll>[1];

async function verifyInto(
  output: VerifyOutput,
  paths: string[],
  checksums: Map<string, string>,
  pool: Pool,
): Promise<void> {
  const files = paths.filter((path) => !path.startsWith('s3://'));
  const progress = process.stderr.isTTY
    ? new Progress(await measure(files), performance.now(), (text) => void process.stderr.write(text))
    : undefined;
  await verifyAll(workOf(files, checksums), pool, (result) => {
    output.add(result);
    progress?.passed(statSync(result.path, { throwIfNoEntry: false })?.size ?? 0, performance.now());
  });
  progress?.clear();
  for (const bucket of paths.filter((path) => path.startsWith('s3://'))) {
    // Only buckets load the AWS client.
    const { verifyBucket } = await import('./verify-s3.ts');
    await verifyBucket(bucket, pool, checksums, (result) => output.add(result));
  }
}

/** Verifies every `.hart` of the paths and answers whether all are OK; `state` tells whether a document was begun. */
export async function verifyPaths(
  paths: string[],
  options: VerifyOptions,
  state: { begun: boolean },
): Promise<boolean> {
  const concurrency = threads(options.concurrency);
  const keys = await readPublicKeys(options.keys);
  const checksums = options.checksums ? await readChecksums(options.checksums) : new Map<string, string>();
  const engine = (await bestEngine(0, options.engine)).name;
  const output = new VerifyOutput(options.json ?? false, engine, (text) => void process.stdout.write(text));
  try {
    await verifyInto(output, paths, checksums, { keys, engine, concurrency, deep: options.deep ?? false });
  } catch (error) {
    state.begun = output.begun;
    const code = error instanceof DrError ? error.code : 'UNEXPECTED';
    if (output.begun) output.end({ code, message: describeError(error) });
    throw error;
  }
  output.end();
  return output.failed === 0 && output.checked > 0;
}
