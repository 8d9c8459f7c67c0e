import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectEntry } from '../../core/ports/artifacts.ts';
import type { ReplicaRemoval } from '../../core/ports/removal.ts';
import type { Site } from '../../core/site.ts';
import { callsTo, ifThere } from './errors.ts';

/** What the lifecycle of the replica looks for (infra/buckets.yml): a filter knows whole tags only, value and all. */
const TagSet = [{ Key: 'hbdr-expired', Value: 'yes' }];

function versionsOf({ Versions = [] }: ListObjectVersionsCommandOutput, key: string): ObjectEntry[] {
  return Versions.filter((each) => each.Key === key).map(
    ({ Size = 0, ETag = '', LastModified = new Date(0), VersionId = 'null' }) => ({
      key,
      size: Size,
      etag: ETag,
      lastModified: LastModified,
      versionId: VersionId,
    }),
  );
}

export type S3RemovalOptions = { client: S3Client; bucket: string; site: Site };

/** Removal from a versioned bucket of S3. */
export function s3Removal({ client, bucket, site }: S3RemovalOptions): ReplicaRemoval {
  const call = callsTo(site);
  const nameOf = (key: string) => `${bucket}/${key}`;
  return {
    async keepsVersions() {
      const asked = new GetBucketVersioningCommand({ Bucket: bucket });
      return (await call(`look whether ${bucket} is versioned`, bucket, () => client.send(asked))).Status === 'Enabled';
    },
    async hide(key, etag) {
      const command = new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag });
      const answer = call(`put a delete marker over ${nameOf(key)}`, nameOf(key), () => client.send(command));
      return (await ifThere(answer)) ? 'hidden' : 'gone';
    },
    async versions(key) {
      const found: ObjectEntry[] = [];
      let next: Pick<ListObjectVersionsCommandOutput, 'NextKeyMarker' | 'NextVersionIdMarker'> = {};
      do {
        const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = next;
        const from = KeyMarker === undefined ? {} : { KeyMarker, VersionIdMarker };
        const command = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, ...from });
        const page = await call(`list the versions of ${nameOf(key)}`, nameOf(key), () => client.send(command));
        found.push(...versionsOf(page, key));
        next = page;
        // Longer keys that begin with this one come after it.
      } while (next.NextKeyMarker === key);
      return found;
    },
    async release(key, versionId) {
      const command = new PutObjectTaggingCommand({
        Bucket: bucket,
        Key: key,
        VersionId: versionId,
        Tagging: { TagSet },
      });
      await ifThere(call(`let go ${nameOf(key)} ${versionId}`, nameOf(key), () => client.send(command)));
    },
  };
}
