import { compareKeys } from '../../src/core/artifacts/merge-diff.ts';
import { isArtifactKey } from '../../src/core/artifacts/reserved.ts';
import type { ArtifactStore, CopySource, ObjectEntry } from '../../src/core/ports/artifacts.ts';
import type { ReplicaRemoval } from '../../src/core/ports/removal.ts';
import { DrError } from '../../src/errors.ts';
import { MemoryBucket, memoryRemoval } from './versions.ts';

const PAGE = 1_000;

/** A bucket of artifacts in memory, and what a test does to it behind everybody's back. */
export type MemoryArtifacts = ArtifactStore & {
  plant: (key: string, body: Buffer) => void;
  /** A byte rots: ETag, version and date stay. */
  rot: (key: string) => void;
  lose: (key: string) => void;
  /** The bucket itself is deleted. */
  drop: () => void;
  /** From now on the bucket keeps versions, or keeps no more of them. */
  keepVersions: (kept?: boolean) => void;
  /** From now on an ETag says nothing of the bytes, as under SSE-KMS: the same bytes have another one each time. */
  encrypt: () => void;
  /** Every body that is held under a key, the current one first. */
  bodies: (key: string) => Buffer[];
  /** What lies in it, with all versions. */
  versions: MemoryBucket;
  removal: ReplicaRemoval;
};

const buckets = new Map<string, MemoryBucket>();

const entryOf = ({ body: _body, ...entry }: ObjectEntry & { body: Buffer }): ObjectEntry => entry;

/** What a copy reads: exactly what was seen. */
function readSource({ bucket, entry, ofVersion }: CopySource): Buffer {
  const source = buckets.get(bucket)?.find(entry.key, ofVersion);
  if (!source) throw new DrError('NOT_FOUND', `no ${bucket}/${entry.key}`);
  if (source.etag !== entry.etag) throw new DrError('CONFLICT', `${entry.key} changed`);
  return source.body;
}

export function memoryArtifacts(name: string, clock: () => Date): MemoryArtifacts {
  const bucket = new MemoryBucket(name, clock);
  buckets.set(name, bucket);
  let dropped = false;
  const there = (): void => {
    if (dropped) throw new DrError('NOT_FOUND', `list ${name}: NoSuchBucket`, { subject: name });
  };
  return {
    bucket: name,
    plant: (key, body) => bucket.put(key, body),
    drop: () => {
      dropped = true;
    },
    keepVersions: (kept = true) => {
      bucket.versioned = kept;
    },
    encrypt: () => {
      bucket.encrypted = true;
    },
    rot: (key) => {
      const held = bucket.find(key, undefined);
      held.body = Buffer.from(held.body);
      held.body[held.body.length - 1] = (held.body.at(-1) ?? 0) ^ 1;
    },
    lose: (key) => bucket.remove(key),
    bodies: (key) => bucket.of(key).map(({ held }) => held.body),
    versions: bucket,
    removal: memoryRemoval(bucket),
    async open(key, etag, ofVersion) {
      const found = bucket.find(key, ofVersion);
      if (etag && found.etag !== etag) throw new DrError('CONFLICT', `${key} changed`);
      return (async function* () {
        yield found.body;
      })();
    },
    async *pages(prefix = '') {
      there();
      const all = bucket.all().filter((each) => each.key.startsWith(prefix) && isArtifactKey(each.key));
      all.sort((a, b) => compareKeys(a.key, b.key));
      for (let start = 0; start < all.length; start += PAGE) {
        // A listing names no versions.
        yield all.slice(start, start + PAGE).map(({ body: _body, versionId: _id, ...entry }) => entry);
      }
    },
    async head(key) {
      const found = isArtifactKey(key) ? bucket.current(key) : undefined;
      return found && entryOf(found);
    },
    async history(key) {
      if (!isArtifactKey(key)) return { deletedAt: undefined, versions: [] };
      const versions = bucket.of(key).slice(0, 100);
      return { deletedAt: bucket.deletedAt(key), versions: versions.map(({ held }) => entryOf(held)) };
    },
    async replaceFrom(source, badEtag) {
      const key = source.as ?? source.entry.key;
      const body = readSource(source);
      if (bucket.current(key)?.etag !== badEtag) throw new DrError('CONFLICT', `${key} is another by now`);
      bucket.put(key, body);
    },
    async copyFrom(source) {
      const key = source.as ?? source.entry.key;
      if (bucket.current(key)) {
        buckets.get(source.bucket)?.find(source.entry.key, source.ofVersion);
        return 'exists';
      }
      bucket.put(key, readSource(source));
      return 'copied';
    },
  };
}
