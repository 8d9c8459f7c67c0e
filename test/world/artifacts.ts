import { createHash } from 'node:crypto';
import { compareKeys } from '../../src/core/artifacts/merge-diff.ts';
import type { ArtifactStore, CopyProgress, CopySource, ObjectEntry } from '../../src/core/ports/artifacts.ts';
import { DrError } from '../../src/errors.ts';

const PAGE = 1_000;
type Held = ObjectEntry & { body: Buffer };

/** A bucket of artifacts in memory, and what a test does to it behind everybody's back. */
export type MemoryArtifacts = ArtifactStore & {
  plant: (key: string, body: Buffer) => void;
  lose: (key: string) => void;
  /** Nobody can read it as it is: it is archived, or under a key that only its owner sends. */
  seal: (key: string, how: 'archived' | 'own key' | undefined) => void;
  /** Larger copies go part by part, and no attempt copies more than so many parts. */
  limits: { partBytes: number; partsPerAttempt: number };
  /** Parts that were copied into this bucket, by upload and number, in their order. */
  parts: string[];
  /** The bucket itself is deleted. */
  drop: () => void;
};

const buckets = new Map<string, Map<string, Held>>();
const sealed = new Map<string, Map<string, 'archived' | 'own key'>>();

function requireReadable(bucket: string, key: string, what: 'bytes' | 'facts'): void {
  const how = sealed.get(bucket)?.get(key);
  if (how === undefined || (how === 'archived' && what === 'facts')) return;
  throw new DrError('UNCOPYABLE', `${bucket}/${key} is ${how}`, { subject: `${bucket}/${key}` });
}

/** Unfinished uploads of a bucket, as S3 keeps them: by name, with the bytes that came so far. */
class Uploads {
  readonly #open = new Map<string, Map<number, Buffer>>();
  #made = 0;
  begin(): string {
    this.#made += 1;
    this.#open.set(`upload-${this.#made}`, new Map());
    return `upload-${this.#made}`;
  }
  parts(name: string): Map<number, Buffer> {
    const found = this.#open.get(name);
    if (!found) throw new DrError('COPY_UNFINISHED', `${name} is gone`);
    return found;
  }
  end(name: string): void {
    this.#open.delete(name);
  }
}

export function memoryArtifacts(bucket: string, clock: () => Date): MemoryArtifacts {
  const objects = new Map<string, Held>();
  buckets.set(bucket, objects);
  const seals = new Map<string, 'archived' | 'own key'>();
  sealed.set(bucket, seals);
  const limits = { partBytes: Number.POSITIVE_INFINITY, partsPerAttempt: Number.POSITIVE_INFINITY };
  const uploads = new Uploads();
  const parts: string[] = [];
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  /** Part by part, each its own call: others may come in between, and whoever dies leaves what came. */
  async function byParts({ bucket: from, entry }: CopySource, progress?: CopyProgress): Promise<void> {
    const { upload: known, outdated } = (await progress?.unfinished()) ?? {};
    if (outdated !== undefined) uploads.end(outdated);
    const made = known ?? uploads.begin();
    const upload = known ?? (await progress?.began(made)) ?? made;
    if (upload !== made) uploads.end(made);
    let copied = 0;
    for (let start = 0, n = 1; start < entry.size; start += limits.partBytes, n += 1) {
      await turn();
      const source = buckets.get(from)?.get(entry.key);
      if (source?.etag !== entry.etag) {
        uploads.end(upload);
        await progress?.ended();
        throw new DrError('CONFLICT', `${entry.key} changed`);
      }
      if (uploads.parts(upload).has(n)) continue;
      if (progress && copied >= limits.partsPerAttempt) throw new DrError('COPY_UNFINISHED', `${entry.key}: part ${n}`);
      uploads.parts(upload).set(n, source.body.subarray(start, start + limits.partBytes));
      parts.push(`${upload} ${n}`);
      copied += 1;
    }
    const body = Buffer.concat([...uploads.parts(upload)].sort(([a], [b]) => a - b).map(([, part]) => part));
    uploads.end(upload);
    if (!objects.has(entry.key)) plant(entry.key, body);
    await progress?.ended();
  }
  const plant = (key: string, body: Buffer): void => {
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    objects.set(key, { key, size: body.length, etag, lastModified: clock(), body });
    seals.delete(key);
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
    lose: (key) => {
      objects.delete(key);
      seals.delete(key);
    },
    seal: (key, how) => void (how ? seals.set(key, how) : seals.delete(key)),
    limits,
    parts,
    async open(key, etag) {
      const found = objects.get(key);
      if (!found) throw new DrError('NOT_FOUND', `no ${key}`);
      requireReadable(bucket, key, 'bytes');
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
      requireReadable(bucket, key, 'facts');
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
      requireReadable(from, entry.key, 'bytes');
      plant(entry.key, source.body);
    },
    async copyFrom(given, progress) {
      const { bucket: from, entry } = given;
      const source = buckets.get(from)?.get(entry.key);
      if (!source) throw new DrError('NOT_FOUND', `no ${from}/${entry.key}`);
      if (objects.has(entry.key)) {
        if (entry.size > limits.partBytes) await progress?.ended();
        return 'exists';
      }
      requireReadable(from, entry.key, 'bytes');
      if (source.etag !== entry.etag) {
        if (entry.size > limits.partBytes) await progress?.ended();
        throw new DrError('CONFLICT', `${entry.key} changed`);
      }
      if (entry.size <= limits.partBytes) plant(entry.key, source.body);
      else await byParts(given, progress);
      return 'copied';
    },
    async tryCopy({ bucket: from, entry }) {
      requireReadable(from, entry.key, 'bytes');
      const source = buckets.get(from)?.get(entry.key);
      if (!source) throw new DrError('NOT_FOUND', `no ${from}/${entry.key}`);
      return { bytes: source.body.length, conditions: 'held' };
    },
  };
}
