import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isArtifactKey } from '../../core/artifacts/reserved.ts';
import type { ArtifactStore, CopyProgress, CopySource, CopyTrial, ObjectEntry } from '../../core/ports/artifacts.ts';
import type { Site } from '../../core/site.ts';
import { DrError, hasCode } from '../../errors.ts';
import { callsTo, ifThere } from './errors.ts';
import { type CopyLimits, S3Copies } from './s3-copies.ts';
import { openObject, readable, type Streams } from './s3-streams.ts';

export type S3ArtifactsOptions = CopyLimits & {
  client: S3Client;
  streams: Streams;
  bucket: string;
  /** Where the bucket is, if it is at a site, and the site of the buckets that it copies from. */
  site: Site | undefined;
  copiesFrom?: Site;
  /** Buckets at the same site that it copies from as well. */
  beside?: readonly string[];
};
type Calls = ReturnType<typeof callsTo>;
type Where = { client: S3Client; bucket: string; call: Calls; streams: Streams };

async function head(where: Where, key: string): Promise<ObjectEntry | undefined> {
  const { client, bucket, call } = where;
  const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
  const name = `${bucket}/${key}`;
  const found = await ifThere(call(`look at ${name}`, name, () => client.send(command)).catch(whyNot(where, key)));
  if (!found) return undefined;
  const { ContentLength: size = 0, ETag: etag = '', LastModified: lastModified = new Date(0), VersionId } = found;
  return { key, size, etag, lastModified, ...(VersionId ? { versionId: VersionId } : {}) };
}

/** The answer to HEAD has no body, so a 400 has no name: reading the object says whether it is the object's. */
function whyNot({ call, streams, bucket }: Where, key: string) {
  return async (error: unknown): Promise<never> => {
    const { httpStatusCode } =
      (error as { cause?: { $metadata?: { httpStatusCode?: number } } }).cause?.$metadata ?? {};
    if (httpStatusCode === 400) {
      const body = await openObject(streams, call, { Bucket: bucket, Key: key });
      await body[Symbol.asyncIterator]().return?.();
    }
    throw error;
  };
}

async function history({ client, bucket, call }: Where, key: string): ReturnType<ArtifactStore['history']> {
  // A key's versions come first under its own name as prefix, newest first.
  const command = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, MaxKeys: 100 });
  const name = `${bucket}/${key}`;
  const found = await call(`list the versions of ${name}`, name, () => client.send(command));
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
}

async function* pagesOf({ client, bucket, call }: Where, prefix?: string): AsyncIterable<ObjectEntry[]> {
  const scope = prefix === undefined ? { Bucket: bucket } : { Bucket: bucket, Prefix: prefix };
  const pages = paginateListObjectsV2({ client }, scope)[Symbol.asyncIterator]();
  while (true) {
    const next = await call(`list ${bucket}`, bucket, () => pages.next());
    if (next.done) return;
    const found = (next.value.Contents ?? []).map(({ Key = '', Size = 0, ETag = '', LastModified = new Date(0) }) => ({
      key: Key,
      size: Size,
      etag: ETag,
      lastModified: LastModified,
    }));
    yield found.filter((each) => isArtifactKey(each.key));
  }
}

type Copying = { where: Where; copies: S3Copies; copyCall: (source: CopySource) => Calls };

async function copyFrom(
  { where, copies, copyCall }: Copying,
  source: CopySource,
  progress?: CopyProgress,
): Promise<'copied' | 'exists'> {
  const key = source.as ?? source.entry.key;
  const from = `${source.bucket}/${source.entry.key}`;
  // The end of an upload would say so too, when all of it was copied in vain.
  if (copies.goesByParts(source) && (await head(where, key))) {
    await progress?.ended();
    return 'exists';
  }
  const work = () => readable(from, () => copies.copy(source, { IfNoneMatch: '*' }, progress));
  try {
    await copyCall(source)(`copy ${from}`, `${where.bucket}/${key}`, work);
    return 'copied';
  } catch (error) {
    // 412 is either ours (it exists) or the source's (it changed): the replica tells which. What can no longer be
    // read, or was uploaded by somebody else meanwhile, may be there as well.
    if (hasCode(error, 'CONFLICT', 'UNCOPYABLE', 'COPY_UNFINISHED') && (await head(where, key))) return 'exists';
    if (hasCode(error, 'CONFLICT')) {
      throw new DrError('CONFLICT', `${from} changed while it was copied`, {
        subject: from,
        cause: error,
        hint: 'The next attempt reads it again.',
      });
    }
    throw error;
  }
}

async function replaceFrom(
  { where, copies, copyCall }: Copying,
  source: CopySource,
  badEtag: string,
  progress?: CopyProgress,
): Promise<void> {
  const name = `${where.bucket}/${source.as ?? source.entry.key}`;
  const work = () => readable(name, () => copies.copy(source, { IfMatch: badEtag }, progress));
  await copyCall(source)(`replace ${name}`, name, work).catch((error: unknown) => {
    if (!hasCode(error, 'NOT_FOUND')) throw error;
    throw new DrError('CONFLICT', `${name} or its source is gone`, { subject: name, cause: error });
  });
}

async function tryCopy({ where, copies, copyCall }: Copying, source: CopySource, as: string): Promise<CopyTrial> {
  const { bucket, call, client, streams } = where;
  const name = `${bucket}/${as}`;
  // One that an earlier trial left behind would be in the way of this one.
  const remove = () =>
    call(`remove ${name}`, name, () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: as })));
  await remove();
  const from = `${source.bucket}/${source.entry.key}`;
  const work = () => readable(from, () => copies.copy({ ...source, as }, { IfNoneMatch: '*' }));
  await copyCall(source)(`copy ${from}`, name, work);
  let bytes = 0;
  for await (const chunk of await openObject(streams, call, { Bucket: bucket, Key: as })) bytes += chunk.length;
  await remove();
  const held = await copyCall(source)(`copy ${from}`, name, () => copies.heldAt(source));
  return { bytes, conditions: held === 'ignored' ? 'ignored' : 'held' };
}

/** A bucket of artifacts on S3 or anything that speaks it. */
export function s3Artifacts({
  client,
  streams,
  bucket,
  site,
  copiesFrom,
  beside = [],
  ...limits
}: S3ArtifactsOptions): ArtifactStore {
  const where = { client, bucket, call: callsTo(site), streams };
  // A copy reads at its source, so its silence is the source's.
  const [here, there] = [where.call, callsTo(copiesFrom)];
  const copyCall = (source: CopySource) => ([bucket, ...beside].includes(source.bucket) ? here : there);
  const copying = { where, copies: new S3Copies(client, bucket, limits), copyCall };
  return {
    bucket,
    head: async (key) => (isArtifactKey(key) ? head(where, key) : undefined),
    history: async (key) => (isArtifactKey(key) ? history(where, key) : { deletedAt: undefined, versions: [] }),
    open: (key, etag, ofVersion) =>
      openObject(streams, where.call, {
        Bucket: bucket,
        Key: key,
        ...(etag ? { IfMatch: etag } : {}),
        ...(ofVersion ? { VersionId: ofVersion } : {}),
      }),
    pages: (prefix) => pagesOf(where, prefix),
    copyFrom: (source, progress) => copyFrom(copying, source, progress),
    replaceFrom: (source, badEtag, progress) => replaceFrom(copying, source, badEtag, progress),
    tryCopy: (source, key) => tryCopy(copying, source, key),
  };
}
