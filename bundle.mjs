import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

/** A function's credentials are in its environment: the providers for laptops and containers stay out. */
const credentialsOfLambda = {
  name: 'credentials-of-lambda',
  setup(setup) {
    setup.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path }) => ({ path, namespace: 'lambda' }));
    setup.onLoad({ filter: /.*/, namespace: 'lambda' }, () => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
      resolveDir: root,
    }));
  },
};

/**
 * Each client registers a class for every error of its service, needed or not. Kept are those that the adapters know
 * by name; any other error arrives as the service's own, with the name that the service gave it.
 */
const knownErrorsOnly = (source, known) => {
  const isKnown = (name) => new RegExp(`\\b${name}\\b`).test(known) || name.endsWith('ServiceException');
  return source.replace(/^\w+\.registerError\(\w+\$, (\w+)\);$/gm, (line, name) => (isKnown(name) ? line : ''));
};

/**
 * A shape's properties are named by constants, `{ [_st]: 1 }`, which might be anything for a bundler, so that it keeps
 * every shape of the service. With the names written out it drops those of calls that nobody makes.
 */
const namesWrittenOut = (source) => {
  const names = new Map([...source.matchAll(/^const (_\w+) = ("[^"]*");$/gm)].map(([, name, text]) => [name, text]));
  return source.replace(/\[(_\w+)\]:/g, (key, name) => (names.has(name) ? `${names.get(name)}:` : key));
};

const neededShapesOnly = {
  name: 'needed-shapes-only',
  setup(setup) {
    const known = readFileSync(join(root, 'src/adapters/aws/errors.ts'), 'utf8');
    setup.onLoad({ filter: /client-[a-z0-9-]+\/dist-es\/schemas\/schemas_0\.js$/ }, async ({ path }) => ({
      contents: namesWrittenOut(knownErrorsOnly(await readFile(path, 'utf8'), known)),
      loader: 'js',
    }));
  },
};

/** Of its own description a client reads the version, for the header that names it. */
const versionsOnly = {
  name: 'versions-only',
  setup(setup) {
    setup.onLoad({ filter: /@aws-sdk\/client-[a-z0-9-]+\/package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/** Replaces files whole, so that two may bundle at once. */
function writeWhole(files, mode) {
  for (const { path, contents } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, contents);
    if (mode) chmodSync(`${path}.${process.pid}`, mode);
    renameSync(`${path}.${process.pid}`, path);
  }
}

function removeOthers(folder, files) {
  const kept = new Set(files.map(({ path }) => path));
  const stale = readdirSync(folder).filter((name) => name.endsWith('.js') && !kept.has(join(folder, name)));
  for (const name of stale) rmSync(join(folder, name), { force: true });
}

/**
 * One self-contained file per function in dist/functions. CommonJS in a `.js`: the one kind that Lambda, the
 * emulator and `invoke local` all load; the note beside them says so to Node, and stays out of the packages.
 * Returns esbuild's account of what went into each.
 */
export async function bundleFunctions() {
  const outdir = join(root, 'dist/functions');
  const { metafile, outputFiles } = await build({
    ...common,
    entryPoints: names.map((name) => ({ in: `functions/${name}.ts`, out: name })),
    outdir,
    format: 'cjs',
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    plugins: [credentialsOfLambda, neededShapesOnly, versionsOnly],
  });
  writeWhole([...outputFiles, { path: join(outdir, 'package.json'), contents: '{ "type": "commonjs" }\n' }]);
  removeOthers(outdir, outputFiles);
  return metafile;
}

/** The command line: what a command does not need is not loaded, so its parts are files of their own. */
export async function bundleCli() {
  const outdir = join(root, 'dist');
  const { outputFiles } = await build({
    ...common,
    // It may run on the machine's own Node.
    target: 'node20',
    format: 'esm',
    entryPoints: [
      { in: 'src/cli.ts', out: 'cli' },
      { in: 'src/cli/verify/worker.ts', out: 'verify-worker' },
    ],
    banner: { js: '#!/usr/bin/env node' },
    outdir,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    packages: 'external',
    write: false,
  });
  const chunks = join(outdir, 'chunks');
  const isChunk = ({ path }) => dirname(path) === chunks;
  writeWhole(outputFiles.filter(isChunk));
  // npm makes a command executable when it installs it, and no build after that.
  const entries = outputFiles.filter((file) => !isChunk(file));
  writeWhole(entries, 0o755);
  removeOthers(chunks, outputFiles);
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
