import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import pg from 'pg';
import { clientSettings } from './adapters/aws-client.ts';
import { awsSecrets } from './adapters/aws-secrets.ts';
import { builderAccess } from './adapters/builder-access.ts';
import { kmsEscrow } from './adapters/kms-escrow.ts';
import { pgInspector } from './adapters/pg-inspector.ts';
import { databaseAuthorities } from './adapters/rds-ca.ts';
import { s3Vault } from './adapters/s3-vault.ts';
import type { Config } from './config.ts';
import type { Log } from './core/ports.ts';
import type { DatabaseLogin, InspectionPorts } from './core/recovery-ports.ts';

/** What the function inside the VPC needs: the vault, the escrow, secrets, the database itself. */
export function inspectionPorts(config: Config, log: Log): InspectionPorts {
  const { dr, network } = config;
  const here = clientSettings(dr.region, network);
  const authorities = databaseAuthorities(dr.databaseCaFile);
  const newClient = ({ host, port, user, password, database }: DatabaseLogin) =>
    new pg.Client({
      host,
      port,
      user,
      password,
      database,
      ssl: { ca: authorities },
      application_name: 'builder-dr',
      connectionTimeoutMillis: network.requestTimeoutMs,
    });
  return {
    vault: s3Vault({ client: new S3Client(here), bucket: dr.vaultBucket }),
    escrow: kmsEscrow({ client: new KMSClient(here), keyId: dr.escrowKmsKey, neededKeys: [] }),
    secrets: awsSecrets({ secretsManager: new SecretsManagerClient(here), ssm: new SSMClient(here) }),
    inspector: pgInspector({ newClient }),
    builder: builderAccess({
      newClient,
      newS3: ({ keyId: accessKeyId, secretKey: secretAccessKey }) =>
        new S3Client({ ...here, credentials: { accessKeyId, secretAccessKey } }),
      bucket: dr.replicaBucket,
      timeoutMs: network.requestTimeoutMs,
    }),
    log,
    clock: () => new Date(),
  };
}
