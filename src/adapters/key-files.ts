import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DrError } from '../errors.ts';

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
