import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const biome = join(import.meta.dirname, '..', '..', 'node_modules', '.bin', 'biome');

/** Biome as a parser: with a limit of one line it names every function, and where it begins and ends. */
const everyFunction = {
  linter: {
    rules: {
      preset: 'none',
      complexity: { noExcessiveLinesPerFunction: { level: 'error', options: { maxLines: 1 } } },
    },
  },
};

export type Size = { where: string; lines: number };
type Place = { path: string; start: { line: number }; end: { line: number } };

/** The functions of more than one line in files of a folder, from their first word to the closing brace. */
export function functionSizes(cwd: string, files: string[]): Size[] {
  const config = mkdtempSync(join(tmpdir(), 'hbdr-sizes-'));
  try {
    writeFileSync(join(config, 'biome.json'), JSON.stringify(everyFunction));
    const args = ['lint', `--config-path=${config}`, '--max-diagnostics=none', '--reporter=json', ...files];
    const { stdout, stderr } = spawnSync(biome, args, { cwd, maxBuffer: 1 << 28 });
    const report = JSON.parse(stdout.toString() || '{}') as { diagnostics?: { location: Place }[] };
    if (!report.diagnostics) throw new Error(`Biome tells nothing: ${stderr}`);
    return report.diagnostics.map(({ location: { path, start, end } }) => ({
      where: `${path}:${start.line}`,
      lines: end.line - start.line + 1,
    }));
  } finally {
    rmSync(config, { recursive: true });
  }
}

export function fileSizes(cwd: string, files: string[]): Size[] {
  return files.map((where) => ({ where, lines: readFileSync(join(cwd, where), 'utf8').trimEnd().split('\n').length }));
}
