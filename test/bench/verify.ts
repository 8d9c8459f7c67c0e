import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { signHart, signingKey } from '../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../sandbox/seed/random.ts';
import { verifyAll } from '../../src/cli/verify/pool.ts';
import type { HashEngine } from '../../src/hart/hash.ts';

/**
 * Time of verifying 512 packages of 1 MiB (two hashes and a signature each) as a ratio to
 * `b2sum -l 256` once over the same files, median of interleaved runs; and memory for one of 1 GiB.
 */
const FILES = 512;
const MIB = 1 << 20;
const RUNS = 5;
const limits = {
  'sodium-native, 1 thread': 2.0,
  'sodium-native, 2 threads': 1.2,
  'hash-wasm, 1 thread': 2.4,
  'hash-wasm, 2 threads': 1.4,
} as const;
const memoryLimitMb = { 1: 80, 2: 110 } as const;

const folder = await mkdtemp(join(tmpdir(), 'hbdr-bench-'));
const random = new SeededRandom('bench');
const signer = signingKey('bench', '20240101000000', random);
const keys = [{ fileName: `${signer.name}.pub`, text: signer.publicText }];

async function makeFiles(): Promise<string[]> {
  const filler = random.bytes(MIB);
  const paths: string[] = [];
  for (let n = 0; n < FILES; n += 1) {
    filler.writeUInt32BE(n);
    const path = join(folder, `${n}.hart`);
    await writeFile(path, await signHart(filler, signer));
    paths.push(path);
  }
  return paths;
}

async function secondsOf(work: () => Promise<void> | void): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function ratios(paths: string[]) {
  const reference: number[] = [];
  const times = new Map<string, number[]>();
  async function* source() {
    for (const path of paths) yield { path };
  }
  for (let run = 0; run < RUNS; run += 1) {
    reference.push(
      await secondsOf(
        () => void execFileSync('b2sum', ['-l', '256', ...paths], { stdio: ['ignore', 'pipe', 'inherit'] }),
      ),
    );
    for (const name of Object.keys(limits)) {
      const [engine, threads] = name.split(', ') as [HashEngine['name'], string];
      let ok = 0;
      const seconds = await secondsOf(() =>
        verifyAll(source(), { keys, engine, concurrency: Number(threads[0]), deep: false }, (result) => {
          if (result.verdict === 'OK') ok += 1;
        }),
      );
      if (ok !== FILES) throw new Error(`${name}: ${ok} of ${FILES} packages are OK`);
      times.set(name, [...(times.get(name) ?? []), seconds]);
    }
  }
  const b2sum = median(reference);
  return Object.entries(limits).map(([name, limit]) => {
    const ratio = Number((median(times.get(name) ?? []) / b2sum).toFixed(2));
    return { measure: `time, ${name}, in b2sum`, value: ratio, limit, ok: ratio <= limit };
  });
}

/** Peak resident memory of the built command line over one package of 1 GiB. */
async function memory() {
  const path = join(folder, 'large.hart');
  const file = createWriteStream(path);
  file.write('HART-1\nbench-20240101000000\nBLAKE2b\nAAAA\n\n');
  const block = Buffer.alloc(16 * MIB, 1);
  for (let n = 0; n < 64; n += 1)
    if (!file.write(block)) await new Promise((resolve) => file.once('drain', () => resolve(undefined)));
  await finished(file.end());
  const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
  const report = "process.on('exit',()=>process.stderr.write('rss '+process.resourceUsage().maxRSS))";
  return Object.entries(memoryLimitMb).map(([threads, limit]) => {
    const preload = `data:text/javascript,${encodeURIComponent(report)}`;
    const args = ['--import', preload, cli, 'verify', path, path, '--concurrency', threads];
    const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const value = Math.round(Number(/rss (\d+)/.exec(stderr)?.[1]) / 1024);
    return { measure: `peak memory, 1 GiB, ${threads} thread(s), MB`, value, limit, ok: value <= limit };
  });
}

try {
  const results = [...(await ratios(await makeFiles())), ...(await memory())];
  for (const { measure, value, limit, ok } of results) {
    process.stdout.write(
      `${ok ? 'ok    ' : 'FAILED'}  ${measure.padEnd(44)} ${String(value).padStart(6)}  (at most ${limit})\n`,
    );
  }
  await writeFile(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  process.exitCode = results.every((each) => each.ok) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
