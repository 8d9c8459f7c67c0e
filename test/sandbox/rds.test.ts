import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  AddTagsToResourceCommand,
  CopyDBSnapshotCommand,
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  type DBSnapshot,
  DeleteDBInstanceCommand,
  DeleteDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  ListTagsForResourceCommand,
  ModifyDBInstanceCommand,
  RDSClient,
  RebootDBInstanceCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
} from '@aws-sdk/client-rds';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { DR, PASSWORD, PRIMARY, until, untilAvailable } from '../setup/world.ts';

let sandbox: Sandbox;
let rds: RDSClient;
let dr: RDSClient;
let port: number;
const DBInstanceIdentifier = 'source';
/** A snapshot of the source, and its copy in the DR region, from which `restored` was made. */
let taken: DBSnapshot;
let copied: DBSnapshot;

beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  rds = new RDSClient({ ...clientOf(sandbox.address, PRIMARY), maxAttempts: 1 });
  dr = new RDSClient({ ...clientOf(sandbox.address, DR), maxAttempts: 1 });
  port = await create(rds, 'Source');
  await query(port, PASSWORD, 'CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000)');
  const Tags = [{ Key: 'k', Value: 'v' }];
  await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: 'One', Tags }));
  taken = await snapshot(rds, 'one');
  await query(port, PASSWORD, 'INSERT INTO t VALUES (0)');
  await dr.send(
    new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: taken.DBSnapshotArn, TargetDBSnapshotIdentifier: 'one' }),
  );
  copied = await snapshot(dr, 'one');
  await restore('restored');
});
afterAll(() => sandbox.stop());

async function create(client: RDSClient, name: string, more: object = {}): Promise<number> {
  const settings = {
    DBInstanceClass: 'db.t4g.micro',
    Engine: 'postgres',
    DBName: 'builder',
    MasterUsername: 'hab',
    AllocatedStorage: 20,
  };
  await client.send(
    new CreateDBInstanceCommand({ DBInstanceIdentifier: name, ...settings, MasterUserPassword: PASSWORD, ...more }),
  );
  return untilAvailable(client, name);
}

async function restore(name: string): Promise<number> {
  const request = { DBInstanceIdentifier: name, DBSnapshotIdentifier: 'one' };
  await dr.send(new RestoreDBInstanceFromDBSnapshotCommand(request));
  return untilAvailable(dr, name);
}

async function query(at: number, password: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ host: '127.0.0.1', port: at, user: 'hab', password, database: 'builder' });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

const snapshot = async (client: RDSClient, DBSnapshotIdentifier: string) =>
  until(DBSnapshotIdentifier, async () => {
    const { DBSnapshots } = await client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier }));
    return DBSnapshots?.[0]?.Status === 'available' ? DBSnapshots[0] : undefined;
  });
const instance = async (client: RDSClient, name: string) =>
  (await client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: name }))).DBInstances?.[0];

describe('the RDS of the sandbox', () => {
  it('stores identifiers in lower case and refuses a name twice', async () => {
    expect((await instance(rds, 'SOURCE'))?.DBInstanceIdentifier).toBe('source');
    await expect(create(rds, 'source')).rejects.toThrow(
      expect.objectContaining({ name: 'DBInstanceAlreadyExistsFault' }),
    );
  });

  it('takes a snapshot of the running engine: rows written before it are in it, rows after it are not', async () => {
    expect(taken).toMatchObject({ PercentProgress: 100, TagList: [{ Key: 'k', Value: 'v' }] });
    expect(copied.OriginalSnapshotCreateTime).toEqual(taken.OriginalSnapshotCreateTime);
    expect(copied.SnapshotCreateTime?.getTime()).toBeGreaterThan(taken.SnapshotCreateTime?.getTime() ?? Number.NaN);
    expect(copied.TagList).toEqual([]);
    const at = (await instance(dr, 'restored'))?.Endpoint?.Port ?? 0;
    expect((await query(at, PASSWORD, 'SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 1000 }]);
  });

  it('restores with the defaults of AWS, and inherits the tags of the snapshot unless told otherwise', async () => {
    expect(await instance(dr, 'restored')).toMatchObject({
      MultiAZ: false,
      DeletionProtection: false,
      VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-default', Status: 'active' }],
      EngineLifecycleSupport: 'open-source-rds-extended-support',
    });
  });

  it.each<[string, string, () => Promise<unknown>]>([
    [
      'an unknown instance',
      'DBInstanceNotFoundFault',
      () => rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'none', DBSnapshotIdentifier: 'x' })),
    ],
    [
      'an unknown snapshot',
      'DBSnapshotNotFoundFault',
      () => rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'none' })),
    ],
    [
      'a snapshot name twice',
      'DBSnapshotAlreadyExistsFault',
      () => rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: 'ONE' })),
    ],
    [
      'an invalid name',
      'InvalidParameterValue',
      () => rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: '1-' })),
    ],
    [
      'IOPS on a small gp3 volume',
      'InvalidParameterCombination',
      () =>
        dr.send(
          new RestoreDBInstanceFromDBSnapshotCommand({
            DBInstanceIdentifier: 'io',
            DBSnapshotIdentifier: 'one',
            Iops: 3000,
            StorageThroughput: 125,
          }),
        ),
    ],
    [
      'deletion without a final snapshot or its waiver',
      'InvalidParameterCombination',
      () => dr.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'restored' })),
    ],
  ])("refuses %s with AWS's own error", async (_name, name, attempt) => {
    await expect(attempt()).rejects.toThrow(expect.objectContaining({ name }));
  });

  it('refuses a class that the region has none left of', async () => {
    await sandbox.control.rds({ insufficientCapacity: ['db.r6g.large'] });
    const attempt = create(dr, 'large', { DBInstanceClass: 'db.r6g.large' });
    await expect(attempt).rejects.toThrow(expect.objectContaining({ name: 'InsufficientDBInstanceCapacityFault' }));
    await sandbox.control.rds({ insufficientCapacity: [] });
  });

  it('wants a key of the destination for an encrypted copy across regions, and takes it', async () => {
    const keyIn = async (region: string) =>
      (await new KMSClient(clientOf(sandbox.address, region)).send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
    await create(rds, 'secret', { StorageEncrypted: true, KmsKeyId: await keyIn(PRIMARY) });
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'secret', DBSnapshotIdentifier: 'sealed' }));
    const { DBSnapshotArn } = await snapshot(rds, 'sealed');
    const copy = { SourceDBSnapshotIdentifier: DBSnapshotArn, TargetDBSnapshotIdentifier: 'sealed' };
    await expect(dr.send(new CopyDBSnapshotCommand(copy))).rejects.toThrow(
      expect.objectContaining({ name: 'KMSKeyNotAccessibleFault' }),
    );
    const KmsKeyId = await keyIn(DR);
    await dr.send(new CopyDBSnapshotCommand({ ...copy, KmsKeyId }));
    expect(await snapshot(dr, 'sealed')).toMatchObject({ Encrypted: true, KmsKeyId });
  });

  it('limits the copies in flight and the snapshots of a region', async () => {
    await sandbox.control.rds({ held: true, copyLimit: 1 });
    const copy = (TargetDBSnapshotIdentifier: string) =>
      dr.send(
        new CopyDBSnapshotCommand({
          SourceDBSnapshotIdentifier: `arn:aws:rds:${PRIMARY}:000000000000:snapshot:one`,
          TargetDBSnapshotIdentifier,
        }),
      );
    await copy('second');
    await expect(copy('third')).rejects.toThrow('Cannot copy more than 1 snapshots');
    await sandbox.control.rds({ held: false, copyLimit: 20, snapshotQuota: 1 });
    await expect(copy('fourth')).rejects.toThrow(expect.objectContaining({ name: 'SnapshotQuotaExceededFault' }));
    await sandbox.control.rds({ snapshotQuota: 100 });
    await snapshot(dr, 'second');
  });

  it('keeps tags, filters snapshots and deletes them', async () => {
    const ResourceName = `arn:aws:rds:${PRIMARY}:000000000000:snapshot:one`;
    await rds.send(
      new AddTagsToResourceCommand({
        ResourceName,
        Tags: [
          { Key: 'k', Value: 'w' },
          { Key: 'l', Value: 'x' },
        ],
      }),
    );
    const { TagList } = await rds.send(new ListTagsForResourceCommand({ ResourceName }));
    expect(TagList).toEqual([
      { Key: 'k', Value: 'w' },
      { Key: 'l', Value: 'x' },
    ]);
    const ids = async (Name: string, value: string) =>
      (await rds.send(new DescribeDBSnapshotsCommand({ Filters: [{ Name, Values: [value] }] }))).DBSnapshots?.map(
        (each) => each.DBSnapshotIdentifier,
      );
    expect(await ids('db-instance-id', 'source')).toEqual(['one']);
    await create(rds, 'another');
    const other = { DBInstanceIdentifier: 'another', DBSnapshotIdentifier: 'doomed' };
    await rds.send(new CreateDBSnapshotCommand(other));
    await snapshot(rds, 'doomed');
    expect(await ids('db-snapshot-id', 'doomed')).toEqual(['doomed']);
    await rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'doomed' }));
    expect(await ids('db-snapshot-id', 'doomed')).toEqual([]);
  });

  it('sets a new password after a while, and a reboot ends open connections that a swap of groups left alive', async () => {
    const at = await restore('fenced');
    await sandbox.control.rds({ held: true });
    await dr.send(
      new ModifyDBInstanceCommand({
        DBInstanceIdentifier: 'fenced',
        MasterUserPassword: 'changed-1',
        VpcSecurityGroupIds: ['sg-fence'],
      }),
    );
    expect((await instance(dr, 'fenced'))?.VpcSecurityGroups?.map((each) => each.Status).sort()).toEqual([
      'adding',
      'removing',
    ]);
    await sandbox.control.rds({ held: false });
    await until('only the fence', async () => {
      const found = await instance(dr, 'fenced');
      const groups = found?.VpcSecurityGroups ?? [];
      return groups.length === 1 && groups[0]?.Status === 'active' && !found?.PendingModifiedValues?.MasterUserPassword
        ? true
        : undefined;
    });
    const open = new pg.Client({
      host: '127.0.0.1',
      port: at,
      user: 'hab',
      password: 'changed-1',
      database: 'builder',
    });
    let broken = false;
    open.on('error', () => {
      broken = true;
    });
    await open.connect();
    await open.query('INSERT INTO t VALUES (-1)');
    await dr.send(new RebootDBInstanceCommand({ DBInstanceIdentifier: 'fenced' }));
    await untilAvailable(dr, 'fenced');
    expect(broken).toBe(true);
    await dr.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'fenced', SkipFinalSnapshot: true }));
    await until('the deletion', async () =>
      (await instance(dr, 'fenced').catch(() => 'gone')) === 'gone' ? true : undefined,
    );
  });
});
