import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = import.meta.dirname;
const names = readdirSync(join(root, 'functions'), { withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => entry.name.replace('.ts', ''));

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  logLevel: 'warning',
};

/**
 * One self-contained file per function in dist/functions. CommonJS in a `.js`: the one kind that Lambda, the
 * emulator and `invoke local` all load; the note beside them says so to Node, and stays out of the packages.
 */
export async function bundleFunctions() {
  const outdir = 'dist/functions';
  rmSync(join(root, outdir), { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: names.map((name) => ({ in: `functions/${name}.ts`, out: name })),
    outdir,
    format: 'cjs',
    minify: true,
    // Errors are told by the names of their classes.
    keepNames: true,
    legalComments: 'none',
  });
  writeFileSync(join(root, outdir, 'package.json'), '{ "type": "commonjs" }\n');
}

/** The command line: what a command does not need is not loaded, so its parts are files of their own. */
export async function bundleCli() {
  for (const name of ['chunks', 'cli.js', 'verify-worker.js']) {
    rmSync(join(root, 'dist', name), { recursive: true, force: true });
  }
  await build({
    ...common,
    format: 'esm',
    entryPoints: [
      { in: 'src/cli.ts', out: 'cli' },
      { in: 'src/cli/verify-worker.ts', out: 'verify-worker' },
    ],
    banner: { js: '#!/usr/bin/env node' },
    outdir: 'dist',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    packages: 'external',
  });
}

/** The plugin: `serverless deploy` and `invoke local` always take fresh bundles. */
export default class Bundle {
  hooks = {
    'before:package:initialize': bundleFunctions,
    'before:deploy:function:packageFunction': bundleFunctions,
    'before:invoke:local:invoke': bundleFunctions,
  };
}

// Not awaited at top level: the framework loads this file with require.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  bundleFunctions()
    .then(bundleCli)
    .catch(() => process.exit(1)); // esbuild has printed why
}
