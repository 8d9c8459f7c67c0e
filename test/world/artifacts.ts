import { createHash } from 'node:crypto';
import { compareKeys } from '../../src/core/artifacts/merge-diff.ts';
import { isArtifactKey } from '../../src/core/artifacts/reserved.ts';
import type { ArtifactStore, ObjectEntry } from '../../src/core/ports/artifacts.ts';
import { DrError } from '../../src/errors.ts';

const PAGE = 1_000;
type Held = ObjectEntry & { body: Buffer };

/** A bucket of artifacts in memory, and what a test does to it behind everybody's back. */
export type MemoryArtifacts = ArtifactStore & {
  plant: (key: string, body: Buffer) => void;
  lose: (key: string) => void;
  /** The bucket itself is deleted. */
  drop: () => void;
};

const buckets = new Map<string, Map<string, Held>>();

export function memoryArtifacts(bucket: string, clock: () => Date): MemoryArtifacts {
  const objects = new Map<string, Held>();
  buckets.set(bucket, objects);
  const plant = (key: string, body: Buffer): void => {
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    objects.set(key, { key, size: body.length, etag, lastModified: clock(), body });
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
    lose: (key) => void objects.delete(key),
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
        .filter((each) => each.key.startsWith(prefix) && isArtifactKey(each.key))
        .sort((a, b) => compareKeys(a.key, b.key));
      for (let start = 0; start < all.length; start += PAGE) {
        yield all.slice(start, start + PAGE).map(({ body: _body, ...entry }) => entry);
      }
    },
    async head(key) {
      const found = objects.get(key);
      if (!found || !isArtifactKey(key)) return undefined;
      const { body: _body, ...entry } = found;
      return entry;
    },
    async history() {
      return { deletedAt: undefined, versions: [] };
    },
    async replaceFrom({ bucket: from, entry }, badEtag) {
      const source = buckets.get(from)?.get(entry.key);
      const same = source?.etag === entry.etag && objects.get(entry.key)?.etag === badEtag;
      if (!source || !same) throw new DrError('CONFLICT', `${entry.key} is another by now`);
      plant(entry.key, source.body);
    },
    async copyFrom({ bucket: from, entry }) {
      const source = buckets.get(from)?.get(entry.key);
      if (!source) throw new DrError('NOT_FOUND', `no ${from}/${entry.key}`);
      if (objects.has(entry.key)) return 'exists';
      if (source.etag !== entry.etag) throw new DrError('CONFLICT', `${entry.key} changed`);
      plant(entry.key, source.body);
      return 'copied';
    },
  };
}
