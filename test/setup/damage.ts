import { gzipSync } from 'node:zlib';
import type { MemoryPorts } from '../world/ports.ts';

const junk = Buffer.from('\u0000\u0001 no document {"', 'utf8');
const packed = (text: string | Buffer) => gzipSync(text);
const isPacked = (key: string) => key.endsWith('.gz');
const asKept = (key: string, text: string) => (isPacked(key) ? packed(text) : Buffer.from(text));

/** What can become of the bytes of a document; undefined: they are gone. */
export const damages: Record<string, (key: string, body: Buffer) => Buffer | undefined> = {
  empty: () => Buffer.alloc(0),
  garbage: () => junk,
  cut: (_key, body) => body.subarray(0, Math.floor(body.length / 2)),
  'newer schema': (key, body) => {
    const named = isPacked(key) ? undefined : /"schema": ?"([a-z-]+)\/\d+"/.exec(body.toString())?.[1];
    return asKept(key, `${JSON.stringify({ schema: `${named ?? 'list'}/99`, new: [1] })}\n`);
  },
  'other schema': (key) => asKept(key, '{"schema":"other/1"}\n'),
  'wrong type': (key) => asKept(key, '7\n'),
  'gzip of garbage': () => packed(junk),
  gone: () => undefined,
};

/** Damages a document behind everybody's back; answers what is there now. */
export function damage({ vault }: MemoryPorts, key: string, how: string): Buffer | undefined {
  const held = vault.documents.get(key);
  const body = held && damages[how]?.(key, held.body);
  if (held && body) vault.documents.set(key, { ...held, body, etag: `"damaged ${how}"` });
  else vault.documents.delete(key);
  return body;
}
