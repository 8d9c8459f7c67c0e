import type { ObjectEntry } from '../../src/core/ports/artifacts.ts';
import type { ReplicaRemoval } from '../../src/core/ports/removal.ts';
import { DrError } from '../../src/errors.ts';

export type Held = ObjectEntry & { body: Buffer };
type Version = { id: string; held: Held | undefined; since: Date; released: boolean };

const DAY_MS = 86_400_000;

/** The versions of a bucket in memory, the newest last; one without bytes is a delete marker. */
export class MemoryVersions {
  readonly #stacks = new Map<string, Version[]>();
  readonly #clock: () => Date;
  #serial = 0;
  kept = true;

  constructor(clock: () => Date) {
    this.#clock = clock;
  }

  add(key: string, held: Held | undefined): void {
    this.#serial += 1;
    const version = { id: `v${this.#serial}`, held, since: this.#clock(), released: false };
    this.#stacks.set(key, [...(this.#stacks.get(key) ?? []), version]);
  }

  forget(key: string): void {
    this.#stacks.delete(key);
  }

  /** All bytes that are kept of a key, the newest first. */
  of(key: string): { held: Held; released: boolean; id: string }[] {
    const stack = this.#stacks.get(key) ?? [];
    return stack.flatMap(({ held, released, id }) => (held ? [{ held, released, id }] : [])).reverse();
  }

  bytes(key: string, id: string): Held | undefined {
    return this.#stacks.get(key)?.find((each) => each.id === id)?.held;
  }

  release(key: string, id: string): void {
    const found = this.#stacks.get(key)?.find((each) => each.id === id);
    if (!found) return;
    if (!found.held) throw new DrError('REMOTE_FAILED', `${id} of ${key} is a delete marker: it takes no tags`);
    found.released = true;
  }

  /** As S3 does it: days count from the successor, to the midnight after; a marker goes once nothing is beneath it. */
  lifecycle(days: number): void {
    const now = this.#clock().getTime();
    for (const [key, stack] of this.#stacks) {
      const due = (since: Date) => Math.ceil((since.getTime() + days * DAY_MS) / DAY_MS) * DAY_MS <= now;
      const left = stack.filter((each, index) => {
        const successor = stack[index + 1];
        return !successor || !each.released || !due(successor.since);
      });
      if (stack.length === 1 && !stack[0]?.held) this.#stacks.delete(key);
      else this.#stacks.set(key, left);
    }
  }

  /** What was hidden comes back: its delete marker is removed. Answers what is current then. */
  undelete(key: string): Held | undefined {
    const stack = this.#stacks.get(key) ?? [];
    if (stack.length > 0 && !stack.at(-1)?.held) stack.pop();
    return stack.at(-1)?.held;
  }
}

/** The removal of objects from that bucket. */
export function memoryRemoval(objects: Map<string, Held>, versions: MemoryVersions): ReplicaRemoval {
  return {
    keepsVersions: async () => versions.kept,
    async hide(key, etag) {
      const found = objects.get(key);
      if (!found) return 'gone';
      if (found.etag !== etag) throw new DrError('CONFLICT', `${key} changed`);
      objects.delete(key);
      if (versions.kept) versions.add(key, undefined);
      else versions.forget(key);
      return 'hidden';
    },
    versions: async (key) =>
      versions.of(key).map(({ held: { body: _body, ...entry }, id }) => ({ ...entry, versionId: id })),
    release: async (key, id) => versions.release(key, id),
  };
}
