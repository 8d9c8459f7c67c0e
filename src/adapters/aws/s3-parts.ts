import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  paginateListParts,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { Log } from '../../core/ports/all.ts';
import type { CopyProgress, CopySource } from '../../core/ports/artifacts.ts';
import { DrError, describeError } from '../../errors.ts';
import { type Condition, copySource } from './s3-copy-source.ts';

const MIB = 1024 ** 2;
/** S3 takes no more parts than these. */
const MOST_PARTS = 10_000;

export type PartLimits = {
  copyPartBytes?: number;
  /** After this long a copy that can be gone on with begins no other part; it copies one in any case. */
  copyBudgetMs?: number;
};
type CopyTarget = { Bucket: string; Key: string };
type Upload = CopyTarget & { UploadId: string };
type UploadedPart = { PartNumber: number; ETag: string | undefined };

/** Errors after which nobody can go on with what was uploaded: source or target are others by now, or cannot be copied. */
const final = [
  'PreconditionFailed',
  'ConditionalRequestConflict',
  'NoSuchKey',
  'NoSuchVersion',
  'InvalidObjectState',
  'InvalidRequest',
];
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Copies that go part by part inside of S3, and are gone on with by the next attempt. */
export class S3Parts {
  readonly #client: S3Client;
  readonly #partBytes: number;
  readonly #budgetMs: number;
  readonly #log: Pick<Log, 'warn'> | undefined;

  constructor(client: S3Client, limits: PartLimits, log: Pick<Log, 'warn'> | undefined) {
    this.#client = client;
    this.#partBytes = limits.copyPartBytes ?? 256 * MIB;
    this.#budgetMs = limits.copyBudgetMs ?? Number.POSITIVE_INFINITY;
    this.#log = log;
  }

  /** What fails half-way is kept where there is `progress`, unless nobody can go on with it. */
  async copy(source: CopySource, target: CopyTarget, condition: Condition, progress?: CopyProgress): Promise<void> {
    const upload = { ...target, UploadId: await this.#begin(target, progress) };
    try {
      const Parts = await this.#copyParts(source, upload, progress !== undefined);
      const complete = { ...upload, MultipartUpload: { Parts }, ...condition };
      await this.#client.send(new CompleteMultipartUploadCommand(complete));
    } catch (error) {
      if (nameOf(error) === 'NoSuchUpload') throw await this.#uploadGone(source, error, progress);
      if (progress && !final.includes(nameOf(error))) throw error;
      await this.#abort(upload);
      await progress?.ended();
      throw error;
    }
    await progress?.ended();
  }

  /** Somebody else ended or aborted it, or it was too old: the object is there, or it is begun anew. */
  async #uploadGone({ bucket, entry }: CopySource, cause: unknown, progress?: CopyProgress): Promise<DrError> {
    await progress?.ended();
    const subject = `${bucket}/${entry.key}`;
    return new DrError('COPY_UNFINISHED', `copy ${subject}: its upload is gone`, {
      subject,
      cause,
      hint: 'Nothing to do: the next attempt begins anew.',
    });
  }

  /** The upload to go on with, or a new one; of two that begin at once one gives way. */
  async #begin(target: CopyTarget, progress?: CopyProgress): Promise<string> {
    const { upload, outdated } = (await progress?.unfinished()) ?? {};
    if (upload !== undefined) return upload;
    if (outdated !== undefined) await this.#abort({ ...target, UploadId: outdated });
    const { UploadId = '' } = await this.#client.send(new CreateMultipartUploadCommand(target));
    const counts = (await progress?.began(UploadId)) ?? UploadId;
    if (counts !== UploadId) await this.#abort({ ...target, UploadId });
    return counts;
  }

  /** What could not be aborted is removed by the bucket's own rule; why it was to be aborted is what counts. */
  async #abort(upload: Upload): Promise<void> {
    try {
      await this.#client.send(new AbortMultipartUploadCommand(upload));
    } catch (error) {
      if (nameOf(error) === 'NoSuchUpload') return;
      this.#log?.warn('an unfinished upload is left to the rule of the bucket', {
        bucket: upload.Bucket,
        key: upload.Key,
        upload: upload.UploadId,
        error: describeError(error),
      });
    }
  }

  async #partsThere({
    Bucket,
    Key,
    UploadId,
  }: Upload): Promise<Map<number, { ETag: string | undefined; size: number }>> {
    const there = new Map<number, { ETag: string | undefined; size: number }>();
    for await (const page of paginateListParts({ client: this.#client }, { Bucket, Key, UploadId })) {
      for (const { PartNumber = 0, ETag, Size = 0 } of page.Parts ?? []) there.set(PartNumber, { ETag, size: Size });
    }
    return there;
  }

  /** Each part once: those that are there, with the size that they must have, are not copied again. */
  async #copyParts(source: CopySource, upload: Upload, goesOn: boolean): Promise<UploadedPart[]> {
    const { size, etag, key } = source.entry;
    const began = Date.now();
    const partBytes = Math.max(this.#partBytes, Math.ceil(size / MOST_PARTS));
    const there = goesOn ? await this.#partsThere(upload) : new Map();
    const from = { CopySource: copySource(source), CopySourceIfMatch: etag };
    const parts: UploadedPart[] = [];
    let copied = 0;
    for (let start = 0; start < size; start += partBytes) {
      const PartNumber = parts.length + 1;
      const end = Math.min(start + partBytes, size);
      const known = there.get(PartNumber);
      if (known?.size === end - start) {
        parts.push({ PartNumber, ETag: known.ETag });
        continue;
      }
      if (goesOn && copied > 0 && Date.now() - began >= this.#budgetMs)
        throw unfinished(source, parts.length, partBytes);
      const CopySourceRange = `bytes=${start}-${end - 1}`;
      const command = new UploadPartCopyCommand({ ...upload, ...from, PartNumber, CopySourceRange });
      const { CopyPartResult } = await this.#client.send(command);
      parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
      copied += 1;
    }
    if (parts.length === 0) throw new DrError('COPY_INCOMPLETE', `${key} has no bytes to copy part by part`);
    return parts;
  }
}

function unfinished({ bucket, entry: { key, size } }: CopySource, done: number, partBytes: number): DrError {
  const subject = `${bucket}/${key}`;
  const all = Math.ceil(size / partBytes);
  const text = `copy ${subject}: ${done} of ${all} parts are there`;
  return new DrError('COPY_UNFINISHED', text, {
    subject,
    left: all - done,
    hint: 'Nothing to do: the next attempt goes on there.',
  });
}
