import { RdsFault } from './model.ts';
import type { Params } from './query.ts';
import type { Caller, RdsWorld } from './world.ts';

/** PostgreSQL versions that RDS knows here; those of the setting `retiredVersions` are not offered any more. */
const VERSIONS = ['16.12', '17.9', '17.10', '17.11', '18.1', '18.2'];
const CLASSES = ['micro', 'small', 'medium', 'large'].map((size) => `db.t4g.${size}`);
CLASSES.push('db.m6g.large', 'db.m7g.large', 'db.m7g.xlarge', 'db.r7g.large');

const PROVISIONED = {
  MinStorageSize: 100,
  MaxStorageSize: 65_536,
  SupportsIops: true,
  MinIopsPerDbInstance: 1_000,
  MaxIopsPerDbInstance: 256_000,
  MinIopsPerGib: 0.5,
  SupportsStorageThroughput: false,
};

/** Limits as RDS's guide has them for PostgreSQL, by storage type. */
const STORAGE: Record<string, Record<string, number | boolean>> = {
  gp2: { MinStorageSize: 20, MaxStorageSize: 65_536, SupportsIops: false, SupportsStorageThroughput: false },
  gp3: {
    MinStorageSize: 20,
    MaxStorageSize: 65_536,
    SupportsIops: true,
    MinIopsPerDbInstance: 3_000,
    MaxIopsPerDbInstance: 64_000,
    MaxIopsPerGib: 500,
    SupportsStorageThroughput: true,
    MinStorageThroughputPerDbInstance: 125,
    MaxStorageThroughputPerDbInstance: 4_000,
  },
  io1: { ...PROVISIONED, MaxIopsPerGib: 50 },
  io2: { ...PROVISIONED, MaxIopsPerGib: 1_000 },
};

const familyOf = (version: string) => `postgres${version.split('.')[0]}`;

function offeredVersions({ settings }: RdsWorld): string[] {
  return VERSIONS.filter((version) => !(version in settings.retiredVersions));
}

/** RDS's two listings page alike, and refuse pages that are too small. */
function page<T>(params: Params, most: number, all: T[]): { Marker: string | undefined; items: T[] } {
  const size = params.number('MaxRecords') ?? 100;
  if (size < 20 || size > most) throw new RdsFault('InvalidParameterValue', `Invalid value ${size} for MaxRecords.`);
  const start = params.number('Marker') ?? 0;
  const end = start + size;
  return { Marker: end < all.length ? String(end) : undefined, items: all.slice(start, end) };
}

function requirePostgres(params: Params): void {
  const engine = params.text('Engine');
  if (engine !== 'postgres') throw new RdsFault('InvalidParameterValue', `Unrecognized engine name: ${engine}`);
}

export async function describeEngineVersions(world: RdsWorld, caller: Caller, params: Params) {
  await world.allow(caller, 'rds:DescribeDBEngineVersions', ['*']);
  requirePostgres(params);
  const family = params.text('DBParameterGroupFamily');
  const version = params.text('EngineVersion');
  const known = params.flag('IncludeAll') ? VERSIONS : offeredVersions(world);
  const found = known
    .filter((each) => family === undefined || familyOf(each) === family)
    .filter((each) => version === undefined || each === version || each.split('.')[0] === version);
  const { Marker, items } = page(params, 100, found);
  const DBEngineVersions = items.map((each) => ({
    Engine: 'postgres',
    EngineVersion: each,
    MajorEngineVersion: each.split('.')[0],
    DBParameterGroupFamily: familyOf(each),
    Status: each in world.settings.retiredVersions ? 'deprecated' : 'available',
  }));
  return { Marker, DBEngineVersions };
}

function waysToOrder(world: RdsWorld, region: string, className: string, version: string) {
  const change = world.settings.offers[className];
  if (change === null) return [];
  const zones = change?.zones ?? ['a', 'b', 'c'].map((zone) => `${region}${zone}`);
  const types = change?.storageTypes ?? Object.keys(STORAGE);
  return types.map((StorageType) => ({
    Engine: 'postgres',
    EngineVersion: version,
    DBInstanceClass: className,
    LicenseModel: 'postgresql-license',
    AvailabilityZones: zones.map((Name) => ({ Name })),
    MultiAZCapable: change?.multiAz ?? true,
    ReadReplicaCapable: true,
    Vpc: true,
    StorageType,
    SupportsStorageEncryption: true,
    SupportsIAMDatabaseAuthentication: true,
    ...STORAGE[StorageType],
  }));
}

export async function describeOrderableOptions(world: RdsWorld, caller: Caller, params: Params) {
  await world.allow(caller, 'rds:DescribeOrderableDBInstanceOptions', ['*']);
  requirePostgres(params);
  const version = params.text('EngineVersion');
  const className = params.text('DBInstanceClass');
  const offered = offeredVersions(world);
  // Of a version that is retired RDS does not answer with an empty list: it does not find it.
  if (version !== undefined && !offered.includes(version)) {
    throw new RdsFault('InvalidParameterCombination', `Cannot find version ${version} for postgres`);
  }
  if (className !== undefined && !CLASSES.includes(className)) {
    throw new RdsFault('InvalidParameterValue', `Invalid DB Instance class: ${className}`);
  }
  // None is left outside of a VPC.
  const versions =
    params.flag('Vpc') === false ? [] : offered.filter((each) => version === undefined || each === version);
  const classes = className === undefined ? CLASSES : [className];
  const all = versions.flatMap((each) => classes.flatMap((one) => waysToOrder(world, caller.region, one, each)));
  const { Marker, items } = page(params, 1_000, all);
  return { Marker, OrderableDBInstanceOptions: items };
}
