import { createHash } from 'node:crypto';
import type { ObjectEntry } from '../../src/core/ports/artifacts.ts';
import type { ReplicaRemoval } from '../../src/core/ports/removal.ts';
import { DrError } from '../../src/errors.ts';

type Held = ObjectEntry & { body: Buffer };
/** One without bytes is a delete marker. */
type Version = { id: string; held: Held | undefined; since: Date; released: boolean };

const DAY_MS = 86_400_000;
/** The id of what a bucket holds that keeps no versions; there is one of a key at most. */
const UNVERSIONED = 'null';

/** The objects of a bucket in memory, with their versions, the newest first. */
export class MemoryBucket {
  readonly name: string;
  readonly #clock: () => Date;
  readonly #stacks = new Map<string, Version[]>();
  #serial = 0;
  versioned = false;
  encrypted = false;

  constructor(name: string, clock: () => Date) {
    this.name = name;
    this.#clock = clock;
  }

  #stack(key: string): Version[] {
    return this.#stacks.get(key) ?? [];
  }

  current(key: string): Held | undefined {
    return this.#stack(key)[0]?.held;
  }

  all(): Held[] {
    return [...this.#stacks.keys()].flatMap((key) => this.current(key) ?? []);
  }

  /** Since when a delete marker is over a key. */
  deletedAt(key: string): Date | undefined {
    const newest = this.#stack(key)[0];
    return newest?.held ? undefined : newest?.since;
  }

  /** All bytes that are kept of a key, the newest first. */
  of(key: string): { held: Held; released: boolean; id: string }[] {
    return this.#stack(key).flatMap(({ held, released, id }) => (held ? [{ held, released, id }] : []));
  }

  find(key: string, ofVersion: string | undefined): Held {
    const found = ofVersion ? this.#stack(key).find(({ id }) => id === ofVersion)?.held : this.current(key);
    if (found) return found;
    throw new DrError('NOT_FOUND', `no ${this.name}/${key}`);
  }

  put(key: string, body: Buffer): void {
    this.#serial += 1;
    const etag = this.encrypted
      ? `"${this.name}-${this.#serial}"`
      : `"${createHash('md5').update(body).digest('hex')}"`;
    const version = this.versioned ? { versionId: `v${this.#serial}` } : {};
    this.#add(key, { key, size: body.length, etag, lastModified: this.#clock(), body, ...version });
  }

  remove(key: string): void {
    this.#serial += 1;
    if (this.#stack(key).length > 0) this.#add(key, undefined);
    // A marker over nothing: there never were versions.
    if (!this.versioned && this.of(key).length === 0) this.#stacks.delete(key);
  }

  #add(key: string, held: Held | undefined): void {
    const id = this.versioned ? `v${this.#serial}` : UNVERSIONED;
    const beneath = this.#stack(key).filter((each) => this.versioned || each.id !== UNVERSIONED);
    this.#stacks.set(key, [{ id, held, since: this.#clock(), released: false }, ...beneath]);
  }

  release(key: string, id: string): void {
    const found = this.#stack(key).find((each) => each.id === id);
    if (!found) return;
    if (!found.held) throw new DrError('REMOTE_FAILED', `${id} of ${key} is a delete marker: it takes no tags`);
    found.released = true;
  }

  /** As S3 does it: days count from the successor, to the midnight after; a marker goes once nothing is beneath it. */
  lifecycle(days: number): void {
    const now = this.#clock().getTime();
    const due = (since: Date) => Math.ceil((since.getTime() + days * DAY_MS) / DAY_MS) * DAY_MS <= now;
    for (const [key, stack] of this.#stacks) {
      const left = stack.filter(({ released }, index) => {
        const successor = stack[index - 1];
        return !successor || !released || !due(successor.since);
      });
      if (stack.length === 1 && !stack[0]?.held) this.#stacks.delete(key);
      else this.#stacks.set(key, left);
    }
  }

  /** What was hidden comes back: its delete marker is removed. */
  undelete(key: string): void {
    if (this.deletedAt(key)) this.#stack(key).shift();
  }
}

/** The removal of objects from that bucket. */
export function memoryRemoval(bucket: MemoryBucket): ReplicaRemoval {
  return {
    keepsVersions: async () => bucket.versioned,
    async hide(key, etag) {
      const found = bucket.current(key);
      if (!found) return 'gone';
      if (found.etag !== etag) throw new DrError('CONFLICT', `${key} changed`);
      bucket.remove(key);
      return 'hidden';
    },
    versions: async (key) =>
      bucket.of(key).map(({ held: { body: _body, ...entry }, id }) => ({ ...entry, versionId: id })),
    release: async (key, id) => bucket.release(key, id),
  };
}
