import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Vault, VaultEntry } from '../../core/ports/vault.ts';
import { hasCode } from '../../errors.ts';
import { call } from './errors.ts';

/** The catalogue in an S3 bucket; compare-and-swap by If-Match and If-None-Match. */
export function s3Vault({ client, bucket }: { client: S3Client; bucket: string }): Vault {
  const where = (key: string) => ({ Bucket: bucket, Key: key });
  return {
    async get(key) {
      try {
        return await call(`read ${bucket}/${key}`, async () => {
          const found = await client.send(new GetObjectCommand(where(key)));
          return { body: (await found.Body?.transformToString()) ?? '', etag: found.ETag ?? '' };
        });
      } catch (error) {
        if (hasCode(error, 'NOT_FOUND')) return undefined;
        throw error;
      }
    },
    async put(key, body, etag) {
      const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag };
      const command = new PutObjectCommand({
        ...where(key),
        Body: body,
        ContentType: key.endsWith('.html') ? 'text/html; charset=utf-8' : 'application/json',
        ...condition,
      });
      return (await call(`write ${bucket}/${key}`, () => client.send(command))).ETag ?? '';
    },
    async putStream(key, chunks) {
      const exists = await call(`look at ${bucket}/${key}`, () => client.send(new HeadObjectCommand(where(key)))).catch(
        (error: unknown) => {
          if (hasCode(error, 'NOT_FOUND')) return undefined;
          throw error;
        },
      );
      if (exists) return 'exists';
      const upload = new Upload({
        client,
        params: { ...where(key), Body: Readable.from(chunks), ContentType: 'application/gzip', IfNoneMatch: '*' },
      });
      try {
        await call(`write ${bucket}/${key}`, () => upload.done());
        return 'written';
      } catch (error) {
        if (hasCode(error, 'CONFLICT')) return 'exists';
        throw error;
      }
    },
    async openStream(key) {
      const found = await call(`read ${bucket}/${key}`, () => client.send(new GetObjectCommand(where(key))));
      return found.Body as Readable;
    },
    async remove(key) {
      await call(`remove ${bucket}/${key}`, () => client.send(new DeleteObjectCommand(where(key))));
    },
    async list(prefix) {
      const entries: VaultEntry[] = [];
      await call(`list ${bucket}/${prefix}`, async () => {
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
