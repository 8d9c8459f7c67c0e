import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { ArtifactStore, ObjectEntry } from '../core/ports.ts';
import { DrError, hasCode } from '../errors.ts';
import { call } from './aws-errors.ts';

const GIB = 1024 ** 3;

export type S3ArtifactsOptions = {
  client: S3Client;
  bucket: string;
  /** CopyObject takes 5 GiB at most; above, copies go part by part. */
  copyLimitBytes?: number;
  copyPartBytes?: number;
};

function copySource(bucket: string, key: string): string {
  return `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** What the target must be like: nothing there yet, or the object with this ETag. */
type Condition = { IfNoneMatch: '*' } | { IfMatch: string };
type PartCopy = {
  client: S3Client;
  bucket: string;
  from: string;
  entry: ObjectEntry;
  partBytes: number;
  condition: Condition;
};

async function copyParts({ client, bucket, from, entry, partBytes, condition }: PartCopy): Promise<void> {
  const target = { Bucket: bucket, Key: entry.key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  try {
    const parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let start = 0; start < entry.size; start += partBytes) {
      const PartNumber = parts.length + 1;
      const range = `bytes=${start}-${Math.min(start + partBytes, entry.size) - 1}`;
      const part = await client.send(
        new UploadPartCopyCommand({
          ...target,
          UploadId,
          PartNumber,
          CopySource: copySource(from, entry.key),
          CopySourceIfMatch: entry.etag,
          CopySourceRange: range,
        }),
      );
      parts.push({ PartNumber, ETag: part.CopyPartResult?.ETag });
    }
    const MultipartUpload = { Parts: parts };
    await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload, ...condition }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    throw error;
  }
}

/** A bucket of artifacts on S3 or anything that speaks it. */
export function s3Artifacts(options: S3ArtifactsOptions): ArtifactStore {
  const { client, bucket, copyLimitBytes = 5 * GIB, copyPartBytes = GIB } = options;
  const head = async (key: string): Promise<ObjectEntry | undefined> => {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
    try {
      const found = await call(`look at ${bucket}/${key}`, () => client.send(command));
      const { ContentLength: size = 0, ETag: etag = '', LastModified: lastModified = new Date(0), VersionId } = found;
      return { key, size, etag, lastModified, ...(VersionId ? { versionId: VersionId } : {}) };
    } catch (error) {
      if (hasCode(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  };
  const copyOnce = async (from: string, entry: ObjectEntry, condition: Condition): Promise<void> => {
    if (entry.size > copyLimitBytes) {
      return copyParts({ client, bucket, from, entry, partBytes: copyPartBytes, condition });
    }
    await client.send(
      new CopyObjectCommand({
        Bucket: bucket,
        Key: entry.key,
        CopySource: copySource(from, entry.key),
        CopySourceIfMatch: entry.etag,
        ...condition,
      }),
    );
  };
  return {
    bucket,
    head,
    async open(key, etag) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key, ...(etag ? { IfMatch: etag } : {}) });
      const found = await call(`read ${bucket}/${key}`, () => client.send(command));
      return found.Body as AsyncIterable<Uint8Array>;
    },
    async *pages(prefix) {
      const scope = prefix === undefined ? { Bucket: bucket } : { Bucket: bucket, Prefix: prefix };
      const pages = paginateListObjectsV2({ client }, scope)[Symbol.asyncIterator]();
      while (true) {
        const next = await call(`list ${bucket}`, () => pages.next());
        if (next.done) return;
        yield (next.value.Contents ?? []).map(({ Key = '', Size = 0, ETag = '', LastModified = new Date(0) }) => ({
          key: Key,
          size: Size,
          etag: ETag,
          lastModified: LastModified,
        }));
      }
    },
    async replaceFrom({ bucket: from, entry }, badEtag) {
      await call(`replace ${bucket}/${entry.key}`, () => copyOnce(from, entry, { IfMatch: badEtag }));
    },
    async copyFrom({ bucket: from, entry }) {
      try {
        await call(`copy ${from}/${entry.key}`, () => copyOnce(from, entry, { IfNoneMatch: '*' }));
        return 'copied';
      } catch (error) {
        // 412 is either ours (it exists) or the source's (it changed): the replica tells which.
        if (hasCode(error, 'CONFLICT') && (await head(entry.key))) return 'exists';
        if (hasCode(error, 'CONFLICT')) {
          throw new DrError('CONFLICT', `${from}/${entry.key} changed while it was copied`, {
            cause: error,
            hint: 'The next attempt reads it again.',
          });
        }
        throw error;
      }
    },
  };
}
