import type { Metafile } from 'esbuild';

/** Bundles every function; answers with esbuild's account of what went into each. */
export function bundleFunctions(): Promise<Metafile>;

/** Bundles the command line into dist/cli.js and what it loads when it is needed. */
export function bundleCli(): Promise<void>;
