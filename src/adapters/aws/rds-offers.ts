import {
  type DBEngineVersion,
  DescribeDBSubnetGroupsCommand,
  type OrderableDBInstanceOption,
  paginateDescribeDBEngineVersions,
  paginateDescribeOrderableDBInstanceOptions,
  type RDSClient,
} from '@aws-sdk/client-rds';
import type { Offers, OrderableOption } from '../../core/ports/offers.ts';
import { callsTo, ifThere } from './errors.ts';

const call = callsTo('dr');

function orderableOf(option: OrderableDBInstanceOption): OrderableOption {
  return {
    className: option.DBInstanceClass ?? '',
    storageType: option.StorageType ?? '',
    multiAz: option.MultiAZCapable ?? false,
    zones: (option.AvailabilityZones ?? []).flatMap(({ Name }) => Name ?? []),
    encryption: option.SupportsStorageEncryption ?? false,
    iamAuthentication: option.SupportsIAMDatabaseAuthentication ?? false,
    takesIops: option.SupportsIops ?? false,
    takesThroughput: option.SupportsStorageThroughput ?? false,
    storageGib: { least: option.MinStorageSize, most: option.MaxStorageSize },
    iops: { least: option.MinIopsPerDbInstance, most: option.MaxIopsPerDbInstance },
    iopsPerGib: { least: option.MinIopsPerGib, most: option.MaxIopsPerGib },
    throughputMibps: {
      least: option.MinStorageThroughputPerDbInstance,
      most: option.MaxStorageThroughputPerDbInstance,
    },
  };
}

/** RDS refuses to tell of a version that it has retired, and of a class that it does not know: neither is offered. */
const notOffered = ['InvalidParameterCombination', 'InvalidParameterValue'];

async function whatIsOffered<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const found: T[] = [];
  try {
    for await (const page of pages) found.push(...page);
  } catch (error) {
    if (error instanceof Error && notOffered.includes(error.name)) return [];
    throw error;
  }
  return found;
}

async function* versionPages(client: RDSClient, engine: string, family: string): AsyncGenerator<DBEngineVersion[]> {
  const wanted = { Engine: engine, DBParameterGroupFamily: family };
  for await (const page of paginateDescribeDBEngineVersions({ client }, wanted)) yield page.DBEngineVersions ?? [];
}

async function* optionPages(
  client: RDSClient,
  wanted: { Engine: string; EngineVersion: string; DBInstanceClass: string },
): AsyncGenerator<OrderableDBInstanceOption[]> {
  const pages = paginateDescribeOrderableDBInstanceOptions({ client }, { ...wanted, Vpc: true });
  for await (const page of pages) yield page.OrderableDBInstanceOptions ?? [];
}

/** What RDS offers in the DR region. */
export function rdsOffers({ client }: { client: RDSClient }): Offers {
  return {
    async versions(engine, family) {
      const what = `list the versions of ${family}`;
      const found = await call(what, family, () => whatIsOffered(versionPages(client, engine, family)));
      // The default listing leaves unavailable ones out; one that is being retired may still be marked.
      return found.flatMap(({ EngineVersion, Status = 'available' }) =>
        EngineVersion && Status === 'available' ? [EngineVersion] : [],
      );
    },
    async options(engine, version, className) {
      const wanted = { Engine: engine, EngineVersion: version, DBInstanceClass: className };
      const what = `list how ${className} can be ordered for ${engine} ${version}`;
      const found = await call(what, className, () => whatIsOffered(optionPages(client, wanted)));
      return found.map(orderableOf);
    },
    async zones(subnetGroup) {
      const command = new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: subnetGroup });
      const look = call(`describe subnet group ${subnetGroup}`, subnetGroup, () => client.send(command));
      const subnets = (await ifThere(look))?.DBSubnetGroups?.[0]?.Subnets;
      return subnets && [...new Set(subnets.flatMap((each) => each.SubnetAvailabilityZone?.Name ?? []))];
    },
  };
}
