import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { ArtifactStore, CopySource, ObjectEntry } from '../../core/ports/artifacts.ts';
import type { Site } from '../../core/site.ts';
import { DrError, hasCode } from '../../errors.ts';
import { callsTo } from './errors.ts';

const GIB = 1024 ** 3;

export type S3ArtifactsOptions = {
  client: S3Client;
  bucket: string;
  /** Where the bucket is, if it is at a site, and the site of the buckets that it copies from. */
  site: Site | undefined;
  copiesFrom?: Site;
  /** CopyObject takes 5 GiB at most; above, copies go part by part. */
  copyLimitBytes?: number;
  copyPartBytes?: number;
};

function copySource(bucket: string, key: string, versionId: string | undefined): string {
  const path = `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  return versionId === undefined ? path : `${path}?versionId=${encodeURIComponent(versionId)}`;
}

/** What the target must be like: nothing there yet, or the object with this ETag. */
type Condition = { IfNoneMatch: '*' } | { IfMatch: string };
type PartCopy = {
  client: S3Client;
  bucket: string;
  from: string;
  ofVersion: string | undefined;
  entry: ObjectEntry;
  partBytes: number;
  condition: Condition;
};

async function copyParts({ client, bucket, from, ofVersion, entry, partBytes, condition }: PartCopy): Promise<void> {
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
          CopySource: copySource(from, entry.key, ofVersion),
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
  const call = callsTo(options.site);
  // A copy reads at its source, so its silence is the source's.
  const copy = callsTo(options.copiesFrom);
  const nameOf = (key: string) => `${bucket}/${key}`;
  const head = async (key: string): Promise<ObjectEntry | undefined> => {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
    try {
      const found = await call(`look at ${nameOf(key)}`, nameOf(key), () => client.send(command));
      const { ContentLength: size = 0, ETag: etag = '', LastModified: lastModified = new Date(0), VersionId } = found;
      return { key, size, etag, lastModified, ...(VersionId ? { versionId: VersionId } : {}) };
    } catch (error) {
      if (hasCode(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  };
  const copyOnce = async (source: CopySource, condition: Condition): Promise<void> => {
    const { bucket: from, entry, ofVersion } = source;
    if (entry.size > copyLimitBytes) {
      return copyParts({ client, bucket, from, ofVersion, entry, partBytes: copyPartBytes, condition });
    }
    await client.send(
      new CopyObjectCommand({
        Bucket: bucket,
        Key: entry.key,
        CopySource: copySource(from, entry.key, ofVersion),
        CopySourceIfMatch: entry.etag,
        ...condition,
      }),
    );
  };
  return {
    bucket,
    head,
    async history(key) {
      // A key's versions come first under its own name as prefix, newest first.
      const command = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, MaxKeys: 100 });
      const found = await call(`list the versions of ${nameOf(key)}`, nameOf(key), () => client.send(command));
      const marker = found.DeleteMarkers?.find((each) => each.Key === key && each.IsLatest);
      const versions = (found.Versions ?? []).filter((each) => each.Key === key);
      return {
        deletedAt: marker?.LastModified,
        versions: versions.map(({ Size = 0, ETag = '', LastModified = new Date(0), VersionId }) => ({
          key,
          size: Size,
          etag: ETag,
          lastModified: LastModified,
          ...(VersionId ? { versionId: VersionId } : {}),
        })),
      };
    },
    async open(key, etag) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key, ...(etag ? { IfMatch: etag } : {}) });
      const found = await call(`read ${nameOf(key)}`, nameOf(key), () => client.send(command));
      return found.Body as AsyncIterable<Uint8Array>;
    },
    async *pages(prefix) {
      const scope = prefix === undefined ? { Bucket: bucket } : { Bucket: bucket, Prefix: prefix };
      const pages = paginateListObjectsV2({ client }, scope)[Symbol.asyncIterator]();
      while (true) {
        const next = await call(`list ${bucket}`, bucket, () => pages.next());
        if (next.done) return;
        yield (next.value.Contents ?? []).map(({ Key = '', Size = 0, ETag = '', LastModified = new Date(0) }) => ({
          key: Key,
          size: Size,
          etag: ETag,
          lastModified: LastModified,
        }));
      }
    },
    async replaceFrom(source, badEtag) {
      const name = nameOf(source.entry.key);
      await copy(`replace ${name}`, name, () => copyOnce(source, { IfMatch: badEtag }));
    },
    async copyFrom(source) {
      const { bucket: from, entry } = source;
      try {
        await copy(`copy ${from}/${entry.key}`, nameOf(entry.key), () => copyOnce(source, { IfNoneMatch: '*' }));
        return 'copied';
      } catch (error) {
        // 412 is either ours (it exists) or the source's (it changed): the replica tells which.
        if (hasCode(error, 'CONFLICT') && (await head(entry.key))) return 'exists';
        if (hasCode(error, 'CONFLICT')) {
          throw new DrError('CONFLICT', `${from}/${entry.key} changed while it was copied`, {
            subject: `${from}/${entry.key}`,
            cause: error,
            hint: 'The next attempt reads it again.',
          });
        }
        throw error;
      }
    },
  };
}
