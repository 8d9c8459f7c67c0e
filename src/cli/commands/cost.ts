import type { Ports } from '../../core/ports/all.ts';
import type { Load } from '../../cost/cost.ts';
import { DrError } from '../../errors.ts';
import type { Command, Flags, OpenedSite } from '../command.ts';

const GIB = 2 ** 30;

function numberOf(flags: Flags, name: string): number | undefined {
  const given = flags[name];
  if (given === undefined) return undefined;
  const value = Number(given);
  const least = name === 'drillEveryDays' ? Number.MIN_VALUE : 0;
  if (given !== '' && Number.isFinite(value) && value >= least) return value;
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new DrError('BAD_USAGE', `--${flag} ${given} is no number that fits`, { hint: '`builder-dr cost --help`' });
}

const everyMinutes = { minute: 1, hour: 60, day: 1440 };

/** Runs a day of a schedule; cron expressions are taken as daily, which is what they are for here. */
function runsPerDay(schedule: string): number {
  const [, count = '1', unit = 'day'] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule) ?? [];
  return 1440 / (Number(count) * everyMinutes[unit as keyof typeof everyMinutes]);
}

type Measured = { databaseGib: number; bytes: number; count: number };

function loadOf({ config, policy }: OpenedSite, flags: Flags, measured: Measured): Load {
  const given = (name: string, otherwise: number) => numberOf(flags, name) ?? otherwise;
  return {
    databaseGib: given('databaseGib', measured.databaseGib),
    artifactBytes: given('artifactsGib', measured.bytes / GIB) * GIB,
    artifacts: given('artifacts', measured.count),
    databaseChangePercent: given('databaseChangePercent', 2),
    artifactGrowthPercent: given('artifactGrowthPercent', 0.2),
    pointsKept: given('pointsKept', 72),
    captureIntervalMinutes: policy.captureIntervalMinutes,
    drillIntervalDays: given('drillEveryDays', 7),
    drillHours: given('drillHours', 1.5),
    drillClass: policy.restore.drillClasses[0] ?? '',
    realEvery: policy.drills.realEvery,
    failoverClass: policy.restore.classes[0] ?? '',
    multiAz: policy.restore.multiAz,
    scheduledRunsPerDay: Object.values(config.schedules ?? {}).reduce(
      (sum, each) => sum + (each ? runsPerDay(each) : 0),
      0,
    ),
    zones: config.dr.endpointsVpc ? (config.dr.inspectorSubnets?.length ?? 1) : 0,
  };
}

/** The newest point that knows both sizes. */
async function measure(ports: Pick<Ports, 'vault'>): Promise<Measured> {
  const { newestFirst } = await import('../../core/points/point.ts');
  const { readPoints } = await import('../../jobs/vault/points.ts');
  const { points } = await readPoints(ports.vault);
  for (const { database, artifacts } of newestFirst(points)) {
    if ('sizeGib' in database && 'bytes' in artifacts) {
      return { databaseGib: database.sizeGib, bytes: artifacts.bytes, count: artifacts.count };
    }
  }
  throw new DrError('NOT_FOUND', 'no recovery point has measured the site yet', {
    hint: 'Name the sizes: --database-gib, --artifacts-gib and --artifacts.',
  });
}

const sizes = ['databaseGib', 'artifactsGib', 'artifacts'];

export const cost: Command = {
  usage: 'cost',
  does: 'what all this costs a month; measured by the newest point, or by the sizes that you name',
  options: [
    { flags: '--database-gib <n>', does: 'size of the database' },
    { flags: '--artifacts-gib <n>', does: 'size of the artifact bucket' },
    { flags: '--artifacts <n>', does: 'how many artifacts' },
    { flags: '--database-change-percent <n>', does: 'how much of the database changes in a day (2)' },
    { flags: '--artifact-growth-percent <n>', does: 'how much the bucket grows in a day (0.2)' },
    { flags: '--points-kept <n>', does: 'how many recovery points are kept (72)' },
    { flags: '--drill-every-days <n>', does: 'days between drills (7)' },
    { flags: '--drill-hours <n>', does: 'hours that a drill instance lives (1.5)' },
  ],
  async run({ flags, site }) {
    const open = await site();
    const { costOf, costText } = await import('../../cost/cost.ts');
    const named = sizes.every((name) => flags[name] !== undefined);
    const load = loadOf(open, flags, named ? { databaseGib: 0, bytes: 0, count: 0 } : await measure(open.ports));
    const found = costOf(load);
    return { json: { load, ...found }, text: costText(found, load), healthy: true };
  },
};
