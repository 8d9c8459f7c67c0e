import { RdsFault, type Snapshot, snapshotXml } from './model.ts';
import type { Params } from './query.ts';
import type { Caller, RdsWorld } from './world.ts';

function xml(world: RdsWorld, snapshot: Snapshot): Record<string, unknown> {
  return snapshotXml(snapshot, world.arn(snapshot.region, 'snapshot', snapshot.id));
}

function claimName(world: RdsWorld, region: string, name: string | undefined): string {
  const id = (name ?? '').toLowerCase();
  if (!/^[a-z](?:-?[a-z0-9])*$/.test(id)) {
    throw new RdsFault('InvalidParameterValue', `${name} is not a valid snapshot identifier`);
  }
  if (world.snapshots.has(world.key(region, id))) {
    throw new RdsFault('DBSnapshotAlreadyExists', `Cannot create the snapshot because ${id} already exists.`);
  }
  const owned = [...world.snapshots.values()].filter((snapshot) => snapshot.region === region).length;
  if (owned >= world.settings.snapshotQuota) {
    throw new RdsFault(
      'SnapshotQuotaExceeded',
      `Cannot create more than ${world.settings.snapshotQuota} manual snapshots`,
    );
  }
  return id;
}

export async function createSnapshot(world: RdsWorld, caller: Caller, params: Params) {
  const { region } = caller;
  const tags = params.tags() ?? [];
  const target = world.arn(region, 'snapshot', (params.text('DBSnapshotIdentifier') ?? '').toLowerCase());
  const instanceId = (params.text('DBInstanceIdentifier') ?? '').toLowerCase();
  await world.allow(caller, 'rds:CreateDBSnapshot', [world.arn(region, 'db', instanceId), target], tags);
  if (tags.length > 0) await world.allow(caller, 'rds:AddTagsToResource', [target], tags);
  const instance = world.instance(region, instanceId);
  if (instance.memberOf) {
    throw new RdsFault(
      'InvalidParameterValue',
      'The specified instance is a member of a cluster and a snapshot cannot be created directly.',
    );
  }
  const id = claimName(world, region, params.text('DBSnapshotIdentifier'));
  const cluster = instance.cluster;
  if (!cluster || !['available', 'storage-optimization'].includes(instance.status)) {
    throw new RdsFault('InvalidDBInstanceState', `Instance ${instance.id} is not currently available.`);
  }
  const snapshot: Snapshot = {
    id,
    region,
    instanceId: instance.id,
    engine: instance.engine,
    status: 'creating',
    folder: undefined,
    createdAt: new Date(),
    originalCreatedAt: new Date(),
    percent: 0,
    engineVersion: instance.engineVersion,
    kmsKeyId: instance.kmsKeyId,
    sourceArn: undefined,
    sourceRegion: undefined,
    storageGib: instance.storageGib,
    storageType: instance.storageType,
    masterUser: instance.masterUser,
    lifecycleSupport: instance.lifecycleSupport,
    sharedWith: [],
    tags: instance.copyTagsToSnapshot ? [...instance.tags, ...tags] : tags,
  };
  world.snapshots.set(world.key(region, id), snapshot);
  world.accept(snapshot);
  world.announce('SNAPSHOT', 'RDS-EVENT-0040', snapshot, 'Creating manual snapshot');
  world.later(async () => {
    snapshot.originalCreatedAt = new Date();
    snapshot.createdAt = snapshot.originalCreatedAt;
    snapshot.folder = await world.host.backup(cluster);
    snapshot.percent = 50;
    world.later(() => {
      snapshot.status = 'available';
      snapshot.percent = 100;
      world.announce('SNAPSHOT', 'RDS-EVENT-0042', snapshot, 'Manual snapshot created');
    });
  }, world.settings.backupDelayMs);
  return { DBSnapshot: xml(world, snapshot) };
}

/** Answers the ARN of the copy's key. */
async function checkCopy(world: RdsWorld, caller: Caller, source: Snapshot, keyId: string | undefined) {
  if (source.status !== 'available') {
    throw new RdsFault('InvalidDBSnapshotState', `Snapshot ${source.id} is ${source.status}, not available.`);
  }
  const kmsKeyId = keyId ? await world.requireKey(caller, keyId) : undefined;
  if (source.region === caller.region || !source.kmsKeyId) return kmsKeyId;
  if (!kmsKeyId) {
    throw new RdsFault(
      'KMSKeyNotAccessibleFault',
      'Must specify new KMS key for cross region encrypted snapshot copy: target KMS key [None]',
    );
  }
  await world.requireKey(caller, source.kmsKeyId);
  return kmsKeyId;
}

export async function copySnapshot(world: RdsWorld, caller: Caller, params: Params) {
  const { region } = caller;
  const tags = params.tags() ?? [];
  const targetName = (params.text('TargetDBSnapshotIdentifier') ?? '').toLowerCase();
  const source = world.snapshot(region, params.text('SourceDBSnapshotIdentifier'));
  const sourceArn = world.arn(source.region, 'snapshot', source.id);
  const targetArn = world.arn(region, 'snapshot', targetName);
  await world.allow(caller, 'rds:CopyDBSnapshot', [sourceArn, targetArn], tags);
  if (tags.length > 0) await world.allow(caller, 'rds:AddTagsToResource', [targetArn], tags);
  const id = claimName(world, region, targetName);
  const kmsKeyId = await checkCopy(world, caller, source, params.text('KmsKeyId'));
  const inFlight = [...world.snapshots.values()].filter(
    (snapshot) => snapshot.region === region && snapshot.status === 'creating' && snapshot.sourceArn,
  ).length;
  if (inFlight >= world.settings.copyLimit) {
    const message = `Cannot copy more than ${world.settings.copyLimit} snapshots across regions`;
    throw new RdsFault('SnapshotQuotaExceeded', message);
  }
  const copy: Snapshot = {
    ...source,
    id,
    region,
    status: 'creating',
    folder: undefined,
    createdAt: new Date(),
    percent: 0,
    kmsKeyId: kmsKeyId ?? source.kmsKeyId,
    sourceArn,
    sourceRegion: source.region === region ? undefined : source.region,
    sharedWith: [],
    tags: params.flag('CopyTags') ? [...source.tags, ...tags] : tags,
  };
  world.snapshots.set(world.key(region, id), copy);
  world.accept(copy);
  world.announce('SNAPSHOT', 'RDS-EVENT-0059', copy, 'Started copy of snapshot');
  world.later(() => finishCopy(world, source, copy));
  return { DBSnapshot: xml(world, copy) };
}

async function finishCopy(world: RdsWorld, source: Snapshot, copy: Snapshot): Promise<void> {
  if (copy.status !== 'creating') return;
  if (!source.folder || !world.snapshots.has(world.key(source.region, source.id))) {
    copy.status = 'failed';
    return;
  }
  copy.folder = await world.host.cloneFolder(source.folder, 'link');
  if ((copy.status as string) !== 'creating') return;
  copy.createdAt = new Date();
  copy.status = 'available';
  copy.percent = 100;
  world.announce('SNAPSHOT', 'RDS-EVENT-0060', copy, `Finished copy of snapshot from ${source.region}`);
}

export async function deleteSnapshot(world: RdsWorld, caller: Caller, params: Params) {
  const snapshot = world.snapshot(caller.region, params.text('DBSnapshotIdentifier'));
  const arn = world.arn(caller.region, 'snapshot', snapshot.id);
  await world.allow(caller, 'rds:DeleteDBSnapshot', [arn], [], snapshot.tags);
  if (snapshot.status !== 'available' && snapshot.status !== 'failed') {
    throw new RdsFault('InvalidDBSnapshotState', `Snapshot ${snapshot.id} is ${snapshot.status}.`);
  }
  world.snapshots.delete(world.key(snapshot.region, snapshot.id));
  // What is being copied from it ends unfinished.
  for (const copy of world.snapshots.values()) {
    if (copy.sourceArn === arn && copy.status === 'creating') copy.status = 'failed';
  }
  if (snapshot.folder) await world.host.remove(snapshot.folder);
  snapshot.status = 'deleted';
  world.announce('SNAPSHOT', 'RDS-EVENT-0041', snapshot, 'Deleted user snapshot');
  return { DBSnapshot: xml(world, snapshot) };
}

export async function describeSnapshotAttributes(world: RdsWorld, caller: Caller, params: Params) {
  const snapshot = world.snapshot(caller.region, params.text('DBSnapshotIdentifier'));
  await world.allow(caller, 'rds:DescribeDBSnapshotAttributes', [world.arn(caller.region, 'snapshot', snapshot.id)]);
  return attributesOf(snapshot);
}

/** Shares a snapshot with other accounts, or no longer. */
export async function modifySnapshotAttribute(world: RdsWorld, caller: Caller, params: Params) {
  const snapshot = world.snapshot(caller.region, params.text('DBSnapshotIdentifier'));
  await world.allow(caller, 'rds:ModifyDBSnapshotAttribute', [world.arn(caller.region, 'snapshot', snapshot.id)]);
  if (snapshot.status !== 'available') {
    throw new RdsFault('InvalidDBSnapshotState', `Snapshot ${snapshot.id} is ${snapshot.status}.`);
  }
  const gone = params.list('ValuesToRemove.AttributeValue') ?? [];
  const added = params.list('ValuesToAdd.AttributeValue') ?? [];
  snapshot.sharedWith = [...new Set([...snapshot.sharedWith, ...added])].filter((each) => !gone.includes(each));
  return attributesOf(snapshot);
}

function attributesOf({ id, sharedWith }: Snapshot) {
  return {
    DBSnapshotAttributesResult: {
      DBSnapshotIdentifier: id,
      DBSnapshotAttributes: [{ AttributeName: 'restore', AttributeValues: sharedWith }],
    },
  };
}

export async function describeSnapshots(world: RdsWorld, caller: Caller, params: Params) {
  const { region } = caller;
  const wanted = params.text('DBSnapshotIdentifier');
  const arn = world.arn(region, 'snapshot', wanted ? wanted.toLowerCase() : '*');
  await world.allow(caller, 'rds:DescribeDBSnapshots', [arn]);
  if (wanted) {
    const found = world.snapshot(region, wanted);
    if (!world.sees(found)) throw new RdsFault('DBSnapshotNotFound', `DBSnapshot ${wanted} not found.`, 404);
    return { DBSnapshots: [xml(world, found)] };
  }
  const instanceId = params.text('DBInstanceIdentifier')?.toLowerCase();
  const filters = params.filters();
  const all = [...world.snapshots.values()]
    .filter((snapshot) => snapshot.region === region)
    .filter((snapshot) => !instanceId || snapshot.instanceId === instanceId)
    .filter((snapshot) => filters.get('db-instance-id')?.includes(snapshot.instanceId) ?? true)
    .filter((snapshot) => filters.get('db-snapshot-id')?.includes(snapshot.id) ?? true)
    .filter(() => filters.get('snapshot-type')?.includes('manual') ?? true)
    .filter((snapshot) => world.sees(snapshot))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const start = Number(params.text('Marker') ?? 0);
  const end = start + Math.min(100, params.number('MaxRecords') ?? 100);
  return {
    Marker: end < all.length ? String(end) : undefined,
    DBSnapshots: all.slice(start, end).map((snapshot) => xml(world, snapshot)),
  };
}
