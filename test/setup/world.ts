import { join } from 'node:path';
import { EventBridgeClient, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateDBInstanceCommand,
  CreateDBParameterGroupCommand,
  CreateDBSubnetGroupCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import type { Sandbox } from '../../sandbox/start.ts';
import { until as untilSlowly } from '../../sandbox/until.ts';
import { type Config, policyOf, SETTINGS_VARIABLE } from '../../src/config.ts';
import { stackNames } from '../../src/core/names.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { Ports } from '../../src/core/ports/all.ts';
import type { Inspection } from '../../src/core/ports/recovery.ts';
import { ArtifactBatch } from '../../src/jobs/artifacts/verify.ts';
import { inspectDatabase } from '../../src/jobs/inspector/inspect-database.ts';
import { awsPorts } from '../../src/wire/cli.ts';
import { inspectionPorts } from '../../src/wire/inspection.ts';
import { silentLog } from '../world/ports.ts';
import { testPolicy } from './policy.ts';

export const PRIMARY = 'us-east-1';
export const DR = 'us-west-2';
export const PASSWORD = 'only-for-this-test-1';

/** The variables that the deployed functions have. */
export function environmentOf(config: Config): Record<string, string> {
  return { [SETTINGS_VARIABLE]: JSON.stringify(config) };
}

/** The function inside the VPC, called in this process. */
function inProcess(config: Config): Inspection {
  const ports = inspectionPorts(config, silentLog);
  return { start: async (request) => void (await inspectDatabase(ports, policyOf(config), request)) };
}

/** What the stacks would make, made by hand and named apart; the ports are the deployed ones. */
export class World {
  readonly sandbox: Sandbox;
  readonly config: Config;
  readonly ports: Ports;
  readonly rds: RDSClient;
  readonly drRds: RDSClient;
  readonly s3: S3Client;
  readonly drS3: S3Client;
  readonly #sqs: SQSClient;

  private constructor(sandbox: Sandbox, config: Config) {
    this.sandbox = sandbox;
    this.config = config;
    this.ports = { ...awsPorts(config, 'sandbox.yml', silentLog), inspection: inProcess(config) };
    const there = clientOf(sandbox.address, config.primary.region);
    const here = clientOf(sandbox.address, config.dr.region);
    this.rds = new RDSClient(there);
    this.drRds = new RDSClient(here);
    this.s3 = new S3Client(there);
    this.drS3 = new S3Client(here);
    this.#sqs = new SQSClient({ ...here, useQueueUrlAsEndpoint: false });
  }

  /** `change`: another configuration than the usual one, such as that of the other direction. */
  static async create(
    sandbox: Sandbox,
    name: string,
    change: (usual: Config) => Config = (usual) => usual,
  ): Promise<World> {
    const { address } = sandbox;
    process.env['AWS_ENDPOINT_URL'] = address.endpoint;
    process.env['AWS_ACCESS_KEY_ID'] = address.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = address.secretAccessKey;
    const escrowKmsKey = 'made below';
    const { replica, restore: _restore, builder: _builder, drills, ...numbers } = testPolicy;
    const config: Config = {
      stage: name,
      account: address.account,
      partition: 'aws',
      primary: { region: PRIMARY, database: `db-${name}`, bucket: `primary-${name}` },
      dr: {
        region: DR,
        replicaBucket: `replica-${name}`,
        vaultBucket: `vault-${name}`,
        escrowKmsKey,
        databaseCaFile: join(address.folder, 'database-ca.pem'),
      },
      policy: numbers,
      replica,
      drills,
      restore: { ...testPolicy.restore, storageType: 'gp3', iamRole: undefined },
      builder: {
        ...testPolicy.builder,
        url: undefined,
        databasePassword: `secretsmanager:${name}/database`,
        s3KeyId: `secretsmanager:${name}/s3-key-id`,
        s3SecretKey: `secretsmanager:${name}/s3-secret-key`,
      },
      messages: {},
      // A slow machine is not a dark region.
      network: { connectTimeoutMs: 60_000, requestTimeoutMs: 120_000 },
    };
    const world = new World(sandbox, await withKey(sandbox, change(config)));
    await world.#install();
    return world;
  }

  /** The same resources under another configuration. */
  with(change: (config: Config) => Config): World {
    return new World(this.sandbox, change(this.config));
  }

  /** The same ports, but for what asks the primary region: it is soon given up, so that a dark one costs a test little. */
  get impatient(): Ports {
    const network = { ...this.config.network, requestTimeoutMs: 1_500 };
    const hasty = awsPorts({ ...this.config, network }, 'sandbox.yml', silentLog);
    const { database, metrics } = this.ports;
    return {
      ...this.ports,
      primaryArtifacts: hasty.primaryArtifacts,
      fence: hasty.fence,
      database: { ...hasty.database, copies: database.copies, copyStatus: database.copyStatus },
      metrics: { put: (site, values) => (site === 'dr' ? metrics : hasty.metrics).put(site, values) },
    };
  }

  get policy(): Policy {
    return policyOf(this.config);
  }

  async #install(): Promise<void> {
    const { primary, dr, stage, restore } = this.config;
    const names = stackNames(stage);
    const client = clientOf(this.sandbox.address, dr.region);
    await createBucket(this.s3, primary.bucket);
    for (const Bucket of [dr.replicaBucket, dr.vaultBucket]) await createBucket(this.drS3, Bucket);
    await this.drRds
      .send(
        new CreateDBSubnetGroupCommand({
          DBSubnetGroupName: restore.subnetGroup,
          DBSubnetGroupDescription: 'Builder in DR',
          SubnetIds: ['subnet-00000001', 'subnet-00000002'],
        }),
      )
      .catch(unlessThere);
    await this.drRds
      .send(
        new CreateDBParameterGroupCommand({
          DBParameterGroupName: restore.parameterGroup,
          DBParameterGroupFamily: 'postgres17',
          Description: 'Builder',
        }),
      )
      .catch(unlessThere);
    await this.#sqs.send(new CreateQueueCommand({ QueueName: names.queue }));
    await new SNSClient(client).send(new CreateTopicCommand({ Name: names.topic }));
    const Schedule = { Name: names.tickRule, ScheduleExpression: 'rate(1 day)', State: 'DISABLED' as const };
    await new EventBridgeClient(client).send(new PutRuleCommand(Schedule));
  }

  /** A real PostgreSQL instance under the configured name; answers its port. */
  async createInstance(settings: { kmsKeyId?: string } = {}): Promise<number> {
    const DBInstanceIdentifier = this.config.primary.database;
    await this.rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier,
        DBInstanceClass: 'db.t4g.micro',
        Engine: 'postgres',
        DBName: 'builder',
        MasterUsername: 'hab',
        MasterUserPassword: PASSWORD,
        AllocatedStorage: 20,
        MultiAZ: true,
        BackupRetentionPeriod: 7,
        ...(settings.kmsKeyId ? { StorageEncrypted: true, KmsKeyId: settings.kmsKeyId } : {}),
      }),
    );
    return untilAvailable(this.rds, DBInstanceIdentifier);
  }

  async deleteInstance(): Promise<void> {
    const DBInstanceIdentifier = this.config.primary.database;
    await this.rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }));
  }

  async upload(key: string, body: string | Buffer = `content of ${key}`): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: this.config.primary.bucket, Key: key, Body: body }));
  }

  /** Works off the queue as the deployed function does; answers how many messages there were. */
  async drain(ports: Ports = this.ports): Promise<number> {
    const QueueUrl = `https://sqs.${this.config.dr.region}.amazonaws.com/${this.config.account}/${stackNames(this.config.stage).queue}`;
    for (let worked = 0; ; ) {
      const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 });
      const { Messages = [] } = await this.#sqs.send(command);
      if (Messages.length === 0) return worked;
      const batch = await ArtifactBatch.begin(ports);
      for (const { Body = '{}', ReceiptHandle } of Messages) {
        await batch.handle((JSON.parse(Body) as { key: string }).key);
        await this.#sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        worked += 1;
      }
      await batch.end();
    }
  }
}

/** A key of the DR region, whichever that is. */
async function withKey(sandbox: Sandbox, config: Config): Promise<Config> {
  const kms = new KMSClient(clientOf(sandbox.address, config.dr.region));
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  return { ...config, dr: { ...config.dr, escrowKmsKey: KeyMetadata?.Arn ?? '' } };
}

/** What another world of this sandbox has made already. */
function unlessThere(error: Error): void {
  if (!error.name.endsWith('GroupAlreadyExistsFault')) throw error;
}

async function createBucket(client: S3Client, Bucket: string): Promise<void> {
  await client.send(new CreateBucketCommand({ Bucket })).catch((error: Error) => {
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error; // the other direction's
  });
}

/** Waits for a condition, on a machine however slow; its end comes before that of the test, to say what was waited for. */
export function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  return untilSlowly(what, ask, { everyMs: 50, hangSeconds: 280 });
}

export async function untilAvailable(rds: RDSClient, DBInstanceIdentifier: string): Promise<number> {
  return until(`instance ${DBInstanceIdentifier}`, async () => {
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }));
    return DBInstances?.[0]?.DBInstanceStatus === 'available' ? DBInstances[0].Endpoint?.Port : undefined;
  });
}
