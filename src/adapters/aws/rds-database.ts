import {
  CopyDBSnapshotCommand,
  CreateDBSnapshotCommand,
  type DBSnapshot,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  paginateDescribeDBSnapshots,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { POINT_TAG } from '../../core/ids.ts';
import type { Database, SnapshotFacts } from '../../core/ports/database.ts';
import { DrError, hasCode } from '../../errors.ts';
import { call } from './errors.ts';

export type RdsOptions = {
  /** Client of the primary region: snapshots are made and looked at there. */
  primary: RDSClient;
  /** Client of the DR region: CopyDBSnapshot is a call of the destination. */
  dr: RDSClient;
  instanceId: string;
  /** Key of the DR region; required by AWS when the snapshot is encrypted. */
  drKmsKeyId: string | undefined;
};

function factsOf(snapshot: DBSnapshot): SnapshotFacts {
  const status = snapshot.Status === 'available' || snapshot.Status === 'failed' ? snapshot.Status : 'creating';
  return {
    name: snapshot.DBSnapshotIdentifier ?? '',
    arn: snapshot.DBSnapshotArn ?? '',
    status,
    percent: snapshot.PercentProgress ?? 0,
    dataAt: snapshot.OriginalSnapshotCreateTime ?? snapshot.SnapshotCreateTime,
    engineVersion: `${snapshot.Engine} ${snapshot.EngineVersion}`,
    encrypted: snapshot.Encrypted ?? false,
    sizeGib: snapshot.AllocatedStorage ?? 0,
  };
}

async function find(client: RDSClient, name: string): Promise<DBSnapshot | undefined> {
  try {
    const command = new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: name });
    return (await call(`describe snapshot ${name}`, () => client.send(command))).DBSnapshots?.[0];
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** An existing snapshot counts as ours only when source and tag match. */
function requireOurs(found: DBSnapshot | undefined, source: boolean, pointId: string): void {
  const tag = found?.TagList?.find((each) => each.Key === POINT_TAG)?.Value;
  if (source && tag === pointId) return;
  const name = found?.DBSnapshotIdentifier;
  throw new DrError('SNAPSHOT_MISMATCH', `snapshot ${name} exists, but is not of this source and point ${pointId}`, {
    hint: `Look at its source and its tag ${POINT_TAG} (now ${tag ?? 'absent'}); rename or delete it if it is foreign.`,
  });
}

/** Builder's database on RDS. */
export function rdsDatabase({ primary, dr, instanceId, drKmsKeyId }: RdsOptions): Database {
  return {
    async capture(name, pointId) {
      const command = new CreateDBSnapshotCommand({
        DBInstanceIdentifier: instanceId,
        DBSnapshotIdentifier: name,
        Tags: [{ Key: POINT_TAG, Value: pointId }],
      });
      try {
        await call(`create snapshot ${name} of ${instanceId}`, () => primary.send(command));
      } catch (error) {
        if (!hasCode(error, 'ALREADY_EXISTS')) throw error;
        const found = await find(primary, name);
        requireOurs(found, found?.DBInstanceIdentifier === instanceId, pointId);
      }
    },
    async status(name) {
      const found = await find(primary, name);
      return found && factsOf(found);
    },
    async copyToDr({ name, sourceArn, pointId }) {
      const command = new CopyDBSnapshotCommand({
        SourceDBSnapshotIdentifier: sourceArn,
        TargetDBSnapshotIdentifier: name,
        Tags: [{ Key: POINT_TAG, Value: pointId }],
        // Required for an encrypted source; an unencrypted one gets an encrypted copy by it.
        ...(drKmsKeyId ? { KmsKeyId: drKmsKeyId } : {}),
      });
      try {
        await call(`copy snapshot ${sourceArn}`, () => dr.send(command));
      } catch (error) {
        if (!hasCode(error, 'ALREADY_EXISTS')) throw error;
        const found = await find(dr, name);
        requireOurs(found, found?.SourceDBSnapshotIdentifier === sourceArn, pointId);
      }
    },
    async copyStatus(name) {
      const found = await find(dr, name);
      return found && factsOf(found);
    },
    async copies() {
      const found: SnapshotFacts[] = [];
      await call('list snapshots in the DR region', async () => {
        for await (const page of paginateDescribeDBSnapshots({ client: dr }, { SnapshotType: 'manual' })) {
          for (const snapshot of page.DBSnapshots ?? []) {
            if (snapshot.DBSnapshotIdentifier?.startsWith('hbdr-')) found.push(factsOf(snapshot));
          }
        }
      });
      return found;
    },
    async source() {
      const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: instanceId });
      const instance = (await call(`describe instance ${instanceId}`, () => primary.send(command))).DBInstances?.[0];
      return {
        multiAz: instance?.MultiAZ ?? false,
        backupRetentionDays: instance?.BackupRetentionPeriod ?? 0,
        encrypted: instance?.StorageEncrypted ?? false,
        engineLifecycleSupport: instance?.EngineLifecycleSupport ?? '',
      };
    },
  };
}
