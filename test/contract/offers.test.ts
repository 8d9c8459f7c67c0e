import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateDBSubnetGroupCommand,
  DescribeDBEngineVersionsCommand,
  DescribeOrderableDBInstanceOptionsCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { rdsOffers } from '../../src/adapters/aws/rds-offers.ts';
import type { Offers } from '../../src/core/ports/offers.ts';
import { DR } from '../setup/world.ts';
import { memoryOffers, ZONES } from '../world/offers.ts';

/** What a region has no more; undone before each test. */
type Change = { retired?: string[]; offers?: Record<string, null | { multiAz?: boolean; zones?: string[] }> };
type Subject = { offers: Offers; change: (change: Change) => Promise<unknown> };
let sandbox: Sandbox;
let rds: RDSClient;
beforeAll(async () => {
  sandbox = await startSandbox();
  rds = new RDSClient({ ...clientOf(sandbox.address, DR), maxAttempts: 1 });
  await rds.send(
    new CreateDBSubnetGroupCommand({
      DBSubnetGroupName: 'builder-dr',
      DBSubnetGroupDescription: 'Builder in DR',
      SubnetIds: ['subnet-00000001', 'subnet-00000002'],
    }),
  );
});
afterAll(() => sandbox.stop());

function inMemory(): Subject {
  const offers = memoryOffers();
  const offered = [...offers.offered];
  const change = async ({ retired = [], offers: changes = {} }: Change) => {
    offers.offered = offered.filter((each) => !retired.includes(each));
    offers.changes = new Map(Object.entries(changes));
  };
  return { offers, change };
}
function onAws(): Subject {
  const change = ({ retired = [], offers = {} }: Change) => {
    const retiredVersions = Object.fromEntries(retired.map((version) => [version, '17.11']));
    return sandbox.control.rds({ retiredVersions, offers });
  };
  return { offers: rdsOffers({ client: rds }), change };
}

describe.each([
  ['memory', inMemory],
  ['AWS', onAws],
] as [string, () => Subject][])('what a region offers, on %s', (_name, open) => {
  let subject: Subject;
  beforeEach(async () => {
    subject = open();
    await subject.change({});
  });
  const gp3 = async (version: string, className: string) =>
    (await subject.offers.options('postgres', version, className)).find((each) => each.storageType === 'gp3');

  it('the versions of a family, and of no other; a retired one is not among them', async () => {
    const offered = await subject.offers.versions('postgres', 'postgres17');
    expect(offered).toContain('17.10');
    expect(offered.every((each) => each.startsWith('17.'))).toBe(true);
    await subject.change({ retired: ['17.10'] });
    expect(await subject.offers.versions('postgres', 'postgres17')).toEqual(offered.filter((each) => each !== '17.10'));
    expect(await subject.offers.versions('postgres', 'postgres9')).toEqual([]);
  });

  it('a class once for each storage type, with its zones and limits', async () => {
    const options = await subject.offers.options('postgres', '17.10', 'db.t4g.medium');
    expect(options.every((each) => each.className === 'db.t4g.medium')).toBe(true);
    expect(new Set(options.map((each) => each.storageType)).size).toBe(options.length);
    expect(options.find((each) => each.storageType === 'gp3')).toEqual({
      className: 'db.t4g.medium',
      storageType: 'gp3',
      multiAz: true,
      zones: ZONES,
      encryption: true,
      iamAuthentication: true,
      takesIops: true,
      takesThroughput: true,
      storageGib: { least: 20, most: 65_536 },
      iops: { least: 3_000, most: 64_000 },
      iopsPerGib: { least: undefined, most: 500 },
      throughputMibps: { least: 125, most: 4_000 },
    });
  });

  it('a class that is not offered, and any class of a version that is not, in no way at all', async () => {
    await subject.change({ retired: ['17.10'], offers: { 'db.t4g.small': null } });
    expect(await gp3('17.11', 'db.t4g.small')).toBeUndefined();
    expect(await gp3('17.11', 'db.t4g.medium')).toBeDefined();
    expect(await subject.offers.options('postgres', '17.10', 'db.t4g.medium')).toEqual([]);
  });

  it('a class as it is offered here: in fewer zones, or not as Multi-AZ', async () => {
    await subject.change({ offers: { 'db.t4g.small': { multiAz: false, zones: ['us-west-2c'] } } });
    expect(await gp3('17.10', 'db.t4g.small')).toMatchObject({ multiAz: false, zones: ['us-west-2c'] });
  });

  it('the zones of a subnet group, and that there is none', async () => {
    expect(await subject.offers.zones('builder-dr')).toEqual(ZONES.slice(0, 2));
    expect(await subject.offers.zones('none')).toBeUndefined();
  });
});

describe('RDS as it is', () => {
  it('of a retired version it does not answer with an empty list: it does not find it', async () => {
    await sandbox.control.rds({ retiredVersions: { '17.10': '17.11' }, offers: {} });
    const asked = new DescribeOrderableDBInstanceOptionsCommand({ Engine: 'postgres', EngineVersion: '17.10' });
    await expect(rds.send(asked)).rejects.toMatchObject({
      name: 'InvalidParameterCombination',
      message: 'Cannot find version 17.10 for postgres',
    });
    await sandbox.control.rds({ retiredVersions: {} });
    expect((await rds.send(asked)).OrderableDBInstanceOptions?.length).toBeGreaterThan(0);
  });

  it('lists page by page, and pages are never smaller than 20', async () => {
    const found: string[] = [];
    let Marker: string | undefined;
    do {
      const page = { Engine: 'postgres', EngineVersion: '17.10', MaxRecords: 20, ...(Marker ? { Marker } : {}) };
      const answer = await rds.send(new DescribeOrderableDBInstanceOptionsCommand(page));
      found.push(
        ...(answer.OrderableDBInstanceOptions ?? []).map((each) => `${each.DBInstanceClass} ${each.StorageType}`),
      );
      Marker = answer.Marker;
    } while (Marker);
    expect(found.length).toBeGreaterThan(20);
    expect(new Set(found).size).toBe(found.length);
    const small = new DescribeDBEngineVersionsCommand({ Engine: 'postgres', MaxRecords: 5 });
    await expect(rds.send(small)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('a role without the right is refused, and with it may ask', async () => {
    const iam = new IAMClient(clientOf(sandbox.address, DR));
    await iam.send(new CreateUserCommand({ UserName: 'asks' }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'asks' }));
    const credentials = {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    };
    const client = new RDSClient({ ...clientOf(sandbox.address, DR), credentials, maxAttempts: 1 });
    const offers = rdsOffers({ client });
    const allow = (Action: string[]) =>
      iam.send(
        new PutUserPolicyCommand({
          UserName: 'asks',
          PolicyName: 'asks',
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
          }),
        }),
      );
    await allow(['rds:DescribeDBEngineVersions']);
    expect(await offers.versions('postgres', 'postgres17')).toContain('17.10');
    const denied = offers.options('postgres', '17.10', 'db.t4g.small');
    await expect(denied).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await allow(['rds:DescribeOrderableDBInstanceOptions']);
    expect(await offers.options('postgres', '17.10', 'db.t4g.small')).not.toEqual([]);
    await expect(offers.versions('postgres', 'postgres17')).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });
});
