import {
  AddTagsToResourceCommand,
  type DBInstance,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  DescribeDBParameterGroupsCommand,
  DescribeDBSubnetGroupsCommand,
  ModifyDBInstanceCommand,
  paginateDescribeDBInstances,
  type RDSClient,
  RestoreDBInstanceFromDBSnapshotCommand,
} from '@aws-sdk/client-rds';
import type { Instances, RestoredInstance, RestoreRequest } from '../../core/ports/recovery.ts';
import { DRILL_PREFIX, RUN_TAG } from '../../core/recovery/restore-request.ts';
import { DrError, hasCode } from '../../errors.ts';
import { callsTo, ifThere } from './errors.ts';

const call = callsTo('dr');

const listed = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

function instanceFactsOf(instance: DBInstance): RestoredInstance {
  const tags = (instance.TagList ?? []).map(({ Key = '', Value = '' }) => [Key, Value] as const);
  const waiting = instance.VpcSecurityGroups?.some((each) => each.Status !== 'active') ?? false;
  return {
    name: instance.DBInstanceIdentifier ?? '',
    arn: instance.DBInstanceArn ?? '',
    status: instance.DBInstanceStatus ?? '',
    engineVersion: `${instance.Engine} ${instance.EngineVersion}`,
    className: instance.DBInstanceClass ?? '',
    storageGib: instance.AllocatedStorage ?? 0,
    multiAz: instance.MultiAZ ?? false,
    host: instance.Endpoint?.Address,
    port: instance.Endpoint?.Port,
    masterUser: instance.MasterUsername ?? '',
    deletionProtection: instance.DeletionProtection ?? false,
    pending: waiting || Object.values(instance.PendingModifiedValues ?? {}).some((each) => each !== undefined),
    backupRetentionDays: instance.BackupRetentionPeriod ?? 0,
    tags: Object.fromEntries(tags),
  };
}

function restoreCommand(request: RestoreRequest): RestoreDBInstanceFromDBSnapshotCommand {
  return new RestoreDBInstanceFromDBSnapshotCommand({
    DBInstanceIdentifier: request.name,
    DBSnapshotIdentifier: request.snapshot,
    DBInstanceClass: request.className,
    DBSubnetGroupName: request.subnetGroup,
    VpcSecurityGroupIds: request.securityGroups,
    DBParameterGroupName: request.parameterGroup,
    StorageType: request.storageType,
    AllocatedStorage: request.storageGib,
    ...(request.iops === undefined ? {} : { Iops: request.iops }),
    ...(request.throughputMibps === undefined ? {} : { StorageThroughput: request.throughputMibps }),
    MultiAZ: request.multiAz,
    DeletionProtection: request.deletionProtection,
    BackupRetentionPeriod: request.backupRetentionDays,
    CACertificateIdentifier: request.caCertificate,
    ...(request.logExports.length > 0 ? { EnableCloudwatchLogsExports: request.logExports } : {}),
    EnableIAMDatabaseAuthentication: request.iamAuthentication,
    EngineLifecycleSupport: request.engineLifecycleSupport,
    PubliclyAccessible: false,
    AutoMinorVersionUpgrade: false,
    CopyTagsToSnapshot: true,
    // Without tags of its own an instance inherits the source's, and a drill looks like production.
    Tags: listed(request.tags),
  });
}

/** What a restore needs and the DR region has not. */
async function lackingOf(client: RDSClient, needed: Parameters<Instances['missing']>[0]) {
  const { subnetGroup, parameterGroup, parameterGroupFamily } = needed;
  const found: Awaited<ReturnType<Instances['missing']>> = [];
  const subnets = new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: subnetGroup });
  if (!(await ifThere(call(`describe subnet group ${subnetGroup}`, subnetGroup, () => client.send(subnets))))) {
    const text = `there is no subnet group ${subnetGroup} in the DR region`;
    found.push({ code: 'DR_NETWORK_MISSING', subject: subnetGroup, text });
  }
  const lacking = (text: string) => found.push({ code: 'DR_PARAMETER_GROUP_MISSING', subject: parameterGroup, text });
  const groups = new DescribeDBParameterGroupsCommand({ DBParameterGroupName: parameterGroup });
  const look = () => client.send(groups);
  const there = await ifThere(call(`describe parameter group ${parameterGroup}`, parameterGroup, look));
  const family = there?.DBParameterGroups?.[0]?.DBParameterGroupFamily;
  if (!there) lacking(`there is no parameter group ${parameterGroup} in the DR region`);
  else if (parameterGroupFamily !== undefined && family !== parameterGroupFamily) {
    lacking(`parameter group ${parameterGroup} is of family ${family}, the snapshot needs ${parameterGroupFamily}`);
  }
  return found;
}

/** An existing instance counts as ours only when it was made for this run. */
function requireOurs({ name, tags }: RestoreRequest, found: RestoredInstance | undefined): void {
  if (!found) throw new DrError('INVALID_STATE', `instance ${name} exists, and is not shown yet`, { subject: name });
  const tag = found.tags[RUN_TAG];
  if (tag === tags[RUN_TAG]) return;
  throw new DrError('INSTANCE_MISMATCH', `an instance ${name} exists, and is not of ${tags[RUN_TAG]}`, {
    subject: name,
    hint: `Look at its tag ${RUN_TAG} (now ${tag ?? 'absent'}); rename it if it is foreign.`,
  });
}

function requireDrills(name: string): void {
  if (name.startsWith(DRILL_PREFIX)) return;
  throw new DrError('BAD_USAGE', `${name} is not a drill's instance and is not deleted`, {
    subject: name,
    hint: `Only instances named ${DRILL_PREFIX}... are ever deleted; delete others by hand.`,
  });
}

/** Instances of the DR region. */
export function rdsInstances({ client }: { client: RDSClient }): Instances {
  const find = async (name: string): Promise<RestoredInstance | undefined> => {
    const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
    const answer = await ifThere(call(`describe instance ${name}`, name, () => client.send(command)));
    const found = answer?.DBInstances?.[0];
    return found && instanceFactsOf(found);
  };
  return {
    status: find,
    async restore(request) {
      try {
        const { name, snapshot } = request;
        await call(`restore ${snapshot} into ${name}`, name, () => client.send(restoreCommand(request)));
      } catch (error) {
        if (!hasCode(error, 'ALREADY_EXISTS')) throw error;
        requireOurs(request, await find(request.name));
      }
    },
    async setPassword(name, password) {
      const change = { DBInstanceIdentifier: name, MasterUserPassword: password, ApplyImmediately: true };
      await call(`set the master password of ${name}`, name, () => client.send(new ModifyDBInstanceCommand(change)));
    },
    async turnBackupsOn(name, days) {
      const change = { DBInstanceIdentifier: name, BackupRetentionPeriod: days, ApplyImmediately: true };
      await call(`turn backups of ${name} on`, name, () => client.send(new ModifyDBInstanceCommand(change)));
    },
    async tag(arn, tags) {
      const command = new AddTagsToResourceCommand({ ResourceName: arn, Tags: listed(tags) });
      await call(`tag ${arn}`, arn, () => client.send(command));
    },
    async destroy(name) {
      requireDrills(name);
      const found = await find(name);
      if (!found || found.status === 'deleting') return;
      const command = new DeleteDBInstanceCommand({
        DBInstanceIdentifier: name,
        SkipFinalSnapshot: true,
        DeleteAutomatedBackups: true,
      });
      await ifThere(call(`delete instance ${name}`, name, () => client.send(command)));
    },
    async list() {
      const found: RestoredInstance[] = [];
      await call('list instances in the DR region', 'instances', async () => {
        for await (const page of paginateDescribeDBInstances({ client }, {})) {
          found.push(...(page.DBInstances ?? []).map(instanceFactsOf));
        }
      });
      return found;
    },
    missing: (needed) => lackingOf(client, needed),
  };
}
