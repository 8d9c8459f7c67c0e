import { requireGroups, requireSecurityGroups } from './groups.ts';
import { describedInstance, newInstance } from './instances.ts';
import { type Instance, RdsFault, type Snapshot } from './model.ts';
import type { Params } from './query.ts';
import { backUp } from './states.ts';
import type { Caller, RdsWorld } from './world.ts';

async function allowRestore(world: RdsWorld, caller: Caller, params: Params, source: Snapshot): Promise<void> {
  const arn = world.arn(caller.region, 'db', (params.text('DBInstanceIdentifier') ?? '').toLowerCase());
  const sourceArn = world.arn(source.region, 'snapshot', source.id);
  const subnets = params.text('DBSubnetGroupName');
  const parameters = params.text('DBParameterGroupName');
  const groups = [
    ...(subnets ? [world.arn(caller.region, 'subgrp', subnets)] : []),
    ...(parameters ? [world.arn(caller.region, 'pg', parameters)] : []),
  ];
  const tags = params.tags() ?? [];
  await world.allow(caller, 'rds:RestoreDBInstanceFromDBSnapshot', [arn, sourceArn, ...groups], tags);
  if (tags.length > 0) await world.allow(caller, 'rds:AddTagsToResource', [arn], tags);
  requireGroups(world, caller.region, params);
  await requireSecurityGroups(world, caller.region, params);
}

/** The state in which this restore ends instead of coming up, if it does. */
function endOf({ settings }: RdsWorld, { className, id }: Instance): string | undefined {
  const found = Object.entries(settings.restoresEndIn).find(([what]) => what === className || id.startsWith(what));
  return found?.[1];
}

export async function restoreInstance(world: RdsWorld, caller: Caller, params: Params) {
  const source = world.snapshot(caller.region, params.text('DBSnapshotIdentifier'));
  await allowRestore(world, caller, params, source);
  if (source.status !== 'available' || !source.folder) {
    throw new RdsFault('InvalidDBSnapshotState', `Snapshot ${source.id} is ${source.status}.`);
  }
  if (source.kmsKeyId) await world.requireKey(caller, source.kmsKeyId);
  const folder = source.folder;
  const instance = newInstance(world, caller, params, source);
  world.later(async () => {
    const end = endOf(world, instance);
    if (end !== undefined) {
      instance.status = end;
      return;
    }
    instance.cluster = await world.host.start(await world.host.cloneFolder(folder));
    const stands = world.settings.standsAfterRestore ?? 'available';
    if (instance.backupRetentionDays > 0) backUp(world, instance, stands);
    else instance.status = stands;
    world.announce('DB_INSTANCE', 'RDS-EVENT-0043', instance, 'Restored from snapshot');
  });
  return { DBInstance: describedInstance(world, instance) };
}
