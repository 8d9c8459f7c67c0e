import { CopyObjectCommand, DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { CONDITIONS_KEY } from '../../core/artifacts/reserved.ts';
import type { Log } from '../../core/ports/all.ts';
import type { CopyProgress, CopySource } from '../../core/ports/artifacts.ts';
import { describeError } from '../../errors.ts';
import { type Condition, copySource } from './s3-copy-source.ts';
import { type PartLimits, S3Parts } from './s3-parts.ts';

const GIB = 1024 ** 3;

export type CopyLimits = PartLimits & {
  /** What is larger goes part by part: CopyObject takes 5 GiB at most, and one call cannot be gone on with. */
  copyLimitBytes?: number;
  /** For copies, which answer only when they are done: the other client's time-outs are too short for them. */
  copyClient?: S3Client;
  /** A key of no artifact: what is tried is tried here. */
  trialKey?: string;
  log?: Pick<Log, 'warn'>;
};

const named = (error: unknown, ...names: string[]): boolean => error instanceof Error && names.includes(error.name);

/** Copies between buckets, inside of S3. Tags are left behind: what a scanner said of the source it did not say of the copy. */
export class S3Copies {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #limitBytes: number;
  readonly #parts: S3Parts;
  readonly #trialKey: string;
  readonly #log: Pick<Log, 'warn'> | undefined;
  /** Whether this store heeds conditions of CopyObject; undefined until it was tried. */
  #held: boolean | undefined;

  constructor(client: S3Client, bucket: string, limits: CopyLimits) {
    const { copyLimitBytes = GIB, copyClient = client, trialKey = CONDITIONS_KEY, log, ...parts } = limits;
    this.#client = copyClient;
    this.#bucket = bucket;
    this.#limitBytes = copyLimitBytes;
    this.#trialKey = trialKey;
    this.#log = log;
    this.#parts = new S3Parts(copyClient, parts, log);
  }

  /** Whether it takes many calls, of which each attempt makes some. */
  goesByParts({ entry }: CopySource): boolean {
    return entry.size > this.#limitBytes;
  }

  /** Copies one object as it was seen, under its key or another. Throws what S3 says. */
  async copy(source: CopySource, condition: Condition, progress?: CopyProgress): Promise<void> {
    const target = { Bucket: this.#bucket, Key: source.as ?? source.entry.key };
    if (this.goesByParts(source)) return this.#parts.copy(source, target, condition, progress);
    const held = await this.heldAt(source);
    if (held === 'ignored') return this.#unheeded(source, target, condition);
    await this.#copyObject(source, target, condition);
    // The source was there, so what was not found when it was tried was the target.
    if (held === 'likely') this.#held = true;
  }

  /**
   * Tries a condition that cannot hold, on a key of no artifact: a store that heeds it answers 412 or 404 and writes
   * nothing. A 404 may also be the source's; then it is only likely.
   */
  async heldAt(source: CopySource): Promise<'held' | 'likely' | 'ignored'> {
    if (this.#held !== undefined) return this.#held ? 'held' : 'ignored';
    try {
      await this.#copyObject(source, { Bucket: this.#bucket, Key: this.#trialKey }, { IfMatch: '"0"' });
    } catch (error) {
      if (named(error, 'NoSuchKey', 'NotFound')) return 'likely';
      if (!named(error, 'PreconditionFailed')) throw error;
      this.#held = true;
      return 'held';
    }
    this.#held = false;
    await this.#removeScratch();
    return 'ignored';
  }

  /** One key, written again by every process that tries: what stays behind does not grow. */
  async #removeScratch(): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#trialKey }));
    } catch (error) {
      this.#log?.warn('what was tried was left behind', { key: this.#trialKey, error: describeError(error) });
    }
  }

  async #copyObject(source: CopySource, target: { Bucket: string; Key: string }, condition: Condition): Promise<void> {
    const from = { CopySource: copySource(source), CopySourceIfMatch: source.entry.etag };
    const command = new CopyObjectCommand({ ...target, ...from, ...condition, TaggingDirective: 'REPLACE' });
    await this.#client.send(command);
  }

  /** Where CopyObject overwrites whatever it is told: the end of an upload and a put heed their conditions there. */
  async #unheeded(source: CopySource, target: { Bucket: string; Key: string }, condition: Condition): Promise<void> {
    if (source.entry.size > 0) return this.#parts.copy(source, target, condition);
    await this.#client.send(new PutObjectCommand({ ...target, ...condition, Body: '' }));
  }
}
