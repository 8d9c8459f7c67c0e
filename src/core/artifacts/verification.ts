import { minutesBetween } from '../ids.ts';
import type { ObjectEntry } from '../ports/artifacts.ts';
import type { VerificationRecord, VerifiedIndex } from './documents.ts';
import { SampleCounter } from './merge-diff.ts';

/** Verdicts that say that the bytes are wrong, whoever signed them. */
const damaged = ['MALFORMED_HEADER', 'BAD_SIGNATURE', 'PAYLOAD_HASH_MISMATCH'];

export function isDamaged(record: Pick<VerificationRecord, 'verdict'>): boolean {
  return damaged.includes(record.verdict);
}

/** A batch reads the keys at its beginning and may end this much later; clocks differ by less. */
const KEYS_SETTLE_MINUTES = 5;

/**
 * A record is of bytes, not of a name: it holds only while ETag and size are those it was made of.
 * One that lacked a key does not outlive the arrival of another key.
 */
export function stillHolds(record: VerificationRecord, entry: ObjectEntry, keysChangedAt: Date): boolean {
  if (record.etag !== entry.etag || record.size !== entry.size) return false;
  const lackedKey = record.verdict === 'UNKNOWN_KEY' || record.verdict === 'BAD_KEY_FILE';
  return !lackedKey || minutesBetween(keysChangedAt, new Date(record.at)) >= KEYS_SETTLE_MINUTES;
}

/** Keeps the newest record of each key. */
export function newestByKey(records: VerificationRecord[]): Map<string, VerificationRecord> {
  const newest = new Map<string, VerificationRecord>();
  for (const record of records) {
    const known = newest.get(record.key);
    if (!known || known.at <= record.at) newest.set(record.key, record);
  }
  return newest;
}

/** Counts the artifacts of the replica by what is known of them. */
export class VerifiedCount {
  #ok = 0;
  #okBytes = 0;
  #oldest: Date | undefined;
  readonly #damaged = new SampleCounter();
  readonly #unknownSigner = new SampleCounter();
  readonly #unverified = new SampleCounter();

  unverified({ key, lastModified }: Pick<ObjectEntry, 'key' | 'lastModified'>): void {
    this.#unverified.add(key);
    if (!this.#oldest || lastModified < this.#oldest) this.#oldest = lastModified;
  }

  holds(record: VerificationRecord): void {
    if (record.verdict === 'OK') {
      this.#ok += 1;
      this.#okBytes += record.size;
    } else if (isDamaged(record)) this.#damaged.add(record.key);
    else this.#unknownSigner.add(record.key);
  }

  result(key: string, at: Date): VerifiedIndex {
    return {
      schema: 'verified-index/1',
      at: at.toISOString(),
      key,
      ok: this.#ok,
      okBytes: this.#okBytes,
      damaged: this.#damaged.result,
      unknownSigner: this.#unknownSigner.result,
      unverified: this.#unverified.result,
      ...(this.#oldest ? { oldestUnverifiedAt: this.#oldest.toISOString() } : {}),
    };
  }
}
