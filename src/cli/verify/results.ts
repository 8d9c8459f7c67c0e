import type { Result } from './pool.ts';

const FAILURES_LISTED = 1_000;

function line({ path, verdict, detail }: Result): string {
  return `${verdict.padEnd(22)} ${path}${detail ? `  (${detail})` : ''}`;
}

/** Writes results as they come (memory does not grow with them, but for the failures to be listed), and keeps count. */
export class Results {
  checked = 0;
  ok = 0;
  readonly #failures: Result[] = [];
  readonly #json: boolean;
  readonly #begin: string;
  readonly #write: (text: string) => void;

  constructor(json: boolean, engine: string, write: (text: string) => void) {
    this.#json = json;
    this.#write = write;
    this.#begin = `{"engine":${JSON.stringify(engine)},"results":[`;
  }

  get failed(): number {
    return this.checked - this.ok;
  }

  add(result: Result): void {
    if (this.#json) this.#write(`${this.begun ? ',' : this.#begin}${JSON.stringify(result)}`);
    this.checked += 1;
    if (result.verdict === 'OK') this.ok += 1;
    else if (this.#failures.length < FAILURES_LISTED) this.#failures.push(result);
  }

  /** Whether something of the document is written, so that it must be closed. */
  get begun(): boolean {
    return this.checked > 0;
  }

  /** Closes the document; after a failure half-way it holds what was checked, and the failure. */
  end(failure?: { code: string; message: string }): void {
    const { checked, ok, failed } = this;
    if (this.#json) {
      const error = failure ? `,"error":${JSON.stringify(failure)}` : '';
      this.#write(`${this.begun ? '' : this.#begin}],"checked":${checked},"ok":${ok},"failed":${failed}${error}}\n`);
      return;
    }
    const listed = this.#failures.sort((a, b) => (a.path < b.path ? -1 : 1)).map(line);
    const more = failed > listed.length ? [`and ${failed - listed.length} more`] : [];
    this.#write(`${[...listed, ...more, `${checked} checked, ${ok} ok, ${failed} failed`].join('\n')}\n`);
  }
}
