import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings, type NetworkLimits } from './adapters/aws-client.ts';
import { eventbridgeSignals } from './adapters/eventbridge-signals.ts';
import { bestEngine } from './adapters/hash-engines.ts';
import { kmsEscrow } from './adapters/kms-escrow.ts';
import { rdsDatabase } from './adapters/rds-database.ts';
import { s3Artifacts } from './adapters/s3-artifacts.ts';
import { s3Vault } from './adapters/s3-vault.ts';
import { snsNotifier } from './adapters/sns-notifier.ts';
import { sqsQueue } from './adapters/sqs-queue.ts';
import type { Config } from './config.ts';
import { stackNames } from './core/names.ts';
import type { ArtifactStore, Log, Ports } from './core/ports.ts';

/** CopyObject answers when the copy is done: five GiB take longer than any other call. */
const COPY_TIMEOUT_MS = 120_000;

/** A bucket to read packages from, by the credentials and the region of the environment. */
export function packageBucket(bucket: string, network: NetworkLimits): ArtifactStore {
  const { region: _fromEnvironment, ...settings } = clientSettings('', network);
  return s3Artifacts({ client: new S3Client({ ...settings, followRegionRedirects: true }), bucket });
}

/** The ports over AWS. The only place that makes its clients; they find a sandbox by AWS_ENDPOINT_URL. */
export function awsPorts(config: Config, log: Log): Ports {
  const { primary, dr, stage, account, partition, network } = config;
  const there = clientSettings(primary.region, network);
  const here = clientSettings(dr.region, network);
  const slow = clientSettings(dr.region, { ...network, requestTimeoutMs: COPY_TIMEOUT_MS });
  const names = stackNames(stage);
  const replicaClient = new S3Client(slow);
  return {
    stage,
    primaryRegion: primary.region,
    database: rdsDatabase({
      primary: new RDSClient(there),
      dr: new RDSClient(here),
      instanceId: primary.database,
      drKmsKeyId: dr.snapshotKmsKey,
    }),
    primaryArtifacts: s3Artifacts({ client: new S3Client(there), bucket: primary.bucket }),
    replica: s3Artifacts({ client: replicaClient, bucket: dr.replicaBucket }),
    vault: s3Vault({ client: new S3Client(here), bucket: dr.vaultBucket }),
    escrow: kmsEscrow({
      client: new KMSClient(here),
      keyId: dr.escrowKmsKey,
      neededKeys: [...new Set([dr.escrowKmsKey, ...(dr.snapshotKmsKey ? [dr.snapshotKmsKey] : [])])],
    }),
    queue: sqsQueue({
      client: new SQSClient({ ...here, useQueueUrlAsEndpoint: false }),
      queueUrl: `https://sqs.${dr.region}.amazonaws.com/${account}/${names.queue}`,
    }),
    notifier: snsNotifier({
      client: new SNSClient(here),
      topicArn: `arn:${partition}:sns:${dr.region}:${account}:${names.topic}`,
    }),
    signals: eventbridgeSignals({ client: new EventBridgeClient(here), stage, tickRule: names.tickRule }),
    hashEngine: () => bestEngine(2),
    log,
    clock: () => new Date(),
  };
}
