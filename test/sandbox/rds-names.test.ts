import { CreateAliasCommand, CreateGrantCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CopyDBSnapshotCommand,
  CreateDBInstanceCommand,
  CreateDBParameterGroupCommand,
  CreateDBSnapshotCommand,
  CreateDBSubnetGroupCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { userWith } from '../setup/limited-user.ts';
import { PRIMARY, until, untilAvailable } from '../setup/world.ts';

let sandbox: Sandbox;
let rds: RDSClient;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  rds = new RDSClient({ ...clientOf(sandbox.address, PRIMARY), maxAttempts: 1 });
});
afterAll(() => sandbox.stop());

const create = (DBInstanceIdentifier: string, more: object) =>
  rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier,
      DBInstanceClass: 'db.t4g.micro',
      Engine: 'postgres',
      AllocatedStorage: 20,
      ...more,
    }),
  );

describe('names that RDS is given', () => {
  it('are of groups that are free, of subnets that are there, and of groups that are there', async () => {
    const subnets = (DBSubnetGroupName: string, ...SubnetIds: string[]) =>
      rds.send(new CreateDBSubnetGroupCommand({ DBSubnetGroupName, DBSubnetGroupDescription: 'x', SubnetIds }));
    await expect(subnets('net', 'subnet-00000001', 'subnet-none')).rejects.toMatchObject({ name: 'InvalidSubnet' });
    await subnets('net', 'subnet-00000001', 'subnet-00000002');
    const again = subnets('Net', 'subnet-00000001', 'subnet-00000002');
    await expect(again).rejects.toMatchObject({ name: 'DBSubnetGroupAlreadyExistsFault' });
    const parameters = { DBParameterGroupName: 'set', DBParameterGroupFamily: 'postgres17', Description: 'x' };
    await rds.send(new CreateDBParameterGroupCommand(parameters));
    const twice = rds.send(new CreateDBParameterGroupCommand(parameters));
    await expect(twice).rejects.toMatchObject({ name: 'DBParameterGroupAlreadyExistsFault' });
    for (const [unknown, name] of [
      [{ DBSubnetGroupName: 'none' }, 'DBSubnetGroupNotFoundFault'],
      [{ DBParameterGroupName: 'none' }, 'DBParameterGroupNotFoundFault'],
    ] as const) {
      await expect(create('nowhere', unknown)).rejects.toMatchObject({ name });
    }
    const looked = rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'nowhere' }));
    await expect(looked).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' });
  });

  it('are of keys by alias or id, and RDS tells them by their ARN', async () => {
    const kms = new KMSClient(clientOf(sandbox.address, PRIMARY));
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const KmsKeyId = KeyMetadata?.Arn;
    const AliasName = 'alias/by-another-name';
    await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyMetadata?.KeyId }));
    await expect(create('no-key', { StorageEncrypted: true, KmsKeyId: 'alias/none' })).rejects.toMatchObject({
      name: 'KMSKeyNotAccessibleFault',
    });
    const DBInstanceIdentifier = 'sealed';
    const { DBInstance } = await create(DBInstanceIdentifier, { StorageEncrypted: true, KmsKeyId: AliasName });
    expect(DBInstance).toMatchObject({ KmsKeyId, StorageEncrypted: true });
    await untilAvailable(rds, DBInstanceIdentifier);
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: 'sealed' }));
    const taken = await until('the snapshot', async () => {
      const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'sealed' }));
      return DBSnapshots?.[0]?.Status === 'available' ? DBSnapshots[0] : undefined;
    });
    expect(taken.KmsKeyId).toBe(KmsKeyId);
    const copy = { SourceDBSnapshotIdentifier: taken.DBSnapshotArn, TargetDBSnapshotIdentifier: 'by-id' };
    const { DBSnapshot } = await rds.send(new CopyDBSnapshotCommand({ ...copy, KmsKeyId: KeyMetadata?.KeyId }));
    expect(DBSnapshot).toMatchObject({ Encrypted: true, KmsKeyId });
  });

  it('are of keys that RDS makes grants on in its caller’s name, where nobody may make one for himself', async () => {
    const root = new KMSClient(clientOf(sandbox.address, PRIMARY));
    const { KeyMetadata } = await root.send(new CreateKeyCommand({}));
    const KmsKeyId = KeyMetadata?.Arn ?? '';
    const throughRds = { StringLike: { 'kms:ViaService': `rds.${PRIMARY}.*` } };
    const statements = (resource: string) => [
      { Effect: 'Allow', Action: ['rds:CreateDBInstance'], Resource: '*' },
      { Effect: 'Allow', Action: ['kms:DescribeKey'], Resource: KmsKeyId, Condition: throughRds },
      {
        Effect: 'Allow',
        Action: ['kms:CreateGrant'],
        Resource: KmsKeyId,
        Condition: { ...throughRds, Bool: { 'kms:GrantIsForAWSResource': resource } },
      },
    ];
    const make = async (name: string, resource: string) => {
      const settings = (await userWith(sandbox, name, statements(resource)))(PRIMARY);
      const DBInstanceClass = 'db.t4g.micro';
      const storage = { Engine: 'postgres', AllocatedStorage: 20, StorageEncrypted: true, KmsKeyId };
      const wanted = { DBInstanceIdentifier: name, DBInstanceClass, ...storage };
      await new RDSClient(settings).send(new CreateDBInstanceCommand(wanted));
      const grant = { KeyId: KmsKeyId, GranteePrincipal: 'arn:aws:iam::000000000000:root' };
      return new KMSClient(settings).send(new CreateGrantCommand({ ...grant, Operations: ['Decrypt'] }));
    };
    await expect(make('himself', 'false')).rejects.toMatchObject({ name: 'KMSKeyNotAccessibleFault' });
    await expect(make('through-rds', 'true')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
