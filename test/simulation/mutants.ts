import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Mutant, mutants } from './mutant-list.ts';

/**
 * Plants each defect in a copy of the source and looks whether the simulation finds it: `node test/simulation/mutants.ts
 * [--only NAME] [--seeds N]`. With a kept seed that one is tried first.
 */

const root = join(import.meta.dirname, '..', '..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const parts = ['src', 'sandbox/seed', 'test/simulation', 'test/world', 'test/setup', 'package.json'];

/** The source as it is now: what is edited meanwhile changes nothing. */
function copied(from: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'hbdr-mutant-'));
  for (const part of parts) cpSync(join(from, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The source with this defect, in a folder of its own; undefined where the source no longer reads so. */
function planted({ changes }: Mutant): string | undefined {
  const folder = copied(base);
  for (const { file, find, put } of changes) {
    const text = readFileSync(join(folder, file), 'utf8');
    if (text.split(find).length !== 2) {
      rmSync(folder, { recursive: true });
      return undefined;
    }
    writeFileSync(
      join(folder, file),
      text.replace(find, () => put),
    );
  }
  return folder;
}

/** The first violation that these seeds show, as it is told. */
function firstFound(folder: string, from: number, seeds: number): string | undefined {
  const options = ['--from', String(from), '--seeds', String(seeds), '--stop', '--except', kinds];
  const { stdout, status } = spawnSync(process.execPath, ['test/simulation/run.ts', ...options], { cwd: folder });
  if (status === 0) return undefined;
  return /first seed \d+: .*/.exec(stdout.toString())?.[0] ?? stdout.toString().slice(-300);
}

function hunt(mutant: Mutant, seeds: number): 'found' | 'not found' | 'not there' {
  const folder = planted(mutant);
  if (folder === undefined) return 'not there';
  try {
    const found = (mutant.seed && firstFound(folder, mutant.seed, 1)) || firstFound(folder, 1, seeds);
    if (found) say(`found: ${mutant.name}\n    ${found.slice(0, 260)}`);
    return found ? 'found' : 'not found';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '2000' },
    baseline: { type: 'string', default: '300' },
  },
});
// What the source breaks without a defect more does not count.
const base = copied(root);
const kinds = join(base, 'kinds.json');
const alone = ['test/simulation/run.ts', '--seeds', values.baseline, '--kinds', kinds];
spawnSync(process.execPath, alone, { cwd: base });
say(`broken without a mutant: ${readFileSync(kinds, 'utf8')}`);
const wanted = mutants.filter(({ name }) => values.only === undefined || name.includes(values.only));
const ends = wanted.map((mutant) => {
  const end = hunt(mutant, Number(values.seeds));
  if (end !== 'found') say(`${end.toUpperCase()}: ${mutant.name}`);
  return end;
});
say(`${ends.filter((each) => each === 'found').length} of ${wanted.length} mutants found`);
rmSync(base, { recursive: true });
process.exitCode = ends.every((each) => each === 'found') ? 0 : 1;
