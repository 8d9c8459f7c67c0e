import { createServer, type Server } from 'node:http';
import { createParameterGroup, createSubnetGroup, describeParameterGroups, describeSubnetGroups } from './groups.ts';
import { createInstance, deleteInstance, describeInstances, modifyInstance, rebootInstance } from './instances.ts';
import { RdsFault, type Tag } from './model.ts';
import { describeEngineVersions, describeOrderableOptions } from './offers.ts';
import { errorXml, Params, responseXml } from './query.ts';
import { restoreInstance } from './restores.ts';
import {
  copySnapshot,
  createSnapshot,
  deleteSnapshot,
  describeSnapshotAttributes,
  describeSnapshots,
  modifySnapshotAttribute,
} from './snapshots.ts';
import type { Caller, RdsWorld } from './world.ts';

type Action = (world: RdsWorld, caller: Caller, params: Params) => Promise<Record<string, unknown>>;

function tagged(world: RdsWorld, arn: string): { tags: Tag[] } {
  const [, , , region = '', , kind, id] = arn.split(':');
  return kind === 'snapshot' ? world.snapshot(region, id) : world.instance(region, id);
}

async function listTags(world: RdsWorld, caller: Caller, params: Params) {
  const arn = params.text('ResourceName') ?? '';
  await world.allow(caller, 'rds:ListTagsForResource', [arn]);
  return { TagList: tagged(world, arn).tags };
}

async function addTags(world: RdsWorld, caller: Caller, params: Params) {
  const arn = params.text('ResourceName') ?? '';
  const added = params.tags() ?? [];
  await world.allow(caller, 'rds:AddTagsToResource', [arn], added);
  const item = tagged(world, arn);
  const names = new Set(added.map((tag) => tag.Key));
  item.tags = [...item.tags.filter((tag) => !names.has(tag.Key)), ...added];
  return {};
}

/** Quotas count everybody's in the region, whoever made them. */
async function describeAccount(world: RdsWorld, caller: Caller) {
  await world.allow(caller, 'rds:DescribeAccountAttributes', ['*']);
  const inRegion = (all: Map<string, { region: string }>) =>
    [...all.values()].filter(({ region }) => region === caller.region).length;
  const { snapshotQuota } = world.settings;
  return {
    AccountQuotas: [
      { AccountQuotaName: 'DBInstances', Used: inRegion(world.instances), Max: 40 },
      { AccountQuotaName: 'ManualSnapshots', Used: inRegion(world.snapshots), Max: snapshotQuota },
    ],
  };
}

const actions: Record<string, Action> = {
  DescribeAccountAttributes: describeAccount,
  CreateDBSubnetGroup: createSubnetGroup,
  DescribeDBSubnetGroups: describeSubnetGroups,
  CreateDBParameterGroup: createParameterGroup,
  DescribeDBParameterGroups: describeParameterGroups,
  DescribeDBEngineVersions: describeEngineVersions,
  DescribeOrderableDBInstanceOptions: describeOrderableOptions,
  CreateDBInstance: createInstance,
  DescribeDBInstances: describeInstances,
  ModifyDBInstance: modifyInstance,
  RebootDBInstance: rebootInstance,
  DeleteDBInstance: deleteInstance,
  RestoreDBInstanceFromDBSnapshot: restoreInstance,
  CreateDBSnapshot: createSnapshot,
  DescribeDBSnapshots: describeSnapshots,
  CopyDBSnapshot: copySnapshot,
  DeleteDBSnapshot: deleteSnapshot,
  DescribeDBSnapshotAttributes: describeSnapshotAttributes,
  ModifyDBSnapshotAttribute: modifySnapshotAttribute,
  ListTagsForResource: listTags,
  AddTagsToResource: addTags,
};

function callerOf(authorization: string | undefined): Caller {
  const scope = /Credential=([^/]+)\/\d{8}\/([^/]+)\//.exec(authorization ?? '');
  if (!scope) throw new RdsFault('MissingAuthenticationToken', 'The request is not signed.', 403);
  return { accessKeyId: scope[1] ?? '', region: scope[2] ?? '' };
}

async function answer(world: RdsWorld, authorization: string | undefined, body: string): Promise<string> {
  const params = new Params(body);
  const action = actions[params.action];
  if (!action) throw new RdsFault('InvalidAction', `The sandbox does not know the RDS action ${params.action}`);
  return responseXml(params.action, await action(world, callerOf(authorization), params));
}

/** The RDS query API over real PostgreSQL clusters. */
export function rdsServer(world: RdsWorld): Server {
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      answer(world, request.headers.authorization, Buffer.concat(chunks).toString()).then(
        (xml) => response.writeHead(200, { 'content-type': 'text/xml' }).end(xml),
        (error: unknown) => {
          const fault = error instanceof RdsFault ? error : new RdsFault('InternalFailure', String(error), 500);
          response.writeHead(fault.status, { 'content-type': 'text/xml' }).end(errorXml(fault.code, fault.message));
        },
      );
    });
  });
}
