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
import { clientSettings, type NetworkLimits } from './adapters/aws-client.ts';
import { awsCutOver } from './adapters/aws-cut-over.ts';
import { awsFence } from './adapters/aws-fence.ts';
import { awsSecrets } from './adapters/aws-secrets.ts';
import { cloudwatchMetrics } from './adapters/cloudwatch-metrics.ts';
import { eventbridgeSignals } from './adapters/eventbridge-signals.ts';
import { bestEngine } from './adapters/hash-engines.ts';
import { kmsEscrow } from './adapters/kms-escrow.ts';
import { lambdaInspection } from './adapters/lambda-inspection.ts';
import { rdsDatabase } from './adapters/rds-database.ts';
import { rdsInstances } from './adapters/rds-instances.ts';
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
    partition,
    primaryRegion: primary.region,
    drRegion: dr.region,
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
    metrics: cloudwatchMetrics({ primary: new CloudWatchClient(there), dr: new CloudWatchClient(here), stage }),
    instances: rdsInstances({ client: new RDSClient(here) }),
    secrets: awsSecrets({ secretsManager: new SecretsManagerClient(here), ssm: new SSMClient(here) }),
    fence: awsFence({
      rds: new RDSClient(there),
      s3: new S3Client(there),
      ssm: new SSMClient(there),
      instanceId: primary.database,
      bucket: primary.bucket,
      groupParameter: names.fenceGroup,
    }),
    inspection: lambdaInspection({ client: new LambdaClient(here), functionName: names.inspector }),
    cutOver: awsCutOver({
      ssm: new SSMClient(here),
      prefix: names.builderSettings,
      // Route 53 has one endpoint, in us-east-1.
      route53: new Route53Client({ ...here, region: 'us-east-1' }),
      record: dr.hostedZone && dr.databaseRecord ? { zone: dr.hostedZone, name: dr.databaseRecord } : undefined,
    }),
    reverseVault: dr.reverseVaultBucket
      ? s3Vault({ client: new S3Client({ ...here, followRegionRedirects: true }), bucket: dr.reverseVaultBucket })
      : undefined,
    hashEngine: () => bestEngine(2),
    log,
    clock: () => new Date(),
  };
}
