import { randomUUID } from 'node:crypto';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { RDSClient } from '@aws-sdk/client-rds';
import { Route53Client } from '@aws-sdk/client-route-53';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { clientSettings } from '../adapters/aws/client.ts';
import { cloudwatchMetrics } from '../adapters/aws/cloudwatch-metrics.ts';
import { awsCutOver } from '../adapters/aws/cut-over.ts';
import { eventbridgeSignals } from '../adapters/aws/eventbridge-signals.ts';
import { awsFence } from '../adapters/aws/fence.ts';
import { kmsEscrow } from '../adapters/aws/kms-escrow.ts';
import { lambdaInspection } from '../adapters/aws/lambda-inspection.ts';
import { lambdaReplicator } from '../adapters/aws/lambda-replicator.ts';
import { rdsDatabase } from '../adapters/aws/rds-database.ts';
import { rdsInstances } from '../adapters/aws/rds-instances.ts';
import { rdsOffers } from '../adapters/aws/rds-offers.ts';
import { s3Artifacts } from '../adapters/aws/s3-artifacts.ts';
import { s3Removal } from '../adapters/aws/s3-removal.ts';
import { s3Vault } from '../adapters/aws/s3-vault.ts';
import { awsSecrets } from '../adapters/aws/secrets.ts';
import { snsNotifier } from '../adapters/aws/sns-notifier.ts';
import { sqsQueue } from '../adapters/aws/sqs-queue.ts';
import { deadManUrl, slackWebhook } from '../adapters/aws/webhooks.ts';
import { bestEngine } from '../adapters/hash-engines.ts';
import type { Config } from '../config.ts';
import { CONDITIONS_KEY } from '../core/artifacts/reserved.ts';
import { deployedFrom, stackNames } from '../core/names.ts';
import { partitions } from '../core/partitions.ts';
import type { Log, Ports } from '../core/ports/all.ts';
import { vaultKeys } from '../core/vault-layout.ts';
import { streamsIn } from './streams.ts';

/** CopyObject answers when the copy is done: five GiB take longer than any other call. */
const COPY_TIMEOUT_MS = 120_000;
/** After this long a large copy leaves its other parts to the next run, which leaves the others of its batch their time. */
const COPY_BUDGET_MS = 45_000;

/** What every port is made of: settings of the clients for both regions, and the stack's own names. */
type Wiring = {
  config: Config;
  log: Log;
  /** Of the primary region, and of the DR region. */
  there: ClientSettings;
  here: ClientSettings;
  names: ReturnType<typeof stackNames>;
};
type ClientSettings = ReturnType<typeof clientSettings>;
type Maker<Name extends keyof Ports> = (wiring: Wiring) => Ports[Name];

// One maker per port, so that a function's bundle holds only the clients of the ports that it names.
export const database: Maker<'database'> = ({ config, there, here }) =>
  rdsDatabase({
    primary: new RDSClient(there),
    dr: new RDSClient(here),
    instanceId: config.primary.database,
    drKmsKeyId: config.dr.snapshotKmsKey,
  });
export const primaryArtifacts: Maker<'primaryArtifacts'> = ({ config: { primary, network }, there }) =>
  s3Artifacts({
    client: new S3Client(there),
    streams: streamsIn(primary.region, network),
    bucket: primary.bucket,
    site: 'primary',
  });
/** A bucket of the DR site that artifacts are copied into, from the primary or from the other one beside it. */
function copiedInto(
  { config: { dr, network }, here, log }: Wiring,
  bucket: string,
  beside: string,
  trialKey: string,
): Ports['replica'] {
  const patient = clientSettings(dr.region, { ...network, requestTimeoutMs: COPY_TIMEOUT_MS });
  const limits = { copyBudgetMs: COPY_BUDGET_MS, copyClient: new S3Client(patient), trialKey, log };
  const copies = { copiesFrom: 'primary', beside: [beside], ...limits } as const;
  const streams = streamsIn(dr.region, network);
  return s3Artifacts({ client: new S3Client(here), streams, bucket, site: 'dr', ...copies });
}
export const replica: Maker<'replica'> = (wiring) =>
  copiedInto(wiring, wiring.config.dr.replicaBucket, wiring.config.dr.vaultBucket, CONDITIONS_KEY);
export const removal: Maker<'removal'> = ({ config: { dr }, here }) =>
  s3Removal({ client: new S3Client(here), bucket: dr.replicaBucket, site: 'dr' });
export const displaced: Maker<'displaced'> = (wiring) =>
  copiedInto(wiring, wiring.config.dr.vaultBucket, wiring.config.dr.replicaBucket, vaultKeys.displacedTrial);
export const vault: Maker<'vault'> = ({ config: { dr, network }, here }) =>
  s3Vault({
    client: new S3Client(here),
    streams: streamsIn(dr.region, network),
    bucket: dr.vaultBucket,
    site: 'dr',
  });
export const escrow: Maker<'escrow'> = ({ config: { dr }, here }) =>
  kmsEscrow({
    client: new KMSClient(here),
    keyId: dr.escrowKmsKey,
    neededKeys: [...new Set([dr.escrowKmsKey, ...(dr.snapshotKmsKey ? [dr.snapshotKmsKey] : [])])],
  });
export const queue: Maker<'queue'> = ({ config: { account, dr, partition }, here, names }) =>
  sqsQueue({
    client: new SQSClient({ ...here, useQueueUrlAsEndpoint: false }),
    queueUrl: `https://sqs.${dr.region}.${partitions[partition].dnsSuffix}/${account}/${names.queue}`,
  });
export const notifier: Maker<'notifier'> = ({ config: { account, dr, partition }, here, names }) =>
  snsNotifier({
    client: new SNSClient(here),
    topicArn: `arn:${partition}:sns:${dr.region}:${account}:${names.topic}`,
  });
const secretUrl = ({ config: { network }, here }: Wiring, reference: string) => ({
  ssm: new SSMClient(here),
  reference,
  timeoutMs: network.requestTimeoutMs,
});
export const chat: Maker<'chat'> = (wiring) => {
  const { slackWebhook: reference } = wiring.config.messages;
  return reference ? slackWebhook(secretUrl(wiring, reference)) : undefined;
};
export const deadMan: Maker<'deadMan'> = (wiring) => {
  const { deadManUrl: reference } = wiring.config.messages;
  return reference ? deadManUrl(secretUrl(wiring, reference)) : undefined;
};
export const signals: Maker<'signals'> = ({ config: { stage }, here, names }) =>
  eventbridgeSignals({ client: new EventBridgeClient(here), stage, tickRule: names.tickRule });
export const metrics: Maker<'metrics'> = ({ config: { stage }, there, here }) =>
  cloudwatchMetrics({ primary: new CloudWatchClient(there), dr: new CloudWatchClient(here), stage });
export const instances: Maker<'instances'> = ({ here }) => rdsInstances({ client: new RDSClient(here) });
export const offers: Maker<'offers'> = ({ here }) => rdsOffers({ client: new RDSClient(here) });
export const secrets: Maker<'secrets'> = ({ here }) =>
  awsSecrets({ secretsManager: new SecretsManagerClient(here), ssm: new SSMClient(here) });
export const fence: Maker<'fence'> = ({ config: { primary }, there, names }) =>
  awsFence({
    rds: new RDSClient(there),
    s3: new S3Client(there),
    ssm: new SSMClient(there),
    instanceId: primary.database,
    bucket: primary.bucket,
    groupParameter: names.fenceGroup,
  });
export const inspection: Maker<'inspection'> = ({ here, names }) =>
  lambdaInspection({ client: new LambdaClient(here), functionName: names.inspector });
/** Patient: the function copies before it answers. */
export const replicator: Maker<'replicator'> = ({ config: { dr, network }, names }) =>
  lambdaReplicator({
    client: new LambdaClient(clientSettings(dr.region, { ...network, requestTimeoutMs: COPY_TIMEOUT_MS })),
    functionName: names.replicator,
  });
export const cutOver: Maker<'cutOver'> = ({ config: { dr, partition }, here, names }) =>
  awsCutOver({
    ssm: new SSMClient(here),
    prefix: names.builderSettings,
    // Route 53 has one endpoint in each partition.
    route53: new Route53Client({ ...here, region: partitions[partition].route53Region }),
    record: dr.hostedZone && dr.databaseRecord ? { zone: dr.hostedZone, name: dr.databaseRecord } : undefined,
  });
/** The vault of the other direction lies where our primary is. */
export const reverseVault: Maker<'reverseVault'> = ({ config: { dr, network }, here }) => {
  if (!dr.reverseVaultBucket) return undefined;
  const elsewhere = { followRegionRedirects: true };
  const client = new S3Client({ ...here, ...elsewhere });
  const streams = streamsIn(dr.region, network, elsewhere);
  return s3Vault({ client, streams, bucket: dr.reverseVaultBucket, site: 'primary' });
};
export const hashEngine: Maker<'hashEngine'> = () => () => bestEngine(2);

type Makers = { [Name in keyof Ports]?: Maker<Name> };
type Given = 'site' | 'newId' | 'log' | 'clock';

/** The named ports over AWS. Nothing else makes its clients; they find a sandbox by AWS_ENDPOINT_URL. */
export function portsOf<M extends Makers>(makers: M) {
  return (config: Config, log: Log): Pick<Ports, Given | Extract<keyof M, keyof Ports>> => {
    const { primary, dr, stage, partition, network } = config;
    const wiring: Wiring = {
      config,
      log,
      there: clientSettings(primary.region, network),
      here: clientSettings(dr.region, network),
      names: stackNames(stage),
    };
    const made = Object.entries(makers).map(([name, make]) => [name, (make as (wiring: Wiring) => unknown)(wiring)]);
    return {
      ...Object.fromEntries(made),
      site: { stage, configFile: deployedFrom(stage), partition, primaryRegion: primary.region, drRegion: dr.region },
      newId: randomUUID,
      log,
      clock: () => new Date(),
    } as Pick<Ports, Given | Extract<keyof M, keyof Ports>>;
  };
}
