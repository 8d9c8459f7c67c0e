import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { HartReport } from '../../hart/verdict.ts';
import type { HartVerifier } from '../../hart/verify.ts';

const BUFFER_BYTES = 1 << 18;

function unreadable(error: unknown): HartReport {
  const { code, message } = error as NodeJS.ErrnoException;
  const detail = code === 'EISDIR' ? 'it is a folder' : message;
  return { verdict: 'UNREADABLE', signer: null, payloadBlake2b: null, fileBlake2b: null, detail };
}

/** Verifies files one after another with one buffer: reading into the same memory costs half of what streams take. */
export class FileVerifier {
  readonly #verifier: HartVerifier;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

  constructor(verifier: HartVerifier) {
    this.#verifier = verifier;
  }

  verify(path: string, checksum?: string): HartReport {
    let file: number | undefined;
    try {
      file = openSync(path, 'r');
      if (!fstatSync(file).isFile()) throw new Error('it is not a regular file');
      for (;;) {
        const length = readSync(file, this.#buffer, 0, BUFFER_BYTES, null);
        if (length === 0) return this.#verifier.finish(checksum);
        this.#verifier.update(this.#buffer.subarray(0, length));
      }
    } catch (error) {
      this.#verifier.finish();
      return unreadable(error);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

/** Every `.hart` below a folder, or the path itself when it is none. What cannot be looked at is handed on, to get its verdict. */
export async function* hartPaths(path: string): AsyncIterable<string> {
  const facts = await stat(path).catch(() => undefined);
  if (!facts?.isDirectory()) {
    yield path;
    return;
  }
  const names: { name: string; folder: boolean }[] = [];
  for await (const entry of await opendir(path)) {
    if (entry.isDirectory() || entry.name.endsWith('.hart'))
      names.push({ name: entry.name, folder: entry.isDirectory() });
  }
  names.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, folder } of names) {
    // A folder that is named like a package is handed on too, to be called what it is.
    if (folder && !name.endsWith('.hart')) yield* hartPaths(join(path, name));
    else yield join(path, name);
  }
}
