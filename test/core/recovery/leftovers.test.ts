import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RestoredInstance } from '../../../src/core/ports/recovery.ts';
import { assessReadiness } from '../../../src/core/readiness/assess.ts';
import type { Attempt } from '../../../src/core/recovery/documents.ts';
import { type InForce, leftoversOf, leftoverText } from '../../../src/core/recovery/leftovers.ts';
import type { ProductionRun, Run, RunState } from '../../../src/core/recovery/run.ts';
import { statusPage } from '../../../src/core/status-page/page.ts';
import { instancePrice } from '../../../src/cost/instance.ts';
import { PRICES } from '../../../src/cost/prices.ts';
import { healthy, now } from '../../setup/observations.ts';
import { badFacts } from '../../setup/page-facts.ts';
import { testPolicy } from '../../setup/policy.ts';
import { runIn } from '../../setup/runs.ts';

const flowing: InForce = { direction: 'primary→dr' };
const id = '20261122t150000z';
const nameOf = (n: number) => `hbdr-failover-${id}${n === 0 ? '' : `-${n + 1}`}`;
type Tried = { outcome?: Attempt['outcome']; inspected?: boolean };

/** A failover in this state, its attempts in their order. */
function failover(state: RunState, attempts: Tried[]): ProductionRun {
  const inspection = { askedAt: now.toISOString(), tries: 1, report: 'r', doneAt: now.toISOString() };
  const tried = attempts.map(({ outcome, inspected }, n) => ({
    point: `p${n}`,
    instance: nameOf(n),
    findings: [],
    ...(outcome ? { outcome } : {}),
    ...(inspected ? { inspection } : {}),
  }));
  return runIn('failover', state, {}, { id, attempts: tried });
}
const instance = (name: string, change: Partial<RestoredInstance> = {}): RestoredInstance => ({
  name,
  arn: name,
  status: 'available',
  engineVersion: 'postgres 17.10',
  className: 'db.m7g.large',
  storageGib: 100,
  multiAz: true,
  backupRetentionDays: 0,
  host: 'h',
  port: 5432,
  masterUser: 'm',
  deletionProtection: true,
  pending: false,
  tags: { 'builder-dr:run': `failovers/${id}.json`, 'builder-dr:role': 'failover' },
  ...change,
});
const named = (run: Run, instances: RestoredInstance[], inForce: InForce | undefined = flowing) =>
  leftoversOf(instances, [run], inForce, 'us-west-2').map((each) => each.instance);
const all = (run: ProductionRun) => run.attempts.map((each) => instance(each.instance));
const rejected: Tried = { outcome: 'rejected' };

describe('what runs left behind', () => {
  it.each<[string, RunState, Tried[], number[]]>([
    ['all of a failover that was called off', 'aborted', [rejected, {}], [0, 1]],
    ['all of one that failed', 'failed', [rejected], [0]],
    ['what one that is done rejected, and never what serves', 'done', [rejected, { outcome: 'passed' }], [0]],
    ['nothing of one that is done and serves a point as it is', 'done', [{ outcome: 'accepted', inspected: true }], []],
    ['nothing of one that is on its way', 'restoring', [rejected, {}], []],
    ['nothing of one that cuts over', 'cutting-over', [rejected, { outcome: 'passed' }], []],
    [
      'what a blocked one rejected before it looked into it, but not what it is at',
      'blocked',
      [rejected, rejected, {}],
      [0, 1],
    ],
    [
      'nothing that a blocked one may still take as it is',
      'blocked',
      [{ ...rejected, inspected: true }, {}, rejected],
      [],
    ],
  ])('are %s', (_name, state, attempts, expected) => {
    const run = failover(state, attempts);
    expect(named(run, all(run))).toEqual(expected.map(nameOf));
  });

  it('are never judged by their tags alone: what is in force serves, whatever its record and its tags say', () => {
    const run = failover('aborted', [rejected, {}]);
    const tagged = all(run).map((each) => ({ ...each, tags: { ...each.tags, 'builder-dr:role': 'aborted' } }));
    for (const direction of ['none', 'dr→primary'] as const) {
      expect(named(run, tagged, { direction, failover: id })).toEqual([nameOf(0)]);
    }
    expect(named(run, tagged, { direction: 'none', failover: 'another' })).toEqual([nameOf(0), nameOf(1)]);
  });

  it('are nothing where nobody knows what is in force', () => {
    const run = failover('aborted', [rejected]);
    expect(leftoversOf(all(run), [run], undefined, 'us-west-2')).toEqual([]);
  });

  it('are only what has our tag, the name of its run, and is not going already', () => {
    const run = failover('aborted', [rejected]);
    const going = instance(nameOf(0), { status: 'deleting' });
    const untagged = instance(nameOf(0), { tags: {} });
    const foreign = instance(nameOf(0), { tags: { 'builder-dr:run': 'failovers/other.json' } });
    expect(named(run, [going, untagged, foreign, instance(`diverged-${id}`), instance('builder')])).toEqual([]);
  });

  it("are a drill's instance only when somebody protected it: any other is swept", () => {
    const run = runIn('drill', 'passed');
    const tags = { 'builder-dr:run': `drills/${run.id}.json`, 'builder-dr:role': 'drill' };
    const left = instance(`hbdr-drill-${run.id}`, { tags });
    expect(named(run, [left])).toEqual([left.name]);
    expect(named(run, [{ ...left, deletionProtection: false }])).toEqual([]);
    expect(named(runIn('drill', 'verifying'), [left])).toEqual([]);
  });

  it('never hold what serves, is being made, or may still serve, whatever happened', () => {
    const states = fc.constantFrom<RunState>(
      'planned',
      'fencing',
      'restoring',
      'inspecting',
      'healing+verifying',
      'cutting-over',
      'smoke-testing',
      'done',
      'blocked',
      'aborted',
      'failed',
    );
    const tried = fc.record({
      outcome: fc.constantFrom(undefined, 'passed', 'rejected', 'accepted'),
      inspected: fc.boolean(),
    });
    const directions = fc.constantFrom<InForce['direction']>('primary→dr', 'none', 'dr→primary');
    fc.assert(
      fc.property(
        states,
        fc.array(tried, { minLength: 1, maxLength: 5 }),
        directions,
        fc.boolean(),
        (state, attempts, direction, ours) => {
          const run = failover(state, attempts as Tried[]);
          const found = named(run, all(run), { direction, failover: ours ? id : 'other' });
          const last = nameOf(attempts.length - 1);
          if ((ours && direction !== 'primary→dr') || !['aborted', 'failed'].includes(state))
            expect(found).not.toContain(last);
          if (!['done', 'blocked', 'aborted', 'failed'].includes(state)) expect(found).toEqual([]);
          if (state === 'blocked')
            for (const [n, each] of attempts.entries()) if (each.inspected) expect(found).not.toContain(nameOf(n));
        },
      ),
    );
  });
});

describe('what is said of a leftover', () => {
  const run = failover('aborted', [rejected]);
  const [left] = leftoversOf(all(run), [run], flowing, 'us-west-2');

  it('is class, storage, since when, and what it costs a day', () => {
    const hourly = (PRICES.rdsHour['db.m7g.large'] ?? 0) + (100 * PRICES.rdsStorageGibMonth) / 730;
    expect(left?.dollarsADay).toBeCloseTo(2 * 24 * hourly, 2);
    const text = left && leftoverText(left);
    expect(text).toContain(`failover ${id} is aborted since 2026-11-22T15:01:00Z`);
    expect(text).toContain(
      `db.m7g.large, Multi-AZ, 100 GiB, $${left?.dollarsADay.toFixed(2)} a day at list prices of us-west-2`,
    );
  });

  it('is the lines that remove it, its protection off first; a line that is cut deletes nothing', () => {
    expect(left?.remove).toEqual([
      `aws rds modify-db-instance --region us-west-2 --db-instance-identifier ${nameOf(0)} --no-deletion-protection --apply-immediately`,
      `aws rds delete-db-instance --region us-west-2 --db-instance-identifier ${nameOf(0)} --skip-final-snapshot`,
    ]);
    // Slack cuts a sample at 200 characters. RDS refuses to delete without that last word.
    for (const line of left?.remove ?? []) expect(line.length).toBeLessThanOrEqual(200);
    const [open] = leftoversOf([instance(nameOf(0), { deletionProtection: false })], [run], flowing, 'us-west-2');
    expect(open?.remove).toEqual(left?.remove.slice(1));
  });

  it('doubles for Multi-AZ, and says when it knows no price', () => {
    const { dollarsAnHour } = instancePrice('db.m7g.large', 100, false);
    expect(instancePrice('db.m7g.large', 100, true).dollarsAnHour).toBeCloseTo(2 * dollarsAnHour, 9);
    const unpriced = instance(nameOf(0), { className: 'db.x9.huge' });
    const [each] = leftoversOf([unpriced], [run], flowing, 'us-west-2');
    expect(each && leftoverText(each)).toContain('priced as db.m7g.large');
  });

  it('is a warning of readiness, before a failover and after it, and on the status page with its lines', () => {
    const leftovers = left ? [left] : [];
    const before = assessReadiness({ ...healthy, leftovers }, testPolicy, now);
    expect([before.status, before.recoverable]).toEqual(['DEGRADED', true]);
    const after = assessReadiness({ ...healthy, leftovers, direction: 'none' }, testPolicy, now);
    for (const { findings } of [before, after]) {
      const found = findings.find((each) => each.code === 'LEFTOVER_INSTANCE');
      expect(found).toMatchObject({ subject: nameOf(0), severity: 'warning', samples: left?.remove });
    }
    const facts = badFacts();
    const page = statusPage({ ...facts, status: { ...facts.status, findings: before.findings } });
    for (const line of left?.remove ?? []) expect(page).toContain(`<code>${line}</code>`);
  });
});
