import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { letsIn, requireGroups, requireSecurityGroups } from './groups.ts';
import { ENGINE_VERSION, type Instance, instanceXml, RdsFault, type Snapshot } from './model.ts';
import type { Params } from './query.ts';
import { isDead, turnBackups } from './states.ts';
import type { Caller, RdsWorld } from './world.ts';

export function describedInstance(world: RdsWorld, instance: Instance): Record<string, unknown> {
  return instanceXml(instance, world.arn(instance.region, 'db', instance.id));
}

function checkStorage(storageGib: number, params: Params): void {
  const asked = params.text('Iops') !== undefined || params.text('StorageThroughput') !== undefined;
  const both = params.text('Iops') !== undefined && params.text('StorageThroughput') !== undefined;
  if ((params.text('StorageType') ?? 'gp3') !== 'gp3') return;
  if (asked && storageGib < 400) {
    throw new RdsFault(
      'InvalidParameterCombination',
      "You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400.",
    );
  }
  if (asked && !both) {
    throw new RdsFault('InvalidParameterCombination', 'Specify both IOPS and storage throughput for gp3.');
  }
}

export function newInstance(world: RdsWorld, caller: Caller, params: Params, source?: Snapshot): Instance {
  const id = (params.text('DBInstanceIdentifier') ?? '').toLowerCase();
  if (world.instances.has(world.key(caller.region, id))) {
    throw new RdsFault('DBInstanceAlreadyExists', `DB instance ${id} already exists`);
  }
  const className = params.text('DBInstanceClass') ?? 'db.t4g.micro';
  if (world.settings.insufficientCapacity.includes(className)) {
    throw new RdsFault('InsufficientDBInstanceCapacity', `${className} is not available in this region now`);
  }
  if (world.settings.unorderableClasses.includes(className)) {
    throw new RdsFault(
      'InvalidParameterCombination',
      `RDS does not support creating a DB instance with the following combination: DBInstanceClass=${className}, Engine=postgres, EngineVersion=${ENGINE_VERSION}`,
    );
  }
  const storageGib = params.number('AllocatedStorage') ?? source?.storageGib ?? 20;
  checkStorage(storageGib, params);
  const version = source?.engineVersion ?? ENGINE_VERSION;
  const instance: Instance = {
    id,
    region: caller.region,
    engine: source?.engine ?? params.text('Engine') ?? 'postgres',
    memberOf: params.text('DBClusterIdentifier'),
    status: 'creating',
    cluster: undefined,
    createdAt: new Date(),
    className,
    engineVersion: world.settings.retiredVersions[version] ?? version,
    storageGib,
    storageType: params.text('StorageType') ?? source?.storageType ?? 'gp3',
    iops: params.number('Iops'),
    throughput: params.number('StorageThroughput'),
    masterUser: params.text('MasterUsername') ?? source?.masterUser ?? 'postgres',
    multiAz: params.flag('MultiAZ') ?? false,
    backupRetentionDays: params.number('BackupRetentionPeriod') ?? 1,
    pendingRetentionDays: undefined,
    deletionProtection: params.flag('DeletionProtection') ?? false,
    kmsKeyId: source?.kmsKeyId,
    parameterGroup: params.text('DBParameterGroupName') ?? 'default.postgres17',
    subnetGroup: params.text('DBSubnetGroupName'),
    securityGroups: (params.list('VpcSecurityGroupIds.VpcSecurityGroupId') ?? ['sg-default']).map((group) => ({
      id: group,
      status: 'active',
    })),
    lifecycleSupport: params.text('EngineLifecycleSupport') ?? 'open-source-rds-extended-support',
    copyTagsToSnapshot: params.flag('CopyTagsToSnapshot') ?? false,
    pendingPassword: false,
    caCertificate: params.text('CACertificateIdentifier') ?? 'rds-ca-rsa2048-g1',
    logExports: params.list('EnableCloudwatchLogsExports.member') ?? [],
    iamAuthentication: params.flag('EnableIAMDatabaseAuthentication') ?? false,
    publiclyAccessible: params.flag('PubliclyAccessible') ?? true,
    tags: params.tags() ?? source?.tags ?? [],
  };
  world.instances.set(world.key(caller.region, id), instance);
  world.accept(instance);
  return instance;
}

async function setPassword(client: pg.Client, user: string, password: string): Promise<void> {
  const name = client.escapeIdentifier(user);
  const secret = client.escapeLiteral(password);
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user]);
  const verb = rowCount ? 'ALTER' : 'CREATE';
  await client.query(`${verb} ROLE ${name} LOGIN CREATEDB CREATEROLE PASSWORD ${secret}`);
}

export async function createInstance(world: RdsWorld, caller: Caller, params: Params) {
  const arn = world.arn(caller.region, 'db', (params.text('DBInstanceIdentifier') ?? '').toLowerCase());
  await world.allow(caller, 'rds:CreateDBInstance', [arn], params.tags() ?? []);
  requireGroups(world, caller.region, params);
  await requireSecurityGroups(world, caller.region, params);
  const keyId = params.text('KmsKeyId');
  const kmsKeyId = keyId ? await world.requireKey(caller, keyId) : undefined;
  const instance = Object.assign(newInstance(world, caller, params), { kmsKeyId });
  const password = params.text('MasterUserPassword') ?? randomBytes(18).toString('base64url');
  const database = params.text('DBName');
  world.later(async () => {
    instance.cluster = await world.host.start(await world.host.cloneFolder(world.host.template));
    await world.host.admin(instance.cluster, async (client) => {
      await setPassword(client, instance.masterUser, password);
      if (!database) return;
      const owner = client.escapeIdentifier(instance.masterUser);
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)} OWNER ${owner}`);
    });
    instance.status = 'available';
    world.announce('DB_INSTANCE', 'RDS-EVENT-0005', instance, 'DB instance created');
  });
  return { DBInstance: describedInstance(world, instance) };
}

export async function describeInstances(world: RdsWorld, caller: Caller, params: Params) {
  const wanted = params.text('DBInstanceIdentifier');
  const arn = world.arn(caller.region, 'db', wanted ? wanted.toLowerCase() : '*');
  await world.allow(caller, 'rds:DescribeDBInstances', [arn]);
  const found = wanted
    ? [world.instance(caller.region, wanted)].filter((instance) => world.sees(instance))
    : [...world.instances.values()].filter((each) => each.region === caller.region && world.sees(each));
  if (wanted && found.length === 0) throw new RdsFault('DBInstanceNotFound', `DBInstance ${wanted} not found.`, 404);
  const start = Number(params.text('Marker') ?? 0);
  return {
    Marker: start + 100 < found.length ? String(start + 100) : undefined,
    DBInstances: found.slice(start, start + 100).map((instance) => describedInstance(world, instance)),
  };
}

export async function modifyInstance(world: RdsWorld, caller: Caller, params: Params) {
  const instance = world.instance(caller.region, params.text('DBInstanceIdentifier'));
  await world.allow(caller, 'rds:ModifyDBInstance', [world.arn(caller.region, 'db', instance.id)]);
  requireState(world, instance, 'ModifyDBInstance');
  await requireSecurityGroups(world, caller.region, params);
  const password = params.text('MasterUserPassword');
  const groups = params.list('VpcSecurityGroupIds.VpcSecurityGroupId');
  instance.multiAz = params.flag('MultiAZ') ?? instance.multiAz;
  instance.deletionProtection = params.flag('DeletionProtection') ?? instance.deletionProtection;
  turnBackups(world, instance, params);
  instance.className = params.text('DBInstanceClass') ?? instance.className;
  if (password !== undefined) {
    instance.pendingPassword = true;
    world.later(async () => {
      const cluster = instance.cluster;
      if (!cluster) return;
      await world.host.admin(cluster, (client) => setPassword(client, instance.masterUser, password));
      instance.pendingPassword = false;
      world.announce('DB_INSTANCE', 'RDS-EVENT-0016', instance, 'The master password has been reset');
    });
  }
  if (groups) swapGroups(world, instance, groups);
  const newId = params.text('NewDBInstanceIdentifier')?.toLowerCase();
  if (newId) rename(world, instance, newId);
  return { DBInstance: describedInstance(world, instance) };
}

/** A rename reboots, and takes a while. */
function rename(world: RdsWorld, instance: Instance, id: string): void {
  if (world.instances.has(world.key(instance.region, id))) {
    throw new RdsFault('DBInstanceAlreadyExists', `DB instance ${id} already exists`);
  }
  instance.status = 'renaming';
  world.later(async () => {
    world.instances.delete(world.key(instance.region, instance.id));
    instance.id = id;
    world.instances.set(world.key(instance.region, id), instance);
    if (instance.cluster) await world.host.restart(instance.cluster);
    instance.status = 'available';
  });
}

/** A swap takes a while, and open connections stay alive until a reboot, as on AWS. */
function swapGroups(world: RdsWorld, instance: Instance, groups: string[]): void {
  const leaving = instance.securityGroups.filter((group) => !groups.includes(group.id));
  const kept = groups.map((id) => ({ id, status: 'adding' }));
  instance.securityGroups = [...leaving.map((group) => ({ ...group, status: 'removing' })), ...kept];
  world.later(async () => {
    const open = await letsIn(world, instance.region, groups);
    if (instance.cluster) await world.host.admit(instance.cluster, open);
    instance.securityGroups = groups.map((id) => ({ id, status: 'active' }));
  });
}

export async function rebootInstance(world: RdsWorld, caller: Caller, params: Params) {
  const instance = world.instance(caller.region, params.text('DBInstanceIdentifier'));
  await world.allow(caller, 'rds:RebootDBInstance', [world.arn(caller.region, 'db', instance.id)]);
  const cluster = requireState(world, instance, 'RebootDBInstance');
  const before = instance.status;
  instance.status = 'rebooting';
  world.later(async () => {
    await world.host.restart(cluster);
    instance.status = before;
    world.announce('DB_INSTANCE', 'RDS-EVENT-0006', instance, 'DB instance restarted');
  });
  return { DBInstance: describedInstance(world, instance) };
}

export async function deleteInstance(world: RdsWorld, caller: Caller, params: Params) {
  const instance = world.instance(caller.region, params.text('DBInstanceIdentifier'));
  await world.allow(caller, 'rds:DeleteDBInstance', [world.arn(caller.region, 'db', instance.id)]);
  if (instance.deletionProtection) {
    throw new RdsFault(
      'InvalidParameterCombination',
      'Cannot delete protected DB Instance, disable deletion protection',
    );
  }
  if (!params.flag('SkipFinalSnapshot')) {
    throw new RdsFault('InvalidParameterCombination', 'FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot');
  }
  if (
    !isDead(instance.status) &&
    !['available', 'stopped', 'storage-optimization', 'storage-initialization'].includes(instance.status)
  ) {
    throw new RdsFault('InvalidDBInstanceState', `Instance ${instance.id} is ${instance.status}.`);
  }
  instance.status = 'deleting';
  world.later(async () => {
    if (instance.cluster) {
      await world.host.stop(instance.cluster);
      await world.host.remove(instance.cluster.folder);
    }
    world.instances.delete(world.key(instance.region, instance.id));
    world.announce('DB_INSTANCE', 'RDS-EVENT-0003', instance, 'DB instance deleted');
  });
  return { DBInstance: describedInstance(world, instance) };
}

/**
 * States besides `available` in which RDS takes a call; what is stopped takes none. AWS says nowhere whether it takes a
 * change while a backup is made: both can be set, and the unkind one is the default.
 */
const alsoIn: Record<'ModifyDBInstance' | 'RebootDBInstance', string[]> = {
  ModifyDBInstance: ['storage-full', 'storage-initialization', 'storage-optimization'],
  RebootDBInstance: ['storage-initialization', 'storage-optimization'],
};

function requireState({ settings }: RdsWorld, instance: Instance, action: keyof typeof alsoIn) {
  const backing = action === 'ModifyDBInstance' && settings.changesWhileBackingUp ? ['backing-up'] : [];
  if (instance.cluster && ['available', ...alsoIn[action], ...backing].includes(instance.status))
    return instance.cluster;
  throw new RdsFault('InvalidDBInstanceState', `Instance ${instance.id} is not in available state.`);
}
