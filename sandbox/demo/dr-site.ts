import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateDBParameterGroupCommand, CreateDBSubnetGroupCommand, RDSClient } from '@aws-sdk/client-rds';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Config } from '../../src/config.ts';
import type { Slack } from '../slack.ts';
import type { SandboxAddress } from '../start.ts';
import { clientOf } from './primary-site.ts';

/** Credentials that Builder in DR uses for the replica: a user of its own, with no more than Builder needs. */
async function createBuilderUser(address: SandboxAddress, config: Config) {
  const iam = new IAMClient(clientOf(address, config.dr.region));
  const UserName = 'builder-in-dr';
  await iam.send(new CreateUserCommand({ UserName }));
  const Resource = `arn:aws:s3:::${config.dr.replicaBucket}/*`;
  const Statement = [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], Resource }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'replica', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { keyId: AccessKey?.AccessKeyId ?? '', secretKey: AccessKey?.SecretAccessKey ?? '' };
}

/** What an operator prepares in DR once: network and parameters for restored databases, and Builder's own secrets. */
export async function prepareDrSite(
  address: SandboxAddress,
  config: Config,
  databasePassword: string,
  outside: Slack,
): Promise<void> {
  const { restore, builder, dr } = config;
  const rds = new RDSClient(clientOf(address, dr.region));
  const SubnetIds = ['subnet-00000001', 'subnet-00000002'];
  const subnets = { DBSubnetGroupName: restore.subnetGroup, DBSubnetGroupDescription: 'Builder in DR', SubnetIds };
  await rds.send(new CreateDBSubnetGroupCommand(subnets));
  const parameters = { DBParameterGroupName: restore.parameterGroup, Description: 'Builder in DR' };
  await rds.send(new CreateDBParameterGroupCommand({ ...parameters, DBParameterGroupFamily: 'postgres17' }));
  const ssm = new SSMClient(clientOf(address, dr.region));
  for (const [reference, Value] of [
    [config.messages.slackWebhook, outside.url],
    [config.messages.deadManUrl, outside.monitorUrl],
  ] as const) {
    await ssm.send(new PutParameterCommand({ Name: reference?.replace('ssm:', ''), Value, Type: 'SecureString' }));
  }
  const user = await createBuilderUser(address, config);
  const secrets = new SecretsManagerClient(clientOf(address, dr.region));
  for (const [reference, SecretString] of [
    [builder.databasePassword, databasePassword],
    [builder.s3KeyId, user.keyId],
    [builder.s3SecretKey, user.secretKey],
  ] as const) {
    const Name = reference?.replace('secretsmanager:', '');
    await secrets.send(new CreateSecretCommand({ Name, SecretString }));
  }
}
