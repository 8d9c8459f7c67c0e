import pc from 'picocolors';

/** Prints a demo's steps with their times; colours only on a terminal. */
export class Show {
  readonly timings: Record<string, number> = {};
  readonly #colour = pc.createColors(process.stdout.isTTY === true);
  readonly #start = Date.now();

  get #clock(): string {
    return this.#colour.dim(`${((Date.now() - this.#start) / 1000).toFixed(1).padStart(6)} s`);
  }

  title(text: string): void {
    process.stdout.write(`\n${this.#colour.bold(text)}\n`);
  }

  say(text: string): void {
    process.stdout.write(`${this.#clock}    ${text}\n`);
  }

  /** Runs a step, says how it went, and keeps its time in seconds. */
  async step<T>(name: string, text: string, work: () => Promise<T>, done?: (result: T) => string): Promise<T> {
    const begun = Date.now();
    process.stdout.write(`${this.#clock}  ${this.#colour.cyan('>')} ${text}\n`);
    try {
      const result = await work();
      this.timings[name] = Number(((Date.now() - begun) / 1000).toFixed(1));
      const detail = done ? `: ${done(result)}` : '';
      process.stdout.write(`${this.#clock}  ${this.#colour.green('✔')} ${text}${detail}\n`);
      return result;
    } catch (error) {
      process.stdout.write(`${this.#clock}  ${this.#colour.red('✘')} ${text}: ${(error as Error).message}\n`);
      throw error;
    }
  }

  word(status: string): string {
    const paint = { READY: this.#colour.green, DEGRADED: this.#colour.yellow, NOT_READY: this.#colour.red }[status];
    return paint ? paint(status) : status;
  }
}
