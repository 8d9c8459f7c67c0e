import type { Output } from '../output.ts';

/** What there is to verify; of a bucket nobody knows before it was listed. */
type Total = { files: number; bytes: number };

const MIN_PAUSE_MS = 200;
const MB = 1e6;

/** One line on a terminal: how much of how much, the rate, the time left. */
export class Progress {
  #bytes = 0;
  #files = 0;
  #shown = 0;
  readonly #begun = performance.now();
  readonly #total: Total | undefined;
  readonly #write: (text: string) => void;

  constructor(total: Total | undefined, write: (text: string) => void) {
    this.#total = total;
    this.#write = write;
  }

  /** Bytes that were read. */
  read(bytes: number): void {
    this.#bytes += bytes;
    this.#show();
  }

  /** One more package is done. */
  passed(): void {
    this.#files += 1;
    this.#show();
  }

  clear(): void {
    this.#write('\r\x1b[K');
  }

  #show(): void {
    const now = performance.now();
    if (now - this.#shown < MIN_PAUSE_MS) return;
    this.#shown = now;
    const rate = this.#bytes / Math.max(0.001, (now - this.#begun) / 1000);
    const speed = `${(rate / MB).toFixed(0)} MB/s`;
    if (this.#total) {
      const left = rate > 0 ? Math.ceil((this.#total.bytes - this.#bytes) / rate) : 0;
      this.#write(`\r\x1b[K${this.#files}/${this.#total.files} packages, ${speed}, ${left} s left`);
    } else this.#write(`\r\x1b[K${this.#files} packages, ${(this.#bytes / MB).toFixed(0)} MB, ${speed}`);
  }
}

/** Shows the progress of the work where somebody sees it. */
export async function withProgress(
  output: Output,
  measure: () => Promise<Total | undefined>,
  work: (progress: Progress | undefined) => Promise<void>,
): Promise<void> {
  const write = output.progress;
  const progress = write && new Progress(await measure(), write);
  try {
    await work(progress);
  } finally {
    progress?.clear();
  }
}
