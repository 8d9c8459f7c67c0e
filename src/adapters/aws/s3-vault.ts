import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Vault, VaultEntry } from '../../core/ports/vault.ts';
import type { Site } from '../../core/site.ts';
import { hasCode } from '../../errors.ts';
import { callsTo, ifThere } from './errors.ts';
import { openObject, type Streams } from './s3-streams.ts';

export type S3VaultOptions = { client: S3Client; streams: Streams; bucket: string; site: Site };

/** The catalogue in an S3 bucket of a site; compare-and-swap by If-Match and If-None-Match. */
export function s3Vault({ client, streams, bucket, site }: S3VaultOptions): Vault {
  const call = callsTo(site);
  const nameOf = (key: string) => `${bucket}/${key}`;
  const where = (key: string) => ({ Bucket: bucket, Key: key });
  const read = (key: string) =>
    ifThere(
      call(`read ${nameOf(key)}`, nameOf(key), async () => {
        const found = await client.send(new GetObjectCommand(where(key)));
        return { bytes: (await found.Body?.transformToByteArray()) ?? new Uint8Array(), etag: found.ETag ?? '' };
      }),
    );
  const write = async (key: string, Body: string | Uint8Array, ContentType: string, etag: string | undefined) => {
    const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag };
    const command = new PutObjectCommand({ ...where(key), Body, ContentType, ...condition });
    return (await call(`write ${nameOf(key)}`, nameOf(key), () => client.send(command))).ETag ?? '';
  };
  return {
    ...versionsIn({ client, bucket, site }),
    async get(key) {
      const found = await read(key);
      return found && { body: new TextDecoder().decode(found.bytes), etag: found.etag };
    },
    getBytes: read,
    put: (key, body, etag) =>
      write(key, body, key.endsWith('.html') ? 'text/html; charset=utf-8' : 'application/json', etag),
    async putStream(key, chunks) {
      const look = new HeadObjectCommand(where(key));
      if (await ifThere(call(`look at ${nameOf(key)}`, nameOf(key), () => client.send(look)))) return 'exists';
      const upload = new Upload({
        client,
        // Its own abort, when it fails, would hide why it was to be aborted: the bucket's rule removes the parts.
        leavePartsOnError: true,
        params: { ...where(key), Body: Readable.from(chunks), ContentType: 'application/gzip', IfNoneMatch: '*' },
      });
      try {
        await call(`write ${nameOf(key)}`, nameOf(key), () => upload.done());
        return 'written';
      } catch (error) {
        if (hasCode(error, 'CONFLICT')) return 'exists';
        throw error;
      }
    },
    putBytes: (key, bytes, etag) => write(key, bytes, 'application/gzip', etag),
    openStream: (key) => openObject(streams, call, where(key)),
    async remove(key) {
      await call(`remove ${nameOf(key)}`, nameOf(key), () => client.send(new DeleteObjectCommand(where(key))));
    },
    async list(prefix) {
      const entries: VaultEntry[] = [];
      await call(`list ${bucket}/${prefix}`, bucket, async () => {
        for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
          for (const { Key = '', LastModified = new Date(0) } of page.Contents ?? []) {
            entries.push({ key: Key, lastModified: LastModified });
          }
        }
      });
      return entries;
    },
  };
}

/** What a versioned bucket keeps of a document. */
function versionsIn({ client, bucket, site }: Omit<S3VaultOptions, 'streams'>): Pick<Vault, 'getVersion' | 'versions'> {
  const call = callsTo(site);
  const nameOf = (key: string) => `${bucket}/${key}`;
  return {
    async versions(key, most) {
      const asked = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, MaxKeys: most });
      const found = await call(`list the versions of ${nameOf(key)}`, nameOf(key), () => client.send(asked));
      // Longer keys that begin with this one come after it.
      return (found.Versions ?? [])
        .filter((each) => each.Key === key)
        .map(({ VersionId = 'null', LastModified = new Date(0) }) => ({ version: VersionId, writtenAt: LastModified }));
    },
    async getVersion(key, version) {
      const asked = new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: version });
      const read = async () => (await client.send(asked)).Body?.transformToString();
      return ifThere(call(`read ${nameOf(key)} ${version}`, nameOf(key), read));
    },
  };
}
