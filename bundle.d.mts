import type { Metafile } from 'esbuild';

/** Bundles every function; answers with esbuild's account of what went into each. */
export function bundleFunctions(): Promise<Metafile>;
