import { S3Client } from '@aws-sdk/client-s3';
import { clientSettings, type NetworkLimits } from '../adapters/aws/client.ts';
import type { Streams } from '../adapters/aws/s3-streams.ts';

/** What streams of this region are read with: a client that waits for slow readers. */
export function streamsIn(region: string, network: NetworkLimits, more: object = {}): Streams {
  const client = new S3Client({ ...clientSettings(region, network, 'streams'), ...more });
  return { client, idleMs: network.requestTimeoutMs };
}
