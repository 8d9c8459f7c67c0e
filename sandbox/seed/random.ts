import { createHash } from 'node:crypto';

/** Repeatable bytes and choices from one seed, so that two runs make the same Builder. */
export class SeededRandom {
  readonly #seed: string;
  #counter = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  bytes(length: number): Buffer {
    const blocks: Buffer[] = [];
    for (let made = 0; made < length; made += 32) {
      this.#counter += 1;
      blocks.push(createHash('sha256').update(`${this.#seed}/${this.#counter}`).digest());
    }
    return Buffer.concat(blocks).subarray(0, length);
  }

  below(limit: number): number {
    return this.bytes(4).readUInt32BE() % limit;
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }
}
