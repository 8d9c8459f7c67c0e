/** Prints how long functions and files are: half of them, nine in ten, and the longest. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { fileSizes, functionSizes, type Size } from '../setup/sizes.ts';

const root = join(import.meta.dirname, '..', '..');

function tell(what: string, sizes: Size[]): void {
  const sorted = sizes.toSorted((a, b) => a.lines - b.lines);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)];
  const [half, most, longest] = [at(0.5), at(0.9), at(1)];
  const all = `${sizes.length}, p50 ${half?.lines}, p90 ${most?.lines}, longest ${longest?.lines} (${longest?.where})`;
  process.stdout.write(`${what}: ${all}\n`);
}

for (const folder of ['src', 'functions', 'sandbox', 'test']) {
  const files = globSync(`${folder}/**/*.ts`, { cwd: root });
  tell(`${folder}: functions`, functionSizes(root, files));
  tell(`${folder}: files`, fileSizes(root, files));
}
