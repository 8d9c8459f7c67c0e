import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateDBInstanceCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type SeededBuilder, seedBuilder } from '../seed/builder.ts';
import { createBuilderRole } from '../seed/role.ts';
import type { SandboxAddress } from '../start.ts';
import { until } from '../until.ts';

export function clientOf(address: SandboxAddress, region: string) {
  const { endpoint, accessKeyId, secretAccessKey } = address;
  return { region, endpoint, credentials: { accessKeyId, secretAccessKey } };
}

/** A Builder as users have it before they install this product: encrypted RDS instance, versioned bucket, keys. */
export async function createPrimarySite(
  address: SandboxAddress,
  names: { region: string; database: string; bucket: string },
): Promise<{ host: string; port: number; user: string; password: string }> {
  const client = clientOf(address, names.region);
  const s3 = new S3Client(client);
  await s3.send(new CreateBucketCommand({ Bucket: names.bucket }));
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: names.bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  const NotificationConfiguration = { EventBridgeConfiguration: {} };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: names.bucket, NotificationConfiguration }));
  const key = await new KMSClient(client).send(new CreateKeyCommand({ Description: 'Builder database' }));
  const rds = new RDSClient(client);
  const master = { user: 'dbadmin', password: randomBytes(18).toString('base64url') };
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: names.database,
      DBInstanceClass: 'db.t4g.medium',
      Engine: 'postgres',
      MasterUsername: master.user,
      MasterUserPassword: master.password,
      AllocatedStorage: 20,
      MultiAZ: true,
      BackupRetentionPeriod: 7,
      StorageEncrypted: true,
      ...(key.KeyMetadata?.Arn ? { KmsKeyId: key.KeyMetadata.Arn } : {}),
    }),
  );
  const port = await until('the primary database', async () => {
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: names.database }));
    return DBInstances?.[0]?.DBInstanceStatus === 'available' ? DBInstances[0].Endpoint?.Port : undefined;
  });
  const server = { host: '127.0.0.1', port, ...master };
  return createBuilderRole(server, 'hab', randomBytes(18).toString('base64url'));
}

export function seedPrimarySite(
  address: SandboxAddress,
  names: { region: string; bucket: string },
  database: { host: string; port: number; user: string; password: string },
  packages: number,
): Promise<SeededBuilder> {
  return seedBuilder({
    s3: new S3Client(clientOf(address, names.region)),
    bucket: names.bucket,
    database,
    packages,
    contentBytes: 4_000,
    largeBytes: 11_000_000,
    seed: 'demo',
    keysFolder: join(address.folder, 'builder-keys'),
  });
}
