import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import pg from 'pg';
import { builderAccess } from '../adapters/aws/builder-access.ts';
import { clientSettings } from '../adapters/aws/client.ts';
import { kmsEscrow } from '../adapters/aws/kms-escrow.ts';
import { databaseAuthorities } from '../adapters/aws/rds-ca.ts';
import { s3Vault } from '../adapters/aws/s3-vault.ts';
import { awsSecrets } from '../adapters/aws/secrets.ts';
import { pgInspector } from '../adapters/pg-inspector.ts';
import type { Config } from '../config.ts';
import type { InspectionPorts, Log } from '../core/ports/all.ts';
import type { DatabaseLogin } from '../core/ports/recovery.ts';
import { streamsIn } from './streams.ts';

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
    vault: s3Vault({
      client: new S3Client(here),
      streams: streamsIn(dr.region, network),
      bucket: dr.vaultBucket,
      site: 'dr',
    }),
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
