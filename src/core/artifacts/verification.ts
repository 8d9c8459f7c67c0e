import { minutesBetween } from '../ids.ts';
import type { ObjectEntry } from '../ports/artifacts.ts';
import type { SourceFacts, VerificationRecord, VerifiedIndex } from './documents.ts';
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
  if (!isOf(record, entry)) return false;
  return !lacksKey(record) || isLaterThanKeys(record, keysChangedAt);
}

/** Whether a record is of the very bytes that are there. */
export function isOf(record: VerificationRecord, entry: Pick<ObjectEntry, 'etag' | 'size'>): boolean {
  return record.etag === entry.etag && record.size === entry.size;
}

function lacksKey({ verdict }: Pick<VerificationRecord, 'verdict'>): boolean {
  return verdict === 'UNKNOWN_KEY' || verdict === 'BAD_KEY_FILE';
}

function isLaterThanKeys(record: VerificationRecord, keysChangedAt: Date): boolean {
  return minutesBetween(keysChangedAt, new Date(record.at)) >= KEYS_SETTLE_MINUTES;
}

type Listed = Pick<ObjectEntry, 'etag' | 'size'> & { lastModified: Date | string };

/**
 * Whether the primary has, or had, something else under a key than what the replica's bytes were held against. Buckets
 * are never compared by ETag, a source is compared with itself. Without a record that knows it, a source is another one
 * when it has another size, or was written after the record, or the copy, was made.
 */
export function isOtherSource(source: Listed, held: ObjectEntry, record: VerificationRecord | undefined): boolean {
  const known = record?.source;
  if (known) return source.etag !== known.etag || source.size !== known.size;
  if (source.size !== held.size) return true;
  if (source.etag === held.etag) return false;
  return new Date(source.lastModified) > (record ? new Date(record.at) : held.lastModified);
}

/** Whether the replica's bytes were held against this very object of the primary, and stayed: it had the same, or none that verified. */
export function stoodAgainst(source: Listed, record: VerificationRecord | undefined): boolean {
  return record?.source?.etag === source.etag || (record?.formerEtags ?? []).includes(source.etag);
}

/** Former ETags that a record keeps. */
const FORMER = 10;
/** Wrong bytes are looked at again this often, in case something better came; then only when something changed. */
const TRIES = 4;

/** A new record over the old one of the same key: what only the old one knows of the same bytes is kept. */
export function succeeding(old: VerificationRecord, next: VerificationRecord): VerificationRecord {
  if (old.fileBlake2b !== next.fileBlake2b) return next;
  const source: SourceFacts | undefined = next.source ?? (isOf(old, next) ? old.source : undefined);
  const had = [old.source?.etag, ...(old.formerEtags ?? []), ...(next.formerEtags ?? [])];
  const former = [...new Set(had.filter((etag) => etag !== undefined && etag !== source?.etag))].slice(0, FORMER);
  return {
    ...next,
    ...(source ? { source } : {}),
    ...(former.length > 0 ? { formerEtags: former as string[] } : {}),
    ...(isDamaged(next) ? { tries: (old.tries ?? 1) + 1 } : {}),
  };
}

/** Whether the bytes of a record are to be read again. */
export function isWork(record: VerificationRecord, entry: ObjectEntry, keysChangedAt: Date): boolean {
  if (isDamaged(record)) return (record.tries ?? 1) < TRIES;
  if (!stillHolds(record, entry, keysChangedAt)) return true;
  return record.source !== undefined && lacksKey(record.source) && !isLaterThanKeys(record, keysChangedAt);
}

/** Keeps the newest record of each key. */
export function newestByKey(records: VerificationRecord[]): Map<string, VerificationRecord> {
  const newest = new Map<string, VerificationRecord>();
  for (const record of records) {
    const known = newest.get(record.key);
    if (!known) newest.set(record.key, record);
    else if (known.at <= record.at) newest.set(record.key, succeeding(known, record));
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
  readonly #refused = new SampleCounter();

  unverified({ key, lastModified }: Pick<ObjectEntry, 'key' | 'lastModified'>): void {
    this.#unverified.add(key);
    if (!this.#oldest || lastModified < this.#oldest) this.#oldest = lastModified;
  }

  holds(record: VerificationRecord): void {
    if (record.source && isDamaged(record.source) && !isDamaged(record)) this.#refused.add(record.key);
    if (record.verdict === 'OK') {
      this.#ok += 1;
      this.#okBytes += record.size;
      const { source } = record;
      if (source && lacksKey(source) && source.fileBlake2b !== record.fileBlake2b) this.#unknownSigner.add(record.key);
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
      ...(this.#refused.count > 0 ? { refused: this.#refused.result } : {}),
      ...(this.#oldest ? { oldestUnverifiedAt: this.#oldest.toISOString() } : {}),
    };
  }
}
