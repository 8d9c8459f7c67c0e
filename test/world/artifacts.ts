import { createHash } from 'node:crypto';
import { compareKeys } from '../../src/core/artifacts/merge-diff.ts';
import { isArtifactKey } from '../../src/core/artifacts/reserved.ts';
import type { ArtifactStore, CopySource, ObjectEntry } from '../../src/core/ports/artifacts.ts';
import { DrError } from '../../src/errors.ts';

const PAGE = 1_000;
type Held = ObjectEntry & { body: Buffer };
/** Newest first. `deletedAt`: a delete marker is the current one. */
type Versions = { deletedAt: Date | undefined; held: Held[] };

/** A bucket of artifacts in memory, and what a test does to it behind everybody's back. */
export type MemoryArtifacts = ArtifactStore & {
  plant: (key: string, body: Buffer) => void;
  /** A byte rots: ETag, version and date stay. */
  rot: (key: string) => void;
  lose: (key: string) => void;
  /** The bucket itself is deleted. */
  drop: () => void;
  /** From now on the bucket keeps versions. */
  keepVersions: () => void;
  /** From now on an ETag says nothing of the bytes, as under SSE-KMS: the same bytes have another one each time. */
  encrypt: () => void;
  /** Every body that is held under a key, the current one first. */
  bodies: (key: string) => Buffer[];
};

const buckets = new Map<string, Bucket>();

class Bucket {
  readonly #name: string;
  readonly #clock: () => Date;
  readonly #keys = new Map<string, Versions>();
  #serial = 0;
  versioned = false;
  encrypted = false;

  constructor(name: string, clock: () => Date) {
    this.#name = name;
    this.#clock = clock;
  }

  current(key: string): Held | undefined {
    const versions = this.#keys.get(key);
    return versions?.deletedAt ? undefined : versions?.held[0];
  }

  all(): Held[] {
    return [...this.#keys.keys()].flatMap((key) => this.current(key) ?? []);
  }

  versions(key: string): Versions {
    return this.#keys.get(key) ?? { deletedAt: undefined, held: [] };
  }

  find(key: string, ofVersion: string | undefined): Held {
    const found = ofVersion ? this.versions(key).held.find((each) => each.versionId === ofVersion) : this.current(key);
    if (found) return found;
    throw new DrError('NOT_FOUND', `no ${this.#name}/${key}`);
  }

  put(key: string, body: Buffer): void {
    this.#serial += 1;
    const etag = this.encrypted
      ? `"${this.#name}-${this.#serial}"`
      : `"${createHash('md5').update(body).digest('hex')}"`;
    const version = this.versioned ? { versionId: `v${this.#serial}` } : {};
    const held = { key, size: body.length, etag, lastModified: this.#clock(), body, ...version };
    const before = this.versioned ? this.versions(key).held : [];
    this.#keys.set(key, { deletedAt: undefined, held: [held, ...before] });
  }

  remove(key: string): void {
    const { held } = this.versions(key);
    if (this.versioned && held.length > 0) this.#keys.set(key, { deletedAt: this.#clock(), held });
    else this.#keys.delete(key);
  }
}

const entryOf = ({ body: _body, ...entry }: Held): ObjectEntry => entry;

/** What a copy reads: exactly what was seen. */
function readSource({ bucket, entry, ofVersion }: CopySource): Buffer {
  const source = buckets.get(bucket)?.find(entry.key, ofVersion);
  if (!source) throw new DrError('NOT_FOUND', `no ${bucket}/${entry.key}`);
  if (source.etag !== entry.etag) throw new DrError('CONFLICT', `${entry.key} changed`);
  return source.body;
}

export function memoryArtifacts(name: string, clock: () => Date): MemoryArtifacts {
  const bucket = new Bucket(name, clock);
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
    keepVersions: () => {
      bucket.versioned = true;
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
    bodies: (key) => bucket.versions(key).held.map((each) => each.body),
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
      const { deletedAt, held } = bucket.versions(key);
      return { deletedAt, versions: held.slice(0, 100).map(entryOf) };
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
