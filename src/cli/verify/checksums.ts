import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DrError } from '../../errors.ts';

const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

/** Reads what `b2sum -l 256` writes: hash, two characters, path. BAD_USAGE names the first line that is not. */
export async function readChecksums(file: string): Promise<Map<string, string>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new DrError('BAD_USAGE', `cannot read the checksums ${file}`, {
      cause,
      hint: 'Name a file as `b2sum -l 256` writes it.',
    });
  });
  const found = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue;
    const [, hash, path] = LINE.exec(line) ?? [];
    if (!hash || !path) {
      throw new DrError('BAD_USAGE', `${file}: line ${index + 1} is not a checksum: ${line.slice(0, 80)}`, {
        hint: 'Each line is 64 hex digits, two spaces and a path.',
      });
    }
    found.set(path.startsWith('s3://') ? path : resolve(path), hash);
  }
  return found;
}
