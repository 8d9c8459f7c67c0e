import { createHash } from 'node:crypto';
import type { CopyProgress, CopySource, ObjectEntry } from '../../src/core/ports/artifacts.ts';
import { DrError } from '../../src/errors.ts';

type Held = ObjectEntry & { body: Buffer };
/** Newest first. `deletedAt`: a delete marker is the current one. */
type Versions = { deletedAt: Date | undefined; held: Held[] };
export type Sealed = 'archived' | 'own key';

export const buckets = new Map<string, Bucket>();

export class Bucket {
  readonly #name: string;
  readonly #clock: () => Date;
  readonly #keys = new Map<string, Versions>();
  readonly #seals = new Map<string, Sealed>();
  #serial = 0;
  versioned = false;
  encrypted = false;
  readonly uploads = new Uploads();

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
    this.#seals.delete(key);
  }

  remove(key: string): void {
    const { held } = this.versions(key);
    if (this.versioned && held.length > 0) this.#keys.set(key, { deletedAt: this.#clock(), held });
    else this.#keys.delete(key);
    this.#seals.delete(key);
  }

  seal(key: string, how: Sealed | undefined): void {
    if (how) this.#seals.set(key, how);
    else this.#seals.delete(key);
  }

  /** What S3 says of the current object: an archived one still shows its facts. */
  requireReadable(key: string, what: 'bytes' | 'facts'): void {
    const how = this.#seals.get(key);
    if (how === undefined || (how === 'archived' && what === 'facts')) return;
    throw new DrError('UNCOPYABLE', `${this.#name}/${key} is ${how}`, { subject: `${this.#name}/${key}` });
  }
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

/** What a copy reads: exactly what was seen. */
export function readSource({ bucket: name, entry, ofVersion }: CopySource): Buffer {
  const bucket = buckets.get(name);
  const source = bucket?.find(entry.key, ofVersion);
  if (!bucket || !source) throw new DrError('NOT_FOUND', `no ${name}/${entry.key}`);
  if (ofVersion === undefined) bucket.requireReadable(entry.key, 'bytes');
  if (source.etag !== entry.etag) throw new DrError('CONFLICT', `${entry.key} changed`);
  return source.body;
}

export type PartLimits = { partBytes: number; partsPerAttempt: number };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Part by part, each its own call, `end` the last: others may come in between, and whoever dies leaves what came. */
export async function byParts(
  { uploads }: Bucket,
  source: CopySource,
  limits: PartLimits,
  parts: string[],
  end: (body: Buffer) => void,
  progress?: CopyProgress,
): Promise<void> {
  const { upload: known, outdated } = (await progress?.unfinished()) ?? {};
  if (outdated !== undefined) uploads.end(outdated);
  const made = known ?? uploads.begin();
  const upload = known ?? (await progress?.began(made)) ?? made;
  if (upload !== made) uploads.end(made);
  const all = Math.ceil(source.entry.size / limits.partBytes);
  let copied = 0;
  for (let n = 1; n <= all; n += 1) {
    await turn();
    const body = await stillThere(source, async () => {
      uploads.end(upload);
      await progress?.ended();
    });
    if (uploads.parts(upload).has(n)) continue;
    if (progress && copied >= limits.partsPerAttempt) {
      throw new DrError('COPY_UNFINISHED', `${source.entry.key}: part ${n}`, { left: all - n + 1 });
    }
    uploads.parts(upload).set(n, body.subarray((n - 1) * limits.partBytes, n * limits.partBytes));
    parts.push(`${upload} ${n}`);
    copied += 1;
  }
  const whole = Buffer.concat([...uploads.parts(upload)].sort(([a], [b]) => a - b).map(([, part]) => part));
  uploads.end(upload);
  try {
    end(whole);
  } finally {
    await progress?.ended();
  }
}

async function stillThere(source: CopySource, giveUp: () => Promise<void>): Promise<Buffer> {
  try {
    return readSource(source);
  } catch (error) {
    await giveUp();
    throw error;
  }
}
