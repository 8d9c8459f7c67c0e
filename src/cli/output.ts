import { DrError, describeError, exitCodeOf } from '../errors.ts';

/** One JSON document, its text for people, and whether all is well; what is left out was written on the way. */
export type Answer = { json?: unknown; text?: string; healthy: boolean };

/** Where answers, errors and progress go: documents to standard output, everything else to standard error. */
export class Output {
  /** Whether a program listens: standard output is one JSON document. */
  readonly json: boolean;
  readonly #out: NodeJS.WriteStream;
  readonly #err: NodeJS.WriteStream;
  #begun = false;

  constructor(json: boolean, out: NodeJS.WriteStream, err: NodeJS.WriteStream) {
    this.json = json;
    this.#out = out;
    this.#err = err;
  }

  /** Lines for people, before the answer. */
  say(text: string): void {
    if (!this.json) this.#out.write(`${text}\n`);
  }

  /** A piece of the answer, by a command that writes its own document as it goes. */
  write(piece: string): void {
    this.#begun = true;
    this.#out.write(piece);
  }

  answer({ json, text }: Answer): void {
    const whole = this.json ? json !== undefined && JSON.stringify(json) : text;
    if (whole !== undefined && whole !== false) this.#out.write(`${whole}\n`);
  }

  /** Writes over its own line on a terminal; absent where nobody would see it, or where it would get into a document. */
  get progress(): ((text: string) => void) | undefined {
    if (!this.#err.isTTY || (this.json && this.#out.isTTY)) return undefined;
    return (text) => void this.#err.write(text);
  }

  /** Tells an error to people, and with --json to programs, unless their document is begun; answers the exit code. */
  fail(error: unknown): number {
    const unknown = { code: 'UNEXPECTED', subject: undefined, hint: undefined };
    const { code, subject, hint } = error instanceof DrError ? error : unknown;
    const message = describeError(error);
    if (this.json && !this.#begun) this.#out.write(`${JSON.stringify({ error: { code, subject, message, hint } })}\n`);
    this.#err.write(`builder-dr: ${message}\n${hint ? `  hint: ${hint}\n` : ''}`);
    return exitCodeOf(error);
  }
}
