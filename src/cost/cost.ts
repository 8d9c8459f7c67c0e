import { HOURS_A_MONTH, instancePrice } from './instance.ts';
import { PRICES } from './prices.ts';

const DAYS = 30.4;
const GIB = 2 ** 30;

/** What the stacks have whatever the load; alarms and keys are held against the templates by a test. */
export const FIXED = { alarms: 25, metrics: 12, customerKeys: 2, interfaceEndpoints: 3 };

/** How large the site is, and how it is used. */
export type Load = {
  databaseGib: number;
  artifactBytes: number;
  artifacts: number;
  /** Share of the database that changes in a day, and of the artifacts that come in a day, in percent. */
  databaseChangePercent: number;
  artifactGrowthPercent: number;
  /** Recovery points that are kept. */
  pointsKept: number;
  captureIntervalMinutes: number;
  drillIntervalDays: number;
  drillHours: number;
  drillClass: string;
  /** Of so many drills one is real: of a failover's class, and Multi-AZ as a failover's; none when 0. */
  realEvery: number;
  failoverClass: string;
  multiAz: boolean;
  /** Runs of the scheduled functions in a day, all together. */
  scheduledRunsPerDay: number;
  /** Zones in which the stack makes the inspector's endpoints; none when it makes none. */
  zones: number;
};

type CostLine = { what: string; dollarsAMonth: number; how: string };
export type Cost = { asOf: string; region: string; lines: CostLine[]; totalDollarsAMonth: number; onceDollars: number };

const gib = (value: number) => `${Number(value.toFixed(1))} GiB`;

function databaseLines(load: Load): CostLine[] {
  const { databaseGib, databaseChangePercent, pointsKept, captureIntervalMinutes } = load;
  const capturesADay = 1440 / captureIntervalMinutes;
  // Snapshots and their copies are incremental: one whole database, and what changed between the points.
  const changePerPoint = (databaseGib * databaseChangePercent) / 100 / capturesADay;
  const kept = databaseGib + changePerPoint * Math.max(0, pointsKept - 1);
  const moved = ((databaseGib * databaseChangePercent) / 100) * DAYS;
  return [
    {
      what: 'database: snapshots, both regions',
      dollarsAMonth: 2 * kept * PRICES.rdsSnapshotGibMonth,
      how: `${pointsKept} points, ${gib(kept)} in each region`,
    },
    {
      what: 'database: transfer of the copies',
      dollarsAMonth: moved * PRICES.transferBetweenRegionsGib,
      how: `${gib(moved)} a month, incremental`,
    },
  ];
}

function artifactLines({ artifactBytes, artifacts, artifactGrowthPercent, captureIntervalMinutes }: Load): CostLine[] {
  const size = artifactBytes / GIB;
  const fresh = (size * artifactGrowthPercent * DAYS) / 100;
  const freshCount = (artifacts * artifactGrowthPercent * DAYS) / 100;
  // Every comparison and every point lists the buckets, a thousand objects a page; listings cost as puts.
  const listings = ((24 * 2 + (1440 / captureIntervalMinutes) * 3) * DAYS * Math.max(1, artifacts)) / 1000;
  const puts = ((freshCount + listings) / 1000) * PRICES.s3PutsPer1000;
  return [
    { what: 'artifacts: replica', dollarsAMonth: size * PRICES.s3StandardGibMonth, how: `${gib(size)}, S3 Standard` },
    {
      what: 'artifacts: transfer and requests',
      dollarsAMonth: fresh * PRICES.transferBetweenRegionsGib + puts + ((freshCount * 3) / 1000) * PRICES.s3GetsPer1000,
      how: `${Math.round(freshCount)} new artifacts a month, ${gib(fresh)}; ${Math.round(listings)} pages listed`,
    },
  ];
}

/** Small drills, and those of the real thing. */
function drillLine(load: Load): CostLine {
  const { drillIntervalDays, drillHours, drillClass, databaseGib, realEvery, failoverClass, multiAz } = load;
  const drills = DAYS / drillIntervalDays;
  const real = realEvery === 0 ? 0 : drills / realEvery;
  const small = instancePrice(drillClass, databaseGib, false);
  const large = instancePrice(failoverClass, databaseGib, multiAz);
  const counted = (className: string, { countedAs }: typeof small) =>
    countedAs ? `; no price of ${className} in prices.ts: counted as ${countedAs}` : '';
  const ofReal = `; ${real.toFixed(1)} of them real, ${failoverClass}${multiAz ? ', Multi-AZ' : ''}${counted(failoverClass, large)}`;
  return {
    what: 'drills',
    dollarsAMonth: drillHours * ((drills - real) * small.dollarsAnHour + real * large.dollarsAnHour),
    how: `${drills.toFixed(1)} a month, ${drillHours} h each, ${drillClass}${counted(drillClass, small)}${real === 0 ? '' : ofReal}`,
  };
}

function runningLines({ scheduledRunsPerDay, artifacts, artifactGrowthPercent, zones }: Load): CostLine[] {
  const runs = (scheduledRunsPerDay + (artifacts * artifactGrowthPercent) / 100) * DAYS;
  // Half a GiB each; five seconds are more than a run takes on average.
  const computing = runs * 5 * 0.5 * PRICES.lambdaGibSecond + (runs / 1e6) * PRICES.lambdaRequestsPerMillion;
  const logs = (runs * 4_000 * PRICES.logGib) / GIB;
  const { alarms, metrics, customerKeys, interfaceEndpoints } = FIXED;
  const watching = alarms * PRICES.alarmMonth + metrics * PRICES.metricMonth + PRICES.dashboardMonth;
  return [
    { what: 'functions and logs', dollarsAMonth: computing + logs, how: `${Math.round(runs)} runs a month` },
    {
      what: 'alarms, metrics, dashboard',
      dollarsAMonth: watching,
      how: `${alarms} alarms, ${metrics} metrics, both regions`,
    },
    {
      what: 'keys',
      dollarsAMonth: customerKeys * PRICES.kmsKeyMonth,
      how: `${customerKeys} customer-managed keys`,
    },
    {
      what: 'endpoints of the inspector',
      dollarsAMonth: interfaceEndpoints * zones * HOURS_A_MONTH * PRICES.vpcEndpointHour,
      how: zones === 0 ? 'none made by the stack' : `${interfaceEndpoints} interface endpoints, ${zones} zones`,
    },
  ];
}

/** Dollars a month at list prices, line by line, and what the first copy of everything costs once. */
export function costOf(load: Load): Cost {
  const lines = [...databaseLines(load), ...artifactLines(load), drillLine(load), ...runningLines(load)];
  const { databaseGib, artifactBytes, artifacts } = load;
  const first = (databaseGib + artifactBytes / GIB) * PRICES.transferBetweenRegionsGib;
  return {
    asOf: PRICES.asOf,
    region: PRICES.region,
    lines,
    totalDollarsAMonth: lines.reduce((sum, each) => sum + each.dollarsAMonth, 0),
    onceDollars: first + (artifacts / 1000) * PRICES.s3PutsPer1000,
  };
}

export function costText(cost: Cost, load: Load): string {
  const dollars = (value: number) => `$${value.toFixed(2)}`.padStart(10);
  const width = Math.max(...cost.lines.map(({ what }) => what.length));
  const size = `${gib(load.databaseGib)} of database, ${load.artifacts} artifacts of ${gib(load.artifactBytes / GIB)}`;
  return [
    `For ${size}, at list prices of ${cost.region} as of ${cost.asOf}:`,
    ...cost.lines.map(({ what, dollarsAMonth, how }) => `  ${what.padEnd(width)} ${dollars(dollarsAMonth)}   ${how}`),
    `  ${'a month'.padEnd(width)} ${dollars(cost.totalDollarsAMonth)}`,
    `  ${'once, the first copy'.padEnd(width)} ${dollars(cost.onceDollars)}`,
  ].join('\n');
}
