import { execFile } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** The command line as its sources, and as `npm ci` builds it. */
export const sources = join(root, 'src', 'cli.ts');
export const built = join(root, 'dist', 'cli.js');

export type Ran = { code: number; stdout: string; stderr: string };
export type Where = {
  /** Added to this process's environment; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** The file to run; the sources, unless named. */
  file?: string;
  /** Options of Node itself. */
  node?: string[];
};

/** Runs `builder-dr` as a process of its own, without a terminal. */
export function builderDr(args: string[], { env = {}, cwd, file = sources, node = [] }: Where = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...node, file, ...args],
      { env: { ...process.env, ...env }, cwd, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

/** The addresses of all modules that the process loads while it does this. */
export async function loadedModules(args: string[], where: Where = {}): Promise<string[]> {
  const preload = join(import.meta.dirname, 'print-loaded.ts');
  const { stderr } = await builderDr(args, { ...where, node: ['--import', preload] });
  return [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, url = '']) => url);
}
