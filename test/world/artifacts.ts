import { createHash } from 'node:crypto';
import { compareKeys } from '../../src/core/artifacts/merge-diff.ts';
import type { ArtifactStore } from '../../src/core/ports/artifacts.ts';
import type { ReplicaRemoval } from '../../src/core/ports/removal.ts';
import { DrError } from '../../src/errors.ts';
import { type Held, MemoryVersions, memoryRemoval } from './versions.ts';

const PAGE = 1_000;

/** A bucket of artifacts in memory, and what a test does to it behind everybody's back. */
export type MemoryArtifacts = ArtifactStore & {
  plant: (key: string, body: Buffer) => void;
  lose: (key: string) => void;
  /** The bucket itself is deleted. */
  drop: () => void;
  versions: MemoryVersions;
  removal: ReplicaRemoval;
  undelete: (key: string) => void;
};

type Bucket = { objects: Map<string, Held>; versions: MemoryVersions };
const buckets = new Map<string, Bucket>();

export function memoryArtifacts(bucket: string, clock: () => Date): MemoryArtifacts {
  const objects = new Map<string, Held>();
  const versions = new MemoryVersions(clock);
  buckets.set(bucket, { objects, versions });
  const plant = (key: string, body: Buffer): void => {
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const held = { key, size: body.length, etag, lastModified: clock(), body };
    objects.set(key, held);
    versions.add(key, held);
  };
  let dropped = false;
  const there = (): void => {
    if (dropped) throw new DrError('NOT_FOUND', `list ${bucket}: NoSuchBucket`, { subject: bucket });
  };
  return {
    bucket,
    plant,
    drop: () => {
      dropped = true;
    },
    versions,
    removal: memoryRemoval(objects, versions),
    undelete: (key) => {
      const found = versions.undelete(key);
      if (found) objects.set(key, found);
    },
    lose: (key) => {
      objects.delete(key);
      versions.forget(key);
    },
    async open(key, etag) {
      const found = objects.get(key);
      if (!found) throw new DrError('NOT_FOUND', `no ${key}`);
      if (etag && found.etag !== etag) throw new DrError('CONFLICT', `${key} changed`);
      return (async function* () {
        yield found.body;
      })();
    },
    async *pages(prefix = '') {
      there();
      const all = [...objects.values()]
        .filter((each) => each.key.startsWith(prefix))
        .sort((a, b) => compareKeys(a.key, b.key));
      for (let start = 0; start < all.length; start += PAGE) {
        yield all.slice(start, start + PAGE).map(({ body: _body, ...entry }) => entry);
      }
    },
    async head(key) {
      const found = objects.get(key);
      if (!found) return undefined;
      const { body: _body, ...entry } = found;
      return entry;
    },
    async history() {
      return { deletedAt: undefined, versions: [] };
    },
    async replaceFrom({ bucket: from, entry }, badEtag) {
      const source = buckets.get(from)?.objects.get(entry.key);
      const same = source?.etag === entry.etag && objects.get(entry.key)?.etag === badEtag;
      if (!source || !same) throw new DrError('CONFLICT', `${entry.key} is another by now`);
      plant(entry.key, source.body);
    },
    async copyFrom({ bucket: from, entry, ofVersion }) {
      const there = buckets.get(from);
      const source = ofVersion ? there?.versions.bytes(entry.key, ofVersion) : there?.objects.get(entry.key);
      if (!source) throw new DrError('NOT_FOUND', `no ${from}/${entry.key}`);
      if (objects.has(entry.key)) return 'exists';
      if (source.etag !== entry.etag) throw new DrError('CONFLICT', `${entry.key} changed`);
      plant(entry.key, source.body);
      return 'copied';
    },
  };
}
