import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { clientSettings, type NetworkLimits } from '../adapters/aws/client.ts';
import { callsTo } from '../adapters/aws/errors.ts';
import { s3Artifacts } from '../adapters/aws/s3-artifacts.ts';
import { proxyAgents } from '../adapters/proxy.ts';
import { type Config, processEnvironment } from '../config.ts';
import type { Log, Ports } from '../core/ports/all.ts';
import type { ArtifactStore } from '../core/ports/artifacts.ts';
import { vaultKeys } from '../core/vault-layout.ts';
import { DrError } from '../errors.ts';
import * as wire from './aws.ts';
import { streamsIn } from './streams.ts';

const LINK_VALID_SECONDS = 3_600;

const portsOfConfig = wire.portsOf({
  database: wire.database,
  primaryArtifacts: wire.primaryArtifacts,
  replica: wire.replica,
  replicator: wire.replicator,
  displaced: wire.displaced,
  vault: wire.vault,
  escrow: wire.escrow,
  queue: wire.queue,
  notifier: wire.notifier,
  chat: wire.chat,
  deadMan: wire.deadMan,
  signals: wire.signals,
  metrics: wire.metrics,
  instances: wire.instances,
  offers: wire.offers,
  secrets: wire.secrets,
  fence: wire.fence,
  inspection: wire.inspection,
  cutOver: wire.cutOver,
  removal: wire.removal,
  reverseVault: wire.reverseVault,
  hashEngine: wire.hashEngine,
});

/**
 * The command line runs on the Node that the machine has; which one that should be is not for its standard error. The
 * SDK's own switch: https://github.com/aws/aws-sdk-js-v3/issues/7983
 */
function withoutNodeVersionWarning(): void {
  processEnvironment()['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}

/** The command line goes out as its environment says; functions go out as their network does. */
function throughProxy(network: NetworkLimits): NetworkLimits {
  const agents = proxyAgents(processEnvironment(), network.connectTimeoutMs);
  return agents ? { ...network, agents } : network;
}

/** Every port over AWS, for the command line. */
export function awsPorts(config: Config, configFile: string, log: Log): Ports {
  withoutNodeVersionWarning();
  const ports = portsOfConfig({ ...config, network: throughProxy(config.network) }, log);
  return { ...ports, site: { ...ports.site, configFile } };
}

/** A bucket to read packages from, by the credentials and the region of the environment. BAD_CONFIG without a region. */
export async function packageBucket(bucket: string, network: NetworkLimits): Promise<ArtifactStore> {
  withoutNodeVersionWarning();
  const limits = throughProxy(network);
  const { region: _fromEnvironment, ...settings } = clientSettings('', limits);
  const client = new S3Client({ ...settings, followRegionRedirects: true });
  await client.config.region().catch((cause: unknown) => {
    throw new DrError('BAD_CONFIG', 'no AWS region to begin with', {
      cause,
      hint: 'Set AWS_REGION, or AWS_PROFILE to a profile that has a region; a bucket elsewhere is found by itself.',
    });
  });
  const region = await client.config.region();
  const streams = streamsIn(region, limits, { followRegionRedirects: true });
  return s3Artifacts({ client, streams, bucket, site: undefined });
}

/** A link to the status page, signed with the caller's credentials. NOT_FOUND when readiness has not drawn it yet. */
export async function statusPageUrl({ dr, network }: Config): Promise<string> {
  const client = new S3Client(clientSettings(dr.region, throughProxy(network)));
  const page = { Bucket: dr.vaultBucket, Key: vaultKeys.statusPage };
  await callsTo('dr')('look for the status page', page.Key, () => client.send(new HeadObjectCommand(page)));
  return getSignedUrl(client, new GetObjectCommand(page), { expiresIn: LINK_VALID_SECONDS });
}
