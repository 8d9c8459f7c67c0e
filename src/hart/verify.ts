import { type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { HashEngine, Hasher } from './hash.ts';
import { type HartHeader, HeaderError, HeaderReader } from './header.ts';
import type { KeyRing } from './keys.ts';
import type { HartReport, Verdict } from './verdict.ts';

const SIGNATURE_BYTES = 64;
const HASH_TEXT = /^[0-9a-fA-F]{64}$/;

type HartVerdict = { verdict: Verdict; detail: string | null };

function sameHex(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a.toLowerCase()), Buffer.from(b.toLowerCase())];
  return x.length === y.length && timingSafeEqual(x, y);
}

/**
 * Verifies one `.hart` as its bytes come: both hashes in one pass, memory of one chunk.
 * Order and classes of failure follow hab's own reader: header, key, signature, payload hash.
 */
export class HartVerifier {
  readonly #keys: KeyRing;
  readonly #file: Hasher;
  readonly #payload: Hasher;
  #header = new HeaderReader();
  #broken: string | undefined;
  #bytes = 0;

  constructor(keys: KeyRing, engine: HashEngine) {
    this.#keys = keys;
    this.#file = engine.create();
    this.#payload = engine.create();
  }

  update(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#file.update(chunk);
    if (this.#broken !== undefined) return;
    let payloadAt = 0;
    if (!this.#header.complete) {
      try {
        payloadAt = this.#header.take(chunk);
      } catch (error) {
        if (!(error instanceof HeaderError)) throw error;
        this.#broken = error.message;
        return;
      }
    }
    if (payloadAt < chunk.length) this.#payload.update(chunk.subarray(payloadAt));
  }

  /** The report, after the last byte. `checksum` is what a database row says of the whole file. The verifier can then begin again. */
  finish(checksum?: string): HartReport {
    const fileBlake2b = this.#file.digestHex();
    const payload = this.#payload.digestHex();
    let header: HartHeader | undefined;
    let finding: HartVerdict;
    try {
      if (this.#broken !== undefined) throw new HeaderError(this.#broken);
      if (this.#bytes === 0) throw new HeaderError('the file is empty');
      header = this.#header.parse();
      finding = this.#judge(header, payload);
    } catch (error) {
      if (!(error instanceof HeaderError)) throw error;
      finding = { verdict: 'MALFORMED_HEADER', detail: error.message };
    }
    const report = { ...this.#against(finding, fileBlake2b, checksum), signer: header?.signer ?? null };
    this.#restart();
    return { ...report, payloadBlake2b: header ? payload : null, fileBlake2b };
  }

  #restart(): void {
    this.#file.restart();
    this.#payload.restart();
    this.#header = new HeaderReader();
    this.#broken = undefined;
    this.#bytes = 0;
  }

  /** A row's checksum decides wherever the file's own proof found nothing wrong, or could not be made. */
  #against(finding: HartVerdict, file: string, checksum: string | undefined): HartVerdict {
    const open: Verdict[] = ['OK', 'UNKNOWN_KEY', 'BAD_KEY_FILE'];
    if (checksum === undefined || !open.includes(finding.verdict) || sameHex(checksum, file)) return finding;
    return { verdict: 'CHECKSUM_MISMATCH', detail: `the row says ${checksum}` };
  }

  #judge({ signer, signature }: HartHeader, payload: string): HartVerdict {
    const key = this.#keys.find(signer);
    if (!key) return { verdict: 'UNKNOWN_KEY', detail: `no public key ${signer}` };
    if ('problem' in key) return { verdict: 'BAD_KEY_FILE', detail: key.problem };
    return judgeSignature(key, signature, payload);
  }
}

function judgeSignature(key: KeyObject, combined: Buffer, payload: string): HartVerdict {
  const bad = (detail: string): HartVerdict => ({ verdict: 'BAD_SIGNATURE', detail });
  if (combined.length < SIGNATURE_BYTES) return bad(`the signature has ${combined.length} bytes`);
  const message = combined.subarray(SIGNATURE_BYTES);
  if (!verify(null, message, key, combined.subarray(0, SIGNATURE_BYTES))) return bad('the key does not open it');
  const signed = message.toString('latin1');
  if (!HASH_TEXT.test(signed)) return bad('what is signed is not a hash');
  if (sameHex(signed, payload)) return { verdict: 'OK', detail: null };
  return { verdict: 'PAYLOAD_HASH_MISMATCH', detail: `signed ${signed.toLowerCase()}` };
}
