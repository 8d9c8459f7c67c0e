import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { CopySource } from '../../core/ports/artifacts.ts';

const GIB = 1024 ** 3;

export type CopyLimits = {
  /** CopyObject takes 5 GiB at most; above, copies go part by part. */
  copyLimitBytes?: number;
  copyPartBytes?: number;
  /** For copies, which answer only when they are done: the other client's time-outs are too short for them. */
  copyClient?: S3Client;
};
/** What the target must be like: nothing there yet, or the object with this ETag. */
export type Condition = { IfNoneMatch: '*' } | { IfMatch: string };

function copySource({ bucket, entry, ofVersion }: CopySource): string {
  const path = `${bucket}/${entry.key.split('/').map(encodeURIComponent).join('/')}`;
  return ofVersion === undefined ? path : `${path}?versionId=${encodeURIComponent(ofVersion)}`;
}

/** Copies between buckets, inside of S3. */
export class S3Copies {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #limitBytes: number;
  readonly #partBytes: number;

  constructor(client: S3Client, bucket: string, limits: CopyLimits) {
    const { copyLimitBytes = 5 * GIB, copyPartBytes = GIB, copyClient = client } = limits;
    this.#client = copyClient;
    this.#bucket = bucket;
    this.#limitBytes = copyLimitBytes;
    this.#partBytes = copyPartBytes;
  }

  /** Copies one object as it was seen, under its key. Throws what S3 says. */
  async copy(source: CopySource, condition: Condition): Promise<void> {
    const { key, size, etag } = source.entry;
    const target = { Bucket: this.#bucket, Key: source.as ?? key };
    if (size > this.#limitBytes) return this.#copyByParts(source, target, condition);
    const from = { CopySource: copySource(source), CopySourceIfMatch: etag };
    await this.#client.send(new CopyObjectCommand({ ...target, ...from, ...condition }));
  }

  async #copyByParts(source: CopySource, target: { Bucket: string; Key: string }, condition: Condition): Promise<void> {
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(target));
    try {
      const MultipartUpload = { Parts: await this.#copyParts(source, { ...target, UploadId }) };
      const complete = { ...target, UploadId, MultipartUpload, ...condition };
      await this.#client.send(new CompleteMultipartUploadCommand(complete));
    } catch (error) {
      await this.#client.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
      throw error;
    }
  }

  async #copyParts(source: CopySource, upload: { Bucket: string; Key: string; UploadId: string | undefined }) {
    const { size, etag } = source.entry;
    const from = { CopySource: copySource(source), CopySourceIfMatch: etag };
    const parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let start = 0; start < size; start += this.#partBytes) {
      const PartNumber = parts.length + 1;
      const CopySourceRange = `bytes=${start}-${Math.min(start + this.#partBytes, size) - 1}`;
      const command = new UploadPartCopyCommand({ ...upload, ...from, PartNumber, CopySourceRange });
      const { CopyPartResult } = await this.#client.send(command);
      parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    return parts;
  }
}
