import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DrError } from '../../errors.ts';

const LARGEST_BYTES = 65_536;

export type KeyText = { fileName: string; text: string };

/** Every `.pub` file below the folders, by path order. BAD_USAGE when a folder cannot be read. */
export async function readPublicKeys(folders: string[]): Promise<KeyText[]> {
  const found: KeyText[] = [];
  for (const folder of folders) {
    let names: string[];
    try {
      names = await readdir(folder, { recursive: true });
    } catch (cause) {
      throw new DrError('BAD_USAGE', `cannot read the folder of keys ${folder}`, {
        cause,
        hint: 'Name a folder with .pub files by --keys.',
      });
    }
    for (const name of names.filter((each) => each.endsWith('.pub')).sort()) {
      const path = join(folder, name);
      const facts = await stat(path);
      if (!facts.isFile() || facts.size > LARGEST_BYTES) continue;
      found.push({ fileName: name.split('/').at(-1) ?? name, text: await readFile(path, 'utf8') });
    }
  }
  return found;
}
