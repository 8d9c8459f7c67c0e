import { createHash } from 'node:crypto';
import type { ObjectEntry } from '../../../src/core/ports/artifacts.ts';
import type { MemoryArtifacts } from '../../world/artifacts.ts';
import type { Actor, BucketTruth, Bytes, Fact } from '../truth.ts';
import { hashOfWhole } from './pool.ts';

type Held = ObjectEntry & { body: Buffer };
type BucketName = 'primary' | 'replica' | 'displaced';

const known = new WeakMap<Buffer, string>();

/** What bytes really are. Those that are no package of the pool have a name that no package has: no row wants them. */
export function identityOf(body: Buffer): string {
  const found = known.get(body);
  if (found !== undefined) return found;
  const made = hashOfWhole(body) ?? createHash('sha256').update(body).digest('hex');
  known.set(body, made);
  return made;
}

const bytesOfHeld = (held: Held): Bytes => ({
  etag: held.etag,
  size: held.size,
  blake2b: identityOf(held.body),
  since: held.lastModified.getTime(),
  readable: true,
});

export function bucketTruth({ versions }: MemoryArtifacts, exists: () => boolean): BucketTruth {
  return {
    get exists() {
      return exists();
    },
    current: (key) => {
      const found = versions.current(key);
      return found && bytesOfHeld(found);
    },
    kept: (key) => versions.of(key).map(({ held }) => bytesOfHeld(held)),
    *keys() {
      for (const { key } of versions.all()) yield key;
    },
  };
}

/** Tells of everything that happens to the objects of a bucket. */
export function watchBucket(
  name: BucketName,
  { versions }: MemoryArtifacts,
  actor: () => Actor,
  tell: (fact: Fact) => void,
): void {
  const put = versions.put.bind(versions);
  const remove = versions.remove.bind(versions);
  versions.put = (key, body) => {
    const before = versions.current(key);
    put(key, body);
    const held = versions.current(key);
    if (!held) return;
    tell({
      what: 'object',
      by: actor(),
      bucket: name,
      key,
      bytes: bytesOfHeld(held),
      before: before && bytesOfHeld(before),
    });
    if (before && !versions.versioned) {
      tell({ what: 'version-gone', by: actor(), bucket: name, key, bytes: bytesOfHeld(before) });
    }
  };
  versions.remove = (key) => {
    const before = versions.current(key);
    remove(key);
    if (!before) return;
    tell({ what: 'object-deleted', by: actor(), bucket: name, key, before: bytesOfHeld(before) });
    if (!versions.versioned) {
      tell({ what: 'version-gone', by: actor(), bucket: name, key, bytes: bytesOfHeld(before) });
    }
  };
}
