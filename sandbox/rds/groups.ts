import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { rootCredentials } from '../bridge.ts';
import { type Group, RdsFault } from './model.ts';
import type { Params } from './query.ts';
import type { Caller, RdsWorld } from './world.ts';

/** Each subnet in a zone of its own. */
const subnetXml = ({ name, region, subnets }: Group) => ({
  DBSubnetGroupName: name,
  SubnetGroupStatus: 'Complete',
  Subnets: subnets.map((SubnetIdentifier, index) => ({
    SubnetIdentifier,
    SubnetAvailabilityZone: { Name: `${region}${'abcdef'[index]}` },
    SubnetStatus: 'Active',
  })),
});
const parameterXml = (group: Group) => ({ DBParameterGroupName: group.name, DBParameterGroupFamily: group.family });

export async function createSubnetGroup(world: RdsWorld, caller: Caller, params: Params) {
  const name = (params.text('DBSubnetGroupName') ?? '').toLowerCase();
  await world.allow(caller, 'rds:CreateDBSubnetGroup', [world.arn(caller.region, 'subgrp', name)]);
  if (world.subnetGroups.has(world.key(caller.region, name))) {
    throw new RdsFault('DBSubnetGroupAlreadyExists', `The DB subnet group '${name}' already exists.`);
  }
  const subnets = params.list('SubnetIds.SubnetIdentifier') ?? [];
  await requireSubnets(world, caller.region, subnets);
  const group = { name, region: caller.region, family: undefined, subnets };
  world.subnetGroups.set(world.key(caller.region, name), group);
  return { DBSubnetGroup: subnetXml(group) };
}

export async function createParameterGroup(world: RdsWorld, caller: Caller, params: Params) {
  const name = (params.text('DBParameterGroupName') ?? '').toLowerCase();
  await world.allow(caller, 'rds:CreateDBParameterGroup', [world.arn(caller.region, 'pg', name)]);
  if (world.parameterGroups.has(world.key(caller.region, name))) {
    throw new RdsFault('DBParameterGroupAlreadyExists', `Parameter group ${name} already exists`);
  }
  const group = { name, region: caller.region, family: params.text('DBParameterGroupFamily'), subnets: [] };
  world.parameterGroups.set(world.key(caller.region, name), group);
  return { DBParameterGroup: parameterXml(group) };
}

export async function describeSubnetGroups(world: RdsWorld, caller: Caller, params: Params) {
  const name = params.text('DBSubnetGroupName') ?? '';
  await world.allow(caller, 'rds:DescribeDBSubnetGroups', [world.arn(caller.region, 'subgrp', name)]);
  return { DBSubnetGroups: [subnetXml(subnetGroup(world, caller.region, name))] };
}

export async function describeParameterGroups(world: RdsWorld, caller: Caller, params: Params) {
  const name = params.text('DBParameterGroupName') ?? '';
  await world.allow(caller, 'rds:DescribeDBParameterGroups', [world.arn(caller.region, 'pg', name)]);
  return { DBParameterGroups: [parameterXml(parameterGroup(world, caller.region, name))] };
}

function subnetGroup(world: RdsWorld, region: string, name: string): Group {
  const found = world.subnetGroups.get(world.key(region, name));
  if (!found) throw new RdsFault('DBSubnetGroupNotFoundFault', `DB subnet group ${name} does not exist.`, 404);
  return found;
}

function parameterGroup(world: RdsWorld, region: string, name: string): Group {
  const found = world.parameterGroups.get(world.key(region, name));
  if (!found) throw new RdsFault('DBParameterGroupNotFound', `DBParameterGroup ${name} not found.`, 404);
  return found;
}

/** Groups that an instance is to be in are there. */
export function requireGroups(world: RdsWorld, region: string, params: Params): void {
  const subnets = params.text('DBSubnetGroupName');
  const parameters = params.text('DBParameterGroupName');
  if (subnets) subnetGroup(world, region, subnets);
  if (parameters) parameterGroup(world, region, parameters);
}

async function requireSubnets(world: RdsWorld, region: string, wanted: string[]): Promise<void> {
  const ec2 = new EC2Client({ region, endpoint: world.bridge.endpoint, credentials: rootCredentials });
  try {
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    const unknown = wanted.filter((id) => !Subnets.some((each) => each.SubnetId === id));
    if (unknown.length > 0)
      throw new RdsFault('InvalidSubnet', `Some input subnets are invalid: ${unknown.join(', ')}`);
  } finally {
    ec2.destroy();
  }
}

/** An id of EC2's form: the sandbox's own sites name groups by words, which it takes as they are. */
const isGroupId = (id: string): boolean => /^sg-[0-9a-f]{8,17}$/.test(id);

/** Security groups that an instance is to be in are there. */
export async function requireSecurityGroups(world: RdsWorld, region: string, params: Params): Promise<void> {
  const wanted = (params.list('VpcSecurityGroupIds.VpcSecurityGroupId') ?? []).filter(isGroupId);
  if (wanted.length === 0) return;
  const ec2 = new EC2Client({ region, endpoint: world.bridge.endpoint, credentials: rootCredentials });
  try {
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
    const unknown = wanted.find((id) => !SecurityGroups.some((each) => each.GroupId === id));
    if (unknown)
      throw new RdsFault('InvalidParameterValue', `Invalid security group , groupId= ${unknown}, groupName=`);
  } finally {
    ec2.destroy();
  }
}

/** Whether any of the groups lets anybody in: one that the region knows and that has no rule lets nobody in. */
export async function letsIn(world: RdsWorld, region: string, groups: string[]): Promise<boolean> {
  const ec2 = new EC2Client({ region, endpoint: world.bridge.endpoint, credentials: rootCredentials });
  try {
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
    return groups.some(
      (id) => (SecurityGroups.find((each) => each.GroupId === id)?.IpPermissions ?? ['any']).length > 0,
    );
  } finally {
    ec2.destroy();
  }
}
