import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { clientSettings } from '../adapters/aws/client.ts';
import { callsTo } from '../adapters/aws/errors.ts';
import type { Config } from '../config.ts';
import { vaultKeys } from '../core/vault-layout.ts';

const VALID_SECONDS = 3_600;

/** A link to the status page, signed with the caller's credentials. NOT_FOUND when readiness has not drawn it yet. */
export async function statusPageUrl({ dr, network }: Config): Promise<string> {
  const client = new S3Client(clientSettings(dr.region, network));
  const page = { Bucket: dr.vaultBucket, Key: vaultKeys.statusPage };
  await callsTo('dr')('look for the status page', page.Key, () => client.send(new HeadObjectCommand(page)));
  return getSignedUrl(client, new GetObjectCommand(page), { expiresIn: VALID_SECONDS });
}
