import type { Scene } from './check.ts';
import { keysOf } from './documents.ts';

/** Points that are not over: what they refer to is wanted. */
function* unexpired({ memory }: Scene): Generator<string> {
  for (const [id, { state }] of memory.points) if (state !== 'expired' && state !== 'failed') yield id;
  // One that nobody can read may be any of them.
  for (const [key] of memory.unreadable('points/')) yield key.slice('points/'.length, -'.json'.length);
}

/** An unexpired point whose database has this key with this checksum. */
export function rowReference(scene: Scene, key: string, blake2b: string): string | undefined {
  for (const id of unexpired(scene)) if (scene.memory.data.get(id)?.data.rows.get(key) === blake2b) return id;
  return undefined;
}

/** An unexpired point whose database or list of artifacts names this key. */
export function nameReference(scene: Scene, key: string): string | undefined {
  for (const id of unexpired(scene)) {
    if (scene.memory.data.get(id)?.data.rows.has(key)) return id;
    const reading = scene.memory.document(`inventory/${id}.artifacts.ndjson.gz`)?.reading;
    if (keysOf(reading)?.has(key)) return id;
  }
  return undefined;
}

/** An unexpired point that has rows with this checksum, and the first of their keys. */
export function checksumReference(scene: Scene, blake2b: string): { id: string; key: string } | undefined {
  for (const id of unexpired(scene)) {
    for (const [key, checksum] of scene.memory.data.get(id)?.data.rows ?? [])
      if (checksum === blake2b) return { id, key };
  }
  return undefined;
}
