import { createRequire } from 'node:module';
import type { Transform } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';

type Done = (error?: Error | null) => void;
type Class = { prototype: Record<string, unknown> };
const zlib = createRequire(import.meta.url)('node:zlib') as { Gzip: Class; Gunzip: Class };
const held = new WeakMap<Transform, Buffer[]>();

function atOnce({ prototype }: Class, whole: (bytes: Buffer) => Buffer): void {
  prototype['_transform'] = function collect(this: Transform, chunk: Buffer, _encoding: string, done: Done) {
    const chunks = held.get(this) ?? [];
    held.set(this, chunks);
    chunks.push(Buffer.from(chunk));
    done();
  };
  prototype['_flush'] = function end(this: Transform, done: Done) {
    let bytes: Buffer;
    try {
      bytes = whole(Buffer.concat(held.get(this) ?? []));
    } catch (error) {
      return done(error as Error);
    }
    this.push(bytes);
    return done();
  };
}

let done = false;

/**
 * From now on streams of this process are packed and unpacked on this thread: what comes back from a pool of threads comes in
 * no order that could be repeated.
 */
export function packOnThisThread(): void {
  if (done) return;
  done = true;
  atOnce(zlib.Gzip, (bytes) => gzipSync(bytes, { level: 1 }));
  atOnce(zlib.Gunzip, (bytes) => gunzipSync(bytes));
}
