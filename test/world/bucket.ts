import type { CopyProgress, CopySource } from '../../src/core/ports/artifacts.ts';
import { DrError } from '../../src/errors.ts';
import { MemoryBucket } from './versions.ts';

export type Sealed = 'archived' | 'own key';

export const buckets = new Map<string, Bucket>();

/** The objects of a bucket in memory, what nobody can read of them as it is, and copies that are not done yet. */
export class Bucket extends MemoryBucket {
  readonly #seals = new Map<string, Sealed>();
  readonly uploads = new Uploads();

  override put(key: string, body: Buffer): void {
    super.put(key, body);
    this.#seals.delete(key);
  }

  override remove(key: string): void {
    super.remove(key);
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
    throw new DrError('UNCOPYABLE', `${this.name}/${key} is ${how}`, { subject: `${this.name}/${key}` });
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
