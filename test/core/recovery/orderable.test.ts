import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/core/policy.ts';
import type { OrderableOption } from '../../../src/core/ports/offers.ts';
import { assessReadiness } from '../../../src/core/readiness/assess.ts';
import { type ClassVerdict, classesText, classProblem, restoredVersion } from '../../../src/core/recovery/orderable.ts';
import { restoreRequest } from '../../../src/core/recovery/restore-request.ts';
import { healthy, now } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';
import { gp3Option, ZONES } from '../../world/offers.ts';

const what = { name: 'n', snapshot: 's', engineLifecycleSupport: undefined, className: 'db.t4g.medium', run: 'r' };
type Case = {
  settings?: Partial<Policy['restore']>;
  option?: Partial<OrderableOption>;
  sizeGib?: number;
  zones?: string[];
  encrypted?: boolean;
};
const problem = ({ settings, option, sizeGib = 400, zones = ZONES.slice(0, 2), encrypted = false }: Case) => {
  const request = restoreRequest({ ...testPolicy.restore, ...settings }, 'production', { ...what, sizeGib });
  return classProblem(request, [{ ...gp3Option, ...option }], zones, encrypted);
};
const tuned = { iops: 12_000, throughputMibps: 500 };

describe('whether a class can be ordered', () => {
  it.each<[string, Case, string | undefined]>([
    ['as it is asked for', {}, undefined],
    ['another class', { option: { className: 'db.m7g.large' } }, 'RDS does not offer it'],
    ['another storage type', { option: { storageType: 'gp2' } }, 'not with gp3 storage (only with gp2)'],
    ['not Multi-AZ', { option: { multiAz: false } }, 'not as Multi-AZ'],
    ['not Multi-AZ, where none is asked for', { option: { multiAz: false }, settings: { multiAz: false } }, undefined],
    [
      'one of two zones',
      { option: { zones: ['us-west-2b'] } },
      'only in us-west-2b of the zones of subnet group builder-dr (us-west-2a, us-west-2b); 2 are needed',
    ],
    ['one of two zones, Single-AZ', { option: { zones: ['us-west-2b'] }, settings: { multiAz: false } }, undefined],
    [
      'no zone, Single-AZ',
      { option: { zones: ['us-west-2d'] }, settings: { multiAz: false } },
      'only in none of the zones of subnet group builder-dr (us-west-2a, us-west-2b); 1 are needed',
    ],
    ['too small', { sizeGib: 10 }, 'storage of GiB 10 is outside of 20 to 65536'],
    ['iops as they may be', { settings: tuned }, undefined],
    ['iops that are not taken', { settings: tuned, option: { takesIops: false } }, 'restore.iops is not taken'],
    ['too many iops', { settings: { ...tuned, iops: 90_000 } }, 'restore.iops 90000 is outside of 3000 to 64000'],
    [
      'too many iops a GiB',
      { settings: { ...tuned, iops: 40_000 }, option: { iopsPerGib: { least: 1, most: 50 } } },
      'restore.iops per GiB 100 is outside of 1 to 50',
    ],
    [
      'too little throughput',
      { settings: { ...tuned, throughputMibps: 100 } },
      'restore.throughputMibps 100 is outside of 125 to 4000',
    ],
    [
      'iops below 400 GiB, which are not asked for',
      { settings: tuned, sizeGib: 100, option: { takesIops: false } },
      undefined,
    ],
    [
      'encrypted, where that cannot be',
      { encrypted: true, option: { encryption: false } },
      'not with encrypted storage',
    ],
    [
      'login by IAM, where that cannot be',
      { settings: { iamAuthentication: true }, option: { iamAuthentication: false } },
      'not with restore.iamAuthentication',
    ],
  ])('%s', (_name, given, says) => {
    expect(problem(given)).toBe(says);
  });

  it('is so when one of its ways fits', () => {
    const request = restoreRequest(testPolicy.restore, 'production', { ...what, sizeGib: 20 });
    const ways = [{ ...gp3Option, multiAz: false }, { ...gp3Option, storageType: 'io1' }, gp3Option];
    expect(classProblem(request, ways, undefined, false)).toBeUndefined();
    expect(classProblem(request, ways.slice(0, 2), undefined, false)).toBe('not as Multi-AZ');
  });
});

describe('the version of a restore', () => {
  it.each([
    ['17.9', ['17.10', '17.9'], '17.9'],
    ['17.8', ['17.9', '17.10'], '17.10'],
    ['17.10', ['17.9', '17.2'], '17.9'],
    ['11.21', ['11.22-rds.20241121', '11.22-rds.20250508'], '11.22-rds.20250508'],
    ['17.10', [], undefined],
  ])('of a snapshot of %s, with %j on offer, is %s', (snapshot, offered, version) => {
    expect(restoredVersion(snapshot, offered)).toBe(version);
  });
});

const can = (className: string): ClassVerdict => ({ className, problem: undefined });
const cannot = (className: string): ClassVerdict => ({ className, problem: 'RDS does not offer it' });
const classes = (
  failover: ClassVerdict[],
  drill: ClassVerdict[] = [can('s')],
  version: string | undefined = '17.10',
) => ({
  snapshot: { engine: 'postgres', version: '17.10' },
  version,
  failover,
  drill,
});
const assessed = (...given: Parameters<typeof classes>) =>
  assessReadiness({ ...healthy, classes: classes(...given) }, testPolicy, now);

describe('readiness', () => {
  it('is recoverable while one class of a failover can be ordered, and names each that cannot', () => {
    const { status, recoverable, findings } = assessed([cannot('a'), can('b'), cannot('c')]);
    expect([status, recoverable]).toEqual(['DEGRADED', true]);
    expect(findings.map(({ code, subject, text }) => [code, subject, text])).toEqual([
      ['CLASS_LOST', 'restore.classes: a', 'for postgres 17.10, a (RDS does not offer it) cannot be ordered; left: b'],
      ['CLASS_LOST', 'restore.classes: c', 'for postgres 17.10, c (RDS does not offer it) cannot be ordered; left: b'],
    ]);
  });

  it('is not recoverable when none can, and says so once', () => {
    const { status, recoverable, findings } = assessed([cannot('a'), cannot('b')]);
    expect([status, recoverable, findings.map((each) => each.code)]).toEqual([
      'NOT_READY',
      false,
      ['CLASS_UNORDERABLE'],
    ]);
    expect(findings[0]?.text).toContain(
      'a (RDS does not offer it), b (RDS does not offer it) cannot be ordered; none is left',
    );
    expect(findings[0]?.hint).toContain('Orderable is not capacity');
  });

  it('says of the classes of drills only when the last of them is lost', () => {
    expect(assessed([can('a')], [cannot('s'), can('t')]).findings).toEqual([]);
    const { recoverable, findings } = assessed([can('a')], [cannot('s'), cannot('t')]);
    expect([recoverable, findings.map((each) => [each.code, each.subject])]).toEqual([
      true,
      [['CLASS_LOST', 'restore.drillClasses']],
    ]);
  });

  it('names the version that a restore would have where the one of the snapshot is retired, or that there is none', () => {
    expect(assessed([cannot('a')], undefined, '17.11').findings[0]?.text).toContain(
      'for 17.11, as postgres 17.10 is retired',
    );
    const none = { ...classes([cannot('a')]), version: undefined };
    const { findings } = assessReadiness({ ...healthy, classes: none }, testPolicy, now);
    expect(findings[0]?.text).toContain('postgres 17.10, of whose major RDS offers no version any more');
  });

  it('is recoverable never without a class that can be ordered, whatever else is lost', () => {
    const verdicts = fc.array(
      fc.boolean().map((ok) => (ok ? can('a') : cannot('b'))),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(verdicts, verdicts, (failover, drill) => {
        const { recoverable, findings } = assessed(failover, drill);
        expect(recoverable).toBe(failover.some((each) => each.problem === undefined));
        expect(findings.some((each) => each.code === 'CLASS_UNORDERABLE' && each.severity === 'critical')).toBe(
          !recoverable,
        );
      }),
    );
  });
});

describe('a plan', () => {
  it('says what it asked for, what is lost, and that this is no promise', () => {
    const seen = classes([cannot('a'), can('b')], [can('s')], '17.11');
    expect(classesText(seen, 'failover')).toBe(
      'For 17.11, as postgres 17.10 is retired: a (RDS does not offer it) cannot be ordered; left: b. RDS was asked just now; orderable is not capacity.',
    );
    expect(classesText(seen, 'drill')).toContain(': s can be ordered.');
    expect(classesText({ unknown: 'Throttling' }, 'failover')).toContain('is not known: Throttling');
  });
});
