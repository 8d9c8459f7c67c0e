import {
  CopyDBSnapshotCommand,
  CreateDBSnapshotCommand,
  type DBInstance,
  type DBSnapshot,
  DescribeAccountAttributesCommand,
  DescribeDBInstancesCommand,
  paginateDescribeDBSnapshots,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { POINT_TAG } from '../../core/ids.ts';
import type { Database, InstanceFacts, SnapshotFacts, SnapshotQuota } from '../../core/ports/database.ts';
import { DrError, hasCode } from '../../errors.ts';
import { callsTo } from './errors.ts';
import { rdsSnapshotRemoval } from './rds-snapshot-removal.ts';
import { findSnapshot, pointTagOf, snapshotStatusOf } from './rds-snapshots.ts';

/** The quota of manual snapshots of instances, as DescribeAccountAttributes names it. */
const SNAPSHOTS = 'ManualSnapshots';

export type RdsOptions = {
  /** Client of the primary region: snapshots are made and looked at there. */
  primary: RDSClient;
  /** Client of the DR region: CopyDBSnapshot is a call of the destination. */
  dr: RDSClient;
  instanceId: string;
  /** Key of the DR region; required by AWS when the snapshot is encrypted. */
  drKmsKeyId: string | undefined;
};

/** RDS names a family by engine and major version. */
function familyOf({ Engine = '', EngineVersion = '' }: DBSnapshot): string {
  return `${Engine}${EngineVersion.split('.')[0]}`;
}

function snapshotFactsOf(snapshot: DBSnapshot): SnapshotFacts {
  return {
    name: snapshot.DBSnapshotIdentifier ?? '',
    arn: snapshot.DBSnapshotArn ?? '',
    status: snapshotStatusOf(snapshot),
    percent: snapshot.PercentProgress ?? 0,
    dataAt: snapshot.OriginalSnapshotCreateTime ?? snapshot.SnapshotCreateTime,
    engineVersion: `${snapshot.Engine} ${snapshot.EngineVersion}`,
    engine: snapshot.Engine ?? '',
    version: snapshot.EngineVersion ?? '',
    parameterGroupFamily: familyOf(snapshot),
    encrypted: snapshot.Encrypted ?? false,
    sizeGib: snapshot.AllocatedStorage ?? 0,
  };
}

const settingsOf = (instance: DBInstance): InstanceFacts => ({
  engine: instance.Engine ?? '',
  cluster: instance.DBClusterIdentifier,
  multiAz: instance.MultiAZ ?? false,
  backupRetentionDays: instance.BackupRetentionPeriod ?? 0,
  encrypted: instance.StorageEncrypted ?? false,
  engineLifecycleSupport: instance.EngineLifecycleSupport ?? '',
});

const toPrimary = callsTo('primary');
const toDr = callsTo('dr');

/** An existing snapshot counts as ours only when source and tag match. */
function requireOurs(name: string, found: DBSnapshot | undefined, source: boolean, pointId: string): void {
  if (!found) {
    throw new DrError('INVALID_STATE', `snapshot ${name} exists, and is not shown yet`, { subject: name });
  }
  const tag = pointTagOf(found);
  if (source && tag === pointId) return;
  throw new DrError('SNAPSHOT_MISMATCH', `snapshot ${name} exists, but is not of this source and point ${pointId}`, {
    subject: name,
    hint: `Look at its source and its tag ${POINT_TAG} (now ${tag ?? 'absent'}); rename or delete it if it is foreign.`,
  });
}

async function describe(primary: RDSClient, instanceId: string): Promise<DBInstance | undefined> {
  const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: instanceId });
  const answer = await toPrimary(`describe instance ${instanceId}`, instanceId, () => primary.send(command));
  return answer.DBInstances?.[0];
}

/** RDS says that it is not available, and not what it is: the first backup of an instance takes hours. */
async function busyBecause(primary: RDSClient, instanceId: string, error: DrError): Promise<DrError> {
  const status = (await describe(primary, instanceId))?.DBInstanceStatus ?? 'gone';
  const until = status === 'backing-up' ? ': RDS takes no snapshot before that backup has ended' : '';
  return new DrError('INVALID_STATE', `${error.message} (${instanceId} is ${status}${until})`, {
    subject: instanceId,
    cause: error,
    ...(error.hint ? { hint: error.hint } : {}),
  });
}

async function quotaOf(call: typeof toDr, client: RDSClient): Promise<SnapshotQuota> {
  const command = new DescribeAccountAttributesCommand({});
  const answer = await call('describe the quotas of the account', SNAPSHOTS, () => client.send(command));
  const found = answer.AccountQuotas?.find((each) => each.AccountQuotaName === SNAPSHOTS);
  if (found?.Used !== undefined && found.Max !== undefined) return { used: found.Used, allowed: found.Max };
  throw new DrError('NOT_FOUND', `AWS names no quota ${SNAPSHOTS}`, { subject: SNAPSHOTS });
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
        await toPrimary(`create snapshot ${name} of ${instanceId}`, name, () => primary.send(command));
      } catch (error) {
        if (hasCode(error, 'INVALID_STATE')) throw await busyBecause(primary, instanceId, error);
        if (!hasCode(error, 'ALREADY_EXISTS')) throw error;
        const found = await findSnapshot(toPrimary, primary, name);
        requireOurs(name, found, found?.DBInstanceIdentifier === instanceId, pointId);
      }
    },
    async status(name) {
      const found = await findSnapshot(toPrimary, primary, name);
      return found && snapshotFactsOf(found);
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
        // The DR region answers when it has read at the primary: that one's silence is what keeps it.
        await toPrimary(`copy snapshot ${sourceArn}`, name, () => dr.send(command));
      } catch (error) {
        if (!hasCode(error, 'ALREADY_EXISTS')) throw error;
        const found = await findSnapshot(toDr, dr, name);
        requireOurs(name, found, found?.SourceDBSnapshotIdentifier === sourceArn, pointId);
      }
    },
    async copyStatus(name) {
      const found = await findSnapshot(toDr, dr, name);
      return found && snapshotFactsOf(found);
    },
    async copies() {
      const found: DBSnapshot[] = [];
      await toDr('list snapshots in the DR region', 'snapshots', async () => {
        const pages = paginateDescribeDBSnapshots({ client: dr }, { SnapshotType: 'manual' });
        for await (const { DBSnapshots = [] } of pages) found.push(...DBSnapshots);
      });
      return found.filter((each) => each.DBSnapshotIdentifier?.startsWith('hbdr-')).map(snapshotFactsOf);
    },
    snapshotQuota: (site) => (site === 'dr' ? quotaOf(toDr, dr) : quotaOf(toPrimary, primary)),
    async source() {
      const found = await describe(primary, instanceId);
      if (found) return settingsOf(found);
      throw new DrError('NOT_FOUND', `there is no instance ${instanceId}`, { subject: instanceId });
    },
    ...rdsSnapshotRemoval({ primary, dr }, instanceId),
  };
}
