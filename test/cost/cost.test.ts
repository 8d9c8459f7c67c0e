import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { costOf, costText, FIXED, type Load } from '../../src/cost/cost.ts';
import { PRICES } from '../../src/cost/prices.ts';
import { packageStack } from '../setup/packaging.ts';

const load: Load = {
  databaseGib: 100,
  artifactBytes: 500 * 2 ** 30,
  artifacts: 40_000,
  databaseChangePercent: 2,
  artifactGrowthPercent: 0.2,
  pointsKept: 25,
  captureIntervalMinutes: 60,
  drillIntervalDays: 7,
  drillHours: 2,
  drillClass: 'db.t4g.small',
  realEvery: 4,
  failoverClass: 'db.t4g.medium',
  multiAz: true,
  scheduledRunsPerDay: 450,
  zones: 2,
};
const line = (change: Partial<Load>, what: string) =>
  costOf({ ...load, ...change }).lines.find((each) => each.what.startsWith(what))?.dollarsAMonth ?? Number.NaN;

describe('the cost', () => {
  it('of snapshots is one whole database and what changes between the points, in both regions', () => {
    // 100 GiB, and 24 times a 24th of 2 GiB: 102 GiB twice.
    expect(line({}, 'database: snapshots')).toBeCloseTo(2 * 102 * PRICES.rdsSnapshotGibMonth, 6);
    expect(line({ pointsKept: 1 }, 'database: snapshots')).toBeCloseTo(200 * PRICES.rdsSnapshotGibMonth, 6);
  });

  it('of the replica is its size', () => {
    expect(line({}, 'artifacts: replica')).toBeCloseTo(500 * PRICES.s3StandardGibMonth, 6);
  });

  it('of drills follows how often and how long they run', () => {
    expect(line({ drillIntervalDays: 14 }, 'drills')).toBeCloseTo(line({}, 'drills') / 2, 6);
    expect(line({ drillHours: 4 }, 'drills')).toBeCloseTo(line({}, 'drills') * 2, 6);
  });

  it('says when it knows no price of an instance class, and does not leave it out', () => {
    const { lines } = costOf({ ...load, drillClass: 'db.x9.huge' });
    expect(lines.find((each) => each.what === 'drills')?.how).toContain('no price of db.x9.huge');
    expect(line({ drillClass: 'db.x9.huge' }, 'drills')).toBeGreaterThan(line({}, 'drills'));
  });

  it('adds up, and tells the date of its prices', () => {
    const cost = costOf(load);
    expect(cost.totalDollarsAMonth).toBeCloseTo(
      cost.lines.reduce((sum, each) => sum + each.dollarsAMonth, 0),
      6,
    );
    expect(costText(cost, load)).toContain(`as of ${PRICES.asOf}`);
    expect(cost.onceDollars).toBeCloseTo(600 * PRICES.transferBetweenRegionsGib + 0.2, 6);
  });

  it.each([
    [10, 50, 4_000],
    [50, 300, 20_000],
    [200, 2_048, 100_000],
  ])(
    'of %d GiB of database and %d GiB of artifacts is what the README says',
    (databaseGib, artifactsGib, artifacts) => {
      const usual = { ...load, pointsKept: 72, drillHours: 1.5, scheduledRunsPerDay: 433, zones: 0 };
      const found = costOf({ ...usual, databaseGib, artifacts, artifactBytes: artifactsGib * 2 ** 30 });
      const row = new RegExp(
        `\\| ${databaseGib} GiB +\\| ${artifacts.toLocaleString('en')}, .*\\| +(\\d+) \\| +(\\d+) \\|`,
      );
      const [, month, once] = row.exec(readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8')) ?? [];
      expect([Number(month), Number(once)]).toEqual([
        Math.round(found.totalDollarsAMonth),
        Math.round(found.onceDollars),
      ]);
    },
  );

  it('counts as many alarms and keys as the stacks have', () => {
    const both = [packageStack(), packageStack('serverless.primary.yml')].flatMap((each) =>
      Object.values(each.resources),
    );
    const count = (type: string) => both.filter((each) => each.Type === type).length;
    expect([count('AWS::CloudWatch::Alarm'), count('AWS::KMS::Key')]).toEqual([FIXED.alarms, FIXED.customerKeys]);
  });
});
