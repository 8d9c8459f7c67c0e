import { compareKeys } from '../../src/core/artifacts/merge-diff.ts';
import { isArtifactKey } from '../../src/core/artifacts/reserved.ts';
import type { ArtifactStore, CopyProgress, CopySource, ObjectEntry } from '../../src/core/ports/artifacts.ts';
import type { ReplicaRemoval } from '../../src/core/ports/removal.ts';
import { DrError } from '../../src/errors.ts';
import { Bucket, buckets, byParts, type PartLimits, readSource, type Sealed } from './bucket.ts';
import { type MemoryBucket, memoryRemoval } from './versions.ts';

const PAGE = 1_000;

/** A bucket of artifacts in memory, and what a test does to it behind everybody's back. */
export type MemoryArtifacts = ArtifactStore & {
  plant: (key: string, body: Buffer) => void;
  /** A byte rots: ETag, version and date stay. */
  rot: (key: string) => void;
  lose: (key: string) => void;
  /** Nobody can read it as it is: it is archived, or under a key that only its owner sends. */
  seal: (key: string, how: Sealed | undefined) => void;
  /** Larger copies go part by part, and no attempt copies more than so many parts. */
  limits: PartLimits;
  /** Parts that were copied into this bucket, by upload and number, in their order. */
  parts: string[];
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

const entryOf = ({ body: _body, ...entry }: ObjectEntry & { body: Buffer }): ObjectEntry => entry;

export function memoryArtifacts(name: string, clock: () => Date): MemoryArtifacts {
  const bucket = new Bucket(name, clock);
  buckets.set(name, bucket);
  const limits = { partBytes: Number.POSITIVE_INFINITY, partsPerAttempt: Number.POSITIVE_INFINITY };
  const parts: string[] = [];
  const isLarge = ({ entry }: CopySource): boolean => entry.size > limits.partBytes;
  const copied = async (source: CopySource, end: (body: Buffer) => void, progress?: CopyProgress): Promise<void> =>
    isLarge(source) ? byParts(bucket, source, limits, parts, end, progress) : end(readSource(source));
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
    seal: (key, how) => bucket.seal(key, how),
    limits,
    parts,
    bodies: (key) => bucket.of(key).map(({ held }) => held.body),
    versions: bucket,
    removal: memoryRemoval(bucket),
    async open(key, etag, ofVersion) {
      const found = bucket.find(key, ofVersion);
      if (ofVersion === undefined) bucket.requireReadable(key, 'bytes');
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
      if (found) bucket.requireReadable(key, 'facts');
      return found && entryOf(found);
    },
    async history(key) {
      if (!isArtifactKey(key)) return { deletedAt: undefined, versions: [] };
      const versions = bucket.of(key).slice(0, 100);
      return { deletedAt: bucket.deletedAt(key), versions: versions.map(({ held }) => entryOf(held)) };
    },
    async replaceFrom(source, badEtag, progress) {
      const key = source.as ?? source.entry.key;
      const end = (body: Buffer): void => {
        if (bucket.current(key)?.etag !== badEtag) throw new DrError('CONFLICT', `${key} is another by now`);
        bucket.put(key, body);
      };
      await copied(source, end, progress);
    },
    async copyFrom(source, progress) {
      const key = source.as ?? source.entry.key;
      buckets.get(source.bucket)?.find(source.entry.key, source.ofVersion);
      if (bucket.current(key)) {
        if (isLarge(source)) await progress?.ended();
        return 'exists';
      }
      let outcome: 'copied' | 'exists' = 'copied';
      const end = (body: Buffer): void => {
        if (bucket.current(key)) outcome = 'exists';
        else bucket.put(key, body);
      };
      await copied(source, end, progress);
      return outcome;
    },
    async tryCopy(source) {
      return { bytes: readSource(source).length, conditions: 'held' };
    },
  };
}
