/** Longest header line that is read, in bytes; hab itself has no limit, real lines have 172 at most. */
const LINE_LIMIT = 512;
const LINES = 5;
const LF = 0x0a;
const edges = /^\p{White_Space}+|\p{White_Space}+$/gu;
const namedRevision = /^.+-\p{Nd}{14}$/u;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type HartHeader = {
  signer: string;
  /** Ed25519 signature of 64 bytes, then the signed message: normally the hex of the payload's hash. */
  signature: Buffer;
};

/** Why a header is not one, in words for the report's detail. */
export class HeaderError extends Error {}

/** Standard alphabet, full padding, no stray bits: what the format's own reader takes. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Collects the five lines of a header from chunks of any size, and hands back where the payload begins. */
export class HeaderReader {
  readonly #lines: Buffer[] = [];
  #pending: Buffer = Buffer.alloc(0);

  get complete(): boolean {
    return this.#lines.length === LINES;
  }

  /**
   * Takes what belongs to the header and answers how many bytes that were.
   * Throws HeaderError for a line that is too long.
   */
  take(chunk: Uint8Array): number {
    let at = 0;
    while (!this.complete && at < chunk.length) {
      const found = chunk.indexOf(LF, at);
      const end = found === -1 ? chunk.length : found;
      const length = this.#pending.length + end - at;
      if (length > LINE_LIMIT) {
        throw new HeaderError(`line ${this.#lines.length + 1} is longer than ${LINE_LIMIT} bytes`);
      }
      const line = Buffer.concat([this.#pending, chunk.subarray(at, end)]);
      if (found === -1) {
        this.#pending = line;
        return chunk.length;
      }
      this.#lines.push(line);
      this.#pending = Buffer.alloc(0);
      at = found + 1;
    }
    return at;
  }

  /** The header, once it is complete or the file has ended. Throws HeaderError. */
  parse(): HartHeader {
    if (!this.complete) throw new HeaderError(`the file ends in line ${this.#lines.length + 1} of the header`);
    const [format = '', signer = '', hashType = '', signature = '', end = ''] = this.#lines.map((line, index) => {
      try {
        return decoder.decode(line).replace(edges, '');
      } catch {
        throw new HeaderError(`line ${index + 1} is not UTF-8`);
      }
    });
    if (format !== 'HART-1') throw new HeaderError(`unsupported format ${JSON.stringify(format.slice(0, 40))}`);
    if (!namedRevision.test(signer)) throw new HeaderError('line 2 is not a named revision of a key');
    if (hashType !== 'BLAKE2b') throw new HeaderError(`unsupported hash type ${JSON.stringify(hashType.slice(0, 40))}`);
    const bytes = decodeBase64(signature);
    if (!bytes) throw new HeaderError('line 4 is not base64');
    if (end !== '') throw new HeaderError('line 5 is not empty');
    return { signer, signature: bytes };
  }
}
