import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { DrError } from '../../errors.ts';

/** The files of a folder with their modes, for escrow. Reads nothing but regular files up to 64 KiB. */
export async function readKeyFolder(folder: string): Promise<{ name: string; mode: number; content: Uint8Array }[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new DrError('BAD_USAGE', `cannot read the folder ${folder}`, {
      cause,
      hint: 'Name a folder that you may read with --from.',
    });
  }
  const files = [];
  for (const name of names.sort()) {
    const facts = await stat(join(folder, name));
    if (!facts.isFile() || facts.size > 65_536) continue;
    files.push({ name, mode: facts.mode & 0o777, content: await readFile(join(folder, name)) });
  }
  return files;
}

/** Where a Builder node keeps what escrow holds, below the root of its file system. */
const nodePaths = [
  /^hab\/user\/[^/]+\/config\/user\.toml$/,
  /^hab\/svc\/[^/]+\/user\.toml$/,
  /^hab\/svc\/builder-api\/config\/config\.toml$/,
  /^hab\/svc\/builder-api\/files\/builder-github-app\.pem$/,
  /^hab\/svc\/builder-api-proxy\/files\/ssl-certificate\.(crt|key)$/,
  /^hab\/svc\/builder-datastore\/config\/pwfile$/,
  /^hab\/cache\/ssl\/[^/]+$/,
];
const nodeFolders = ['hab/user', 'hab/svc', 'hab/cache/ssl'];

async function* walk(root: string, path: string, depth: number): AsyncIterable<string> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries) {
    const child = `${path}/${entry.name}`;
    if (entry.isDirectory() && depth > 0) yield* walk(root, child, depth - 1);
    else if (entry.isFile()) yield child;
  }
}

/** The settings of a Builder node, by their paths below `root`. BAD_USAGE when there are none. */
export async function readNodeFiles(root: string): Promise<{ name: string; mode: number; content: Uint8Array }[]> {
  const found = [];
  for (const folder of nodeFolders) {
    for await (const name of walk(root, folder, 3)) {
      if (!nodePaths.some((pattern) => pattern.test(name))) continue;
      const path = join(root, name);
      found.push({ name, mode: (await stat(path)).mode & 0o777, content: await readFile(path) });
    }
  }
  if (found.length > 0) return found;
  throw new DrError('BAD_USAGE', `no settings of a Builder node below ${root}`, {
    hint: "Name the root of the node's file system with --node: / on the node itself.",
  });
}

/**
 * Writes one file with its mode. The same content again changes nothing but the mode; another content under the same
 * name is refused with CONFLICT.
 */
export async function writeKeyFile(
  folder: string,
  file: { name: string; mode: number; content: Uint8Array },
): Promise<'written' | 'unchanged'> {
  const path = resolve(folder, file.name);
  if (relative(resolve(folder), path).startsWith('..')) {
    throw new DrError('KEY_FILE_INVALID', `${file.name} would be written outside of ${folder}`);
  }
  const before = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (before?.equals(file.content)) {
    await chmod(path, file.mode);
    return 'unchanged';
  }
  if (before) {
    throw new DrError('CONFLICT', `${path} exists with another content`, {
      hint: 'Nothing is overwritten. Name an empty folder with --to.',
    });
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, file.content, { mode: file.mode, flag: 'wx' });
  await chmod(path, file.mode); // whatever the umask took
  return 'written';
}
