import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseConfig } from '../../src/config.ts';
import { partitions } from '../../src/core/partitions.ts';
import { packageStack } from '../setup/packaging.ts';

const root = join(import.meta.dirname, '..', '..');
const example = parse(readFileSync(join(root, 'config', 'example.yml'), 'utf8'));
const regions = {
  aws: ['us-east-1', 'eu-central-1'],
  'aws-us-gov': ['us-gov-west-1', 'us-gov-east-1'],
  'aws-cn': ['cn-north-1', 'cn-northwest-1'],
} as const;
type Partition = keyof typeof regions;
const all = Object.keys(regions) as Partition[];

function siteIn(partition: Partition, stage: string) {
  const [there, here] = regions[partition];
  const { primary, dr } = example;
  // Everything that a stage may choose.
  const more = { vaultLockDays: 14, endpointsVpc: 'vpc-1', endpointsRouteTables: ['rtb-1'] };
  const record = { hostedZone: 'Z0123456789ABCDEFGHIJ', databaseRecord: 'db.example.com' };
  return {
    ...example,
    stage,
    partition,
    primary: { ...primary, region: there },
    dr: { ...dr, region: here, ...more, ...record },
  };
}

type Found = { at: string; text: string };

/** Every text of a template, and where it stands. */
function textsIn(value: unknown, at: string): Found[] {
  if (typeof value === 'string') return [{ at, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => textsIn(each, `${at}/${name}`));
}

/** Principals of services have one name in all partitions; names of endpoint services are no DNS names. */
function isTheSameEverywhere({ at, text }: Found): boolean {
  if (/\/Principal(\/Service)?$/.test(at))
    return /^(cloudwatch|events|lambda|scheduler|sns)\.amazonaws\.com$/.test(text);
  if (at.endsWith('/kms:ViaService')) return /^(rds|s3)\.\*\.amazonaws\.com\*$/.test(text);
  return /^com\.amazonaws\.\$\{AWS::Region\}\.(s3|kms|ssm|secretsmanager)$/.test(text);
}

describe.each(all)('in %s', (partition) => {
  it.each(['serverless.yml', 'serverless.primary.yml'])(
    '%s names no other partition, and no DNS name of one',
    (stack) => {
      const stage = `in-${partition.replace('aws-', '')}-${process.pid}`.slice(0, 20);
      const file = join(root, 'config', `${stage}.yml`);
      writeFileSync(file, stringify(siteIn(partition, stage)));
      try {
        const texts = textsIn(JSON.parse(packageStack(stack, stage).template), '');
        expect(texts.length).toBeGreaterThan(100);
        expect(texts.filter(({ text }) => /arn:aws/.test(text))).toEqual([]);
        const named = texts.filter(({ text }) => text.includes('amazonaws'));
        expect(named.filter((each) => !isTheSameEverywhere(each))).toEqual([]);
      } finally {
        rmSync(file);
      }
    },
  );

  it('a configuration is taken, and one that names another partition is told which', () => {
    expect(parseConfig({}, siteIn(partition, 'x')).partition).toBe(partition);
    for (const other of all.filter((each) => each !== partition)) {
      const wrong = () => parseConfig({}, { ...siteIn(partition, 'x'), partition: other });
      expect(wrong).toThrow(`partition: must be ${partition}, where ${regions[partition][0]} lies`);
    }
  });
});

describe('the source', () => {
  it('knows what differs between partitions in one place', () => {
    expect(Object.keys(partitions)).toEqual(all);
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
    // What a plan says of us-east-1 is words for people, and holds in the partition aws.
    const known = ['core/partitions.ts', 'core/recovery/plan.ts', 'cli/text/recovery.ts'];
    const sources = files.filter((name) => name.endsWith('.ts') && !known.includes(name));
    expect(sources.length).toBeGreaterThan(100);
    const named = sources.filter((name) =>
      /arn:aws|amazonaws\.com|us-east-1|us-gov-|cn-north/.test(readFileSync(join(root, 'src', name), 'utf8')),
    );
    expect(named).toEqual([]);
  });
});
