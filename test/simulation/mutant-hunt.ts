import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mutant } from './mutant-list.ts';

const root = join(import.meta.dirname, '..', '..');
const parts = ['src', 'sandbox/seed', 'test/simulation', 'test/world', 'test/setup', 'package.json'];

/** The source as it is now, in a folder of its own: what is edited meanwhile changes nothing. Whoever asks removes it. */
export function copied(from = root): string {
  const folder = mkdtempSync(join(tmpdir(), 'hbdr-mutant-'));
  for (const part of parts) cpSync(join(from, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** What of a mutant is not to be planted: the source no longer reads so, or reads so twice. */
export function staleChanges({ changes }: Mutant, from = root): string[] {
  return changes
    .filter(({ file, find }) => readFileSync(join(from, file), 'utf8').split(find).length !== 2)
    .map(({ file, find }) => `${file}: ${find}`);
}

/** Writes the defect into a copy of the source. */
function plant({ changes }: Mutant, folder: string): void {
  for (const { file, find, put } of changes) {
    const path = join(folder, file);
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(find, () => put),
    );
  }
}

export type Found = { seed: number; said: string };

/** The first of these seeds that shows a violation in this folder. */
function firstBroken(folder: string, from: number, seeds: number): Promise<Found | undefined> {
  const args = ['test/simulation/run.ts', '--from', String(from), '--seeds', String(seeds), '--stop'];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (!error) return resolve(undefined);
      const [, seed, said] = /(?:first )?seed (\d+)(?: could not be played)?: (.*)/.exec(stdout) ?? [];
      return resolve({ seed: Number(seed ?? from), said: said ?? `${stdout.slice(-300)}${stderr.slice(-300)}` });
    });
  });
}

/** Plants a mutant in a copy and looks for it: a seed that breaks something with it, and nothing without it; of seeds up to `clean` that is known. */
export async function hunt(
  mutant: Mutant,
  base: string,
  from: number,
  seeds: number,
  clean = 0,
): Promise<Found | undefined> {
  const folder = copied(base);
  try {
    plant(mutant, folder);
    for (let next = from; next < from + seeds; ) {
      const found = await firstBroken(folder, next, from + seeds - next);
      if (!found || found.seed <= clean || !(await firstBroken(base, found.seed, 1))) return found;
      next = found.seed + 1;
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
