import { describe, expect, it } from 'vitest';
import { finding } from '../../../src/core/findings.ts';
import { addMinutes } from '../../../src/core/ids.ts';
import { rejectedPoints, rejectedText } from '../../../src/core/recovery/rejected.ts';
import type { Run, RunKind } from '../../../src/core/recovery/run.ts';
import { protectedPoint } from '../../setup/observations.ts';
import { comparison, runIn } from '../../setup/runs.ts';

const now = new Date('2026-11-22T18:00:00Z');
const points = ['a', 'b', 'c'].map((id) => protectedPoint(id, '2026-11-22T14:00:00Z'));
const begun = { askedAt: now.toISOString(), tries: 1, report: 'r' };
const minutes = (before: number): string => addMinutes(now, -before).toISOString();

/** A run that looked at point `b` so many minutes ago, and found that. */
function saw(kind: RunKind, ago: number, codes: Parameters<typeof finding>[0][], id = kind as string): Run {
  const findings = codes.map((code) => finding(code, 'b', 'is wrong'));
  const outcome = codes.length === 0 ? 'passed' : 'rejected';
  const seen = { ...comparison, at: minutes(ago) };
  return { ...runIn(kind, 'restoring', { findings, outcome, comparison: seen }), id } as Run;
}
const rejected = (...runs: Run[]): string[] => [...rejectedPoints(points, runs, now).keys()];

describe('a point is rejected', () => {
  const table: [name: string, runs: Run[], ids: string[]][] = [
    ['by nobody who has not looked at it', [], []],
    ['by a drill', [saw('drill', 9, ['ARTIFACT_MISSING'])], ['b']],
    ['by a failover', [saw('failover', 9, ['DATABASE_EMPTY'])], ['b']],
    ['not by an alarm test, which finds what it planted', [saw('alarm-test', 9, ['ARTIFACT_CORRUPT'])], []],
    ['by what else an alarm test finds', [saw('alarm-test', 9, ['ARTIFACT_CORRUPT', 'CHECKSUM_MISMATCH'])], ['b']],
    ['not by what its operator is only warned of', [saw('drill', 9, ['SIGNER_UNKNOWN'])], []],
    ["not by a login that failed: that is the site's", [saw('drill', 9, ['BUILDER_CREDENTIALS_UNUSABLE'])], []],
    ["not by a KMS key that was off: that is the site's", [saw('drill', 9, ['DR_KMS_UNUSABLE'])], []],
    ['by what else was found then', [saw('drill', 9, ['DR_KMS_UNUSABLE', 'ROWS_FELL'])], ['b']],
    ['no longer once a later run passed', [saw('drill', 9, ['CHECKSUM_MISMATCH'], '1'), saw('drill', 8, [], '2')], []],
    ['by the run that looked last', [saw('drill', 8, ['CHECKSUM_MISMATCH'], '1'), saw('drill', 9, [], '2')], ['b']],
    [
      'also where a clock ahead says that it passed',
      [saw('drill', 9, ['ROWS_FELL'], '1'), saw('drill', -60, [])],
      ['b'],
    ],
    ['also by a clock ahead', [saw('drill', -60, ['ROWS_FELL'])], ['b']],
    ['with all others, where its key is no good', [saw('drill', 9, ['BUILDER_KEY_USELESS'])], ['a', 'b', 'c']],
  ];
  it.each(table)('%s', (_name, runs, ids) => {
    expect(rejected(...runs)).toEqual(ids);
  });

  it('as soon as its database was looked into, while the drill goes on', () => {
    const inspection = { ...begun, doneAt: minutes(9) };
    const findings = [finding('DATABASE_OWNER_WRONG', 'b', 'is wrong')];
    expect(rejected(runIn('drill', 'verifying', { inspection, findings }))).toEqual(['b']);
  });

  it('by what a failover found, also where its operator accepted that, but for rows that fell', () => {
    const run = saw('failover', 9, ['ARTIFACT_MISSING']);
    const accepted = {
      ...run,
      attempts: run.attempts.map((each) => ({ ...each, outcome: 'accepted' as const })),
    } as Run;
    expect(rejected(accepted)).toEqual(['b']);
    const fell = saw('failover', 9, ['ROWS_FELL']);
    const meant = {
      ...fell,
      attempts: fell.attempts.map((each) => ({ ...each, outcome: 'accepted' as const })),
    } as Run;
    expect([rejected(fell), rejected(meant)]).toEqual([['b'], []]);
  });

  it('no longer by rows that fell once its operator has accepted that since, but by all else that was found', () => {
    const judged = (ago: number, ...codes: Parameters<typeof finding>[0][]) => {
      const accepted = points.map((each) => (each.id === 'b' ? { ...each, acceptedAt: minutes(ago) } : each));
      return [...rejectedPoints(accepted, [saw('drill', 9, codes)], now).values()].map((each) => each.codes);
    };
    expect(judged(8, 'ROWS_FELL')).toEqual([]);
    expect(judged(10, 'ROWS_FELL')).toEqual([['ROWS_FELL']]);
    expect(judged(8, 'ROWS_FELL', 'ARTIFACT_MISSING')).toEqual([['ARTIFACT_MISSING']]);
  });

  it('not by a restore that was refused, nor by a deadline, and these take nothing back', () => {
    const stopped = runIn('drill', 'failed', { outcome: 'rejected', why: 'the deadline passed' });
    expect(rejected(stopped)).toEqual([]);
    expect(rejected(saw('drill', 9, ['ROWS_FELL']), stopped)).toEqual(['b']);
  });

  it('and for its key no other one is, once any has passed since', () => {
    const passed = saw('drill', 8, [], '2');
    const ofC = { ...passed, attempts: passed.attempts.map((each) => ({ ...each, point: 'c' })) } as Run;
    expect(rejected(saw('drill', 9, ['BUILDER_KEY_USELESS'], '1'), ofC)).toEqual(['b']);
  });

  it('and it is said by whom, when, and for what', () => {
    const found = rejectedPoints(points, [saw('drill', 9, ['BUILDER_KEY_USELESS'], 'x')], now);
    expect(rejectedText(['b', 'a'], found)).toBe(
      'b (drill x found BUILDER_KEY_USELESS at 2026-11-22T17:51:00.000Z), a (drill x found BUILDER_KEY_USELESS in b at 2026-11-22T17:51:00.000Z)',
    );
  });
});
