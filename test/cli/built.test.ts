import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleCli } from '../../bundle.mjs';
import { builderDr, built, loadedModules } from '../setup/command-line.ts';

const root = join(import.meta.dirname, '..', '..');

describe('the built command line', () => {
  beforeAll(bundleCli);

  it('can be executed, also after another build under any umask', () => {
    const rebuild = "import('./bundle.mjs').then((bundle) => bundle.bundleCli())";
    execFileSync('sh', ['-c', `umask 077; "${process.execPath}" -e "${rebuild}"`], { cwd: root });
    expect((statSync(built).mode & 0o777).toString(8)).toBe('755');
  });

  it('knows the version of its package, from any folder', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(await builderDr(['--version'], { file: built, cwd: '/' })).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  it.each([[['--help']], [['--version']]])(
    'loads for %s itself and what parses the words, nothing else',
    async (args) => {
      const found = await loadedModules(args, { file: built });
      const own = found.filter((url) => url.includes('/dist/') && !url.includes('/node_modules/'));
      expect(own.filter((url) => !/\/dist\/(cli|chunks\/chunk-[A-Z0-9]+)\.js$/.test(url))).toEqual([]);
      const packages = found.flatMap((url) => /\/node_modules\/([^/]+)/.exec(url)?.[1] ?? []);
      expect([...new Set(packages)]).toEqual(['commander']);
    },
  );

  it('verifies with threads, whose file is beside it', async () => {
    const ran = await builderDr(['verify', join(root, 'config'), '--concurrency', '2', '--json'], { file: built });
    expect([ran.code, JSON.parse(ran.stdout).checked]).toEqual([1, 0]);
  });
});
