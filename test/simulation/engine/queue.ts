import type { ArtifactMessage, WorkQueue } from '../../../src/core/ports/artifacts.ts';
import type { ArtifactWork } from '../../../src/jobs/artifacts/replicate-batch.ts';

type Held = { work: ArtifactWork; receives: number; inHand: boolean };

/** After so many attempts a message goes to the dead-letter queue (infra/messaging). */
const MAX_RECEIVES = 5;
const BATCH = 6;

/** The queue of artifact work as SQS keeps it: what was taken and not ended comes back. */
export class SimQueue implements WorkQueue {
  readonly #held: Held[] = [];
  dead = 0;

  get waiting(): number {
    return this.#held.filter((each) => !each.inHand).length;
  }

  send(messages: ArtifactMessage[]): Promise<void> {
    for (const { key } of messages) this.put({ key });
    return Promise.resolve();
  }

  put(work: ArtifactWork): void {
    this.#held.push({ work, receives: 0, inHand: false });
  }

  depth(): Promise<number> {
    return Promise.resolve(this.#held.length);
  }

  take(): Held[] {
    const taken = this.#held.filter((each) => !each.inHand).slice(0, BATCH);
    for (const each of taken) {
      each.inHand = true;
      each.receives += 1;
    }
    return taken;
  }

  /** What failed is given back; `undefined`: the batch ended nobody knows how. */
  give(taken: Held[], errors: readonly unknown[] | undefined): void {
    for (const [index, each] of taken.entries()) {
      each.inHand = false;
      if (errors && !errors[index]) this.#drop(each);
      else if (each.receives >= MAX_RECEIVES) {
        this.#drop(each);
        this.dead += 1;
      }
    }
  }

  #drop(each: Held): void {
    this.#held.splice(this.#held.indexOf(each), 1);
  }
}
