import type { VerificationRecord } from '../artifacts/documents.ts';
import { type Difference, SampleCounter } from '../artifacts/merge-diff.ts';
import { isDamaged } from '../artifacts/verification.ts';
import type { ObjectEntry } from '../ports/artifacts.ts';
import type { RowComparisonResult } from './documents.ts';

/** A package row of a restored database: the object's key, and BLAKE2b-256 of the whole file in hex. */
export type PackageRow = { key: string; checksum: string | null };
/** An object of the replica with the record of its bytes, if there is one. `overwritten`: the last record is of other bytes. */
export type KnownObject = ObjectEntry & { record?: VerificationRecord; overwritten?: true };

export type Problem = { key: string; checksum: string | null; kind: 'missing' | 'corrupt' | 'checksum' };
export type ToRead = { entry: ObjectEntry; checksum: string | null; sampled: boolean };

/** Problems and reads that one run handles; the rest is counted and found again. */
const PROBLEMS = 1_000;
const READS = 200;

/** What the signers of the restored database are, and which objects are read again this time. */
export type ComparisonOptions = {
  signers: ReadonlySet<string>;
  excused: ReadonlySet<string>;
  /** Keys of objects that nobody can copy as they are, as the point names them. */
  uncopyable?: ReadonlySet<string>;
  /** Every `stride`-th row is read again, beginning with `offset`: another share each time. Zero: none. */
  stride: number;
  offset: number;
  /** Records older than this do not count: their objects are read again, some in each pass. */
  readSince: string | undefined;
  /** Of the sample, to be recorded. */
  serial?: number;
};

/** Which rows a drill reads again: `samples` of about `total`, moving on with each drill. */
export function rollingSample(total: number, samples: number, serial: number): { stride: number; offset: number } {
  if (samples === 0 || total === 0) return { stride: 0, offset: 0 };
  const stride = Math.max(1, Math.floor(total / samples));
  return { stride, offset: serial % stride };
}

/**
 * Rows of a restored database held against the objects of the replica (design: every row has its object, with the
 * bytes that Builder recorded, signed by a key that the database knows). Memory does not grow with their number.
 */
export class RowComparison {
  #rows = 0;
  #objects = 0;
  #byRecord = 0;
  #reread = 0;
  #postponed = 0;
  readonly #counters = {
    missing: new SampleCounter(),
    corrupt: new SampleCounter(),
    checksum: new SampleCounter(),
    unknownSigner: new SampleCounter(),
    unverifiable: new SampleCounter(),
    deletedInWindow: new SampleCounter(),
    uncopyable: new SampleCounter(),
    displaced: new SampleCounter(),
    orphans: new SampleCounter(),
  };
  readonly problems: Problem[] = [];
  readonly toRead: ToRead[] = [];
  readonly #options: ComparisonOptions;

  constructor(options: ComparisonOptions) {
    this.#options = options;
  }

  visit(difference: Difference<PackageRow, KnownObject>): void {
    if (difference.side !== 'left') this.#objects += 1;
    if (difference.side === 'right') {
      this.#counters.orphans.add(difference.right.key);
      return;
    }
    const row = difference.left;
    const sampled = this.#sampled();
    this.#rows += 1;
    if (difference.side === 'left') this.#without(row);
    else this.#with(row, difference.right, sampled);
  }

  #with(row: PackageRow, { record, ...entry }: KnownObject, sampled: boolean): void {
    const { readSince } = this.#options;
    if (record && !sampled && readSince !== undefined && record.at < readSince) {
      this.#again(entry, row);
      return;
    }
    if (!record || sampled) {
      this.#read(entry, row, sampled && record !== undefined);
      return;
    }
    if (readSince !== undefined) this.#reread += 1;
    this.#byRecord += 1;
    this.judge(row.key, row.checksum, record);
  }

  #sampled(): boolean {
    const { stride, offset } = this.#options;
    return stride > 0 && this.#rows % stride === offset;
  }

  #without(row: PackageRow): void {
    if (!this.#isExcused(row.key)) this.#problem('missing', row.key, row.checksum);
  }

  /** The row's own bytes never came, and the point says why. */
  #isExcused(key: string): boolean {
    const { excused, uncopyable } = this.#options;
    if (excused.has(key)) this.#counters.deletedInWindow.add(key);
    else if (uncopyable?.has(key)) this.#counters.uncopyable.add(key);
    else return false;
    return true;
  }

  #problem(kind: Problem['kind'], key: string, checksum: string | null): void {
    this.#counters[kind].add(key);
    if (this.problems.length < PROBLEMS) this.problems.push({ kind, key, checksum });
  }

  #again(entry: ObjectEntry, row: PackageRow): void {
    if (this.toRead.length < READS) this.toRead.push({ entry, checksum: row.checksum, sampled: false });
    else this.#postponed += 1;
  }

  /** Objects that are left for the next pass. */
  get postponed(): number {
    return this.#postponed;
  }

  #read(entry: ObjectEntry, row: PackageRow, sampled: boolean): void {
    const waiting = this.toRead.filter((each) => !each.sampled).length;
    if (sampled || waiting < READS) this.toRead.push({ entry, checksum: row.checksum, sampled });
    else this.#counters.unverifiable.add(row.key);
  }

  /** The verdict on bytes, from their record or from reading them now. */
  judge(
    key: string,
    checksum: string | null,
    record: Pick<VerificationRecord, 'verdict' | 'fileBlake2b' | 'signer'>,
  ): void {
    if (isDamaged(record)) {
      this.#problem('corrupt', key, checksum);
      return;
    }
    if (checksum !== null && record.fileBlake2b !== checksum) {
      // Older bytes lie here: what was uploaded anew was replaced before it could be copied, or nobody can copy it.
      if (!this.#isExcused(key)) this.#problem('checksum', key, checksum);
      return;
    }
    const known = record.verdict === 'OK' && record.signer !== null && this.#options.signers.has(record.signer);
    if (!known) this.#counters.unknownSigner.add(key);
  }

  /** Its bytes could not be read this time. */
  unread(key: string): void {
    this.#counters.unverifiable.add(key);
  }

  reread(): void {
    this.#reread += 1;
  }

  /** Missing rows' objects turned out to be gone since: they were deleted after the data's instant. */
  deletedInWindow(keys: string[]): void {
    this.#explain(keys, this.#counters.deletedInWindow);
  }

  /** The bytes of these rows are kept aside. */
  displaced(keys: string[]): void {
    this.#explain(keys, this.#counters.displaced);
  }

  #explain(keys: string[], as: SampleCounter): void {
    for (const { key, kind } of this.problems.filter((each) => keys.includes(each.key))) {
      const counter = this.#counters[kind];
      as.add(key);
      counter.count -= 1;
      const left = counter.samples.filter((each) => each !== key);
      counter.samples.splice(0, counter.samples.length, ...left);
    }
  }

  result(at: Date): RowComparisonResult {
    const counters = this.#counters;
    const { serial } = this.#options;
    return {
      at: at.toISOString(),
      ...(serial === undefined ? {} : { serial }),
      packages: this.#rows,
      objects: this.#objects,
      byRecord: this.#byRecord,
      reread: this.#reread,
      missing: counters.missing.result,
      corrupt: counters.corrupt.result,
      checksum: counters.checksum.result,
      unknownSigner: counters.unknownSigner.result,
      unverifiable: counters.unverifiable.result,
      deletedInWindow: counters.deletedInWindow.result,
      ...(counters.uncopyable.count > 0 ? { uncopyable: counters.uncopyable.result } : {}),
      displaced: counters.displaced.result,
      orphans: counters.orphans.result,
    };
  }
}
