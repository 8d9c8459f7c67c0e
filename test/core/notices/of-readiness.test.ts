import { describe, expect, it } from 'vitest';
import { finding } from '../../../src/core/findings.ts';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { attributesOf } from '../../../src/core/notices/message.ts';
import { dueMessage, readinessMessage } from '../../../src/core/notices/of-readiness.ts';
import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import { toldOf } from '../../../src/core/readiness/told.ts';
import { testPolicy } from '../../setup/policy.ts';

const now = new Date('2026-11-22T14:20:00Z');
const prod = { stage: 'prod', configFile: 'config/prod.yml' };
const missing = (count: number) =>
  finding('ARTIFACT_MISSING', 'replica', `${count} artifacts are missing`, { count, samples: ['a.hart'] });
const status = (change: Partial<StatusRecord> = {}): StatusRecord => ({
  schema: 'status/1',
  at: now.toISOString(),
  status: 'NOT_READY',
  recoverable: false,
  protecting: true,
  rpoMinutes: 12.34,
  rpoTargetMinutes: 120,
  point: '20261122t140000z',
  findings: [missing(3)],
  ...change,
});
const told = (at: string, as = status()) => ({ at, told: toldOf(as) });

describe('what people are told', () => {
  it.each<[string, StatusRecord, 'change' | 'heartbeat' | undefined]>([
    ['the first assessment', status(), 'change'],
    ['the same state again', status({ published: told('2026-11-22T14:00:00Z') }), undefined],
    [
      'the same finding with another count',
      status({ findings: [missing(7)], published: told('2026-11-22T14:00:00Z') }),
      undefined,
    ],
    ['another finding', status({ findings: [], published: told('2026-11-22T14:00:00Z') }), 'change'],
    ['a day of the same', status({ published: told('2026-11-21T14:20:00Z') }), 'heartbeat'],
    ['not quite a day', status({ published: told('2026-11-21T14:21:00Z') }), undefined],
  ])('%s', (_name, record, kind) => {
    expect(dueMessage(record, testPolicy, now)).toBe(kind);
  });

  it('fits the subject into 100 characters', () => {
    const long = status({ findings: [missing(1), missing(2)] });
    const { subject } = readinessMessage(long, 'change', {
      ...prod,
      stage: 'a-stage-with-a-name-of-considerable-length-'.repeat(3),
    });
    expect(subject).toHaveLength(100);
  });

  it('says what is new and what is gone since people were told', () => {
    const before = { ...status(), findings: [missing(3), finding('DRILL_OVERDUE', 'drill', 'old')] };
    const record = status({
      findings: [missing(4), finding('COPY_STUCK', 'p1', 'slow')],
      published: told('2026-11-22T14:00:00Z', before),
    });
    expect(readinessMessage(record, 'change', prod).changed).toEqual([
      'Still NOT_READY.',
      'New: COPY_STUCK (p1)',
      'Gone: DRILL_OVERDUE (drill)',
    ]);
  });

  it('tells the critical findings first, and all of them before any warning, however many there are', () => {
    const warnings = Array.from({ length: 20 }, (_, n) => finding('SIGNER_UNKNOWN', `w${n}`, 'unknown'));
    const record = status({ findings: [...warnings, finding('BUILDER_KEY_MISSING', 'bldr', 'none'), missing(1)] });
    const message = readinessMessage(record, 'change', prod);
    expect(message.subject).toBe('[builder-dr prod] NOT_READY: BUILDER_KEY_MISSING and 21 more');
    expect(message.findings.slice(0, 3).map((each) => each.code)).toEqual([
      'BUILDER_KEY_MISSING',
      'ARTIFACT_MISSING',
      'SIGNER_UNKNOWN',
    ]);
    expect([message.findingsLeftOut, message.next]).toEqual([
      10,
      'builder-dr keys escrow --from /hab/cache/keys --config config/prod.yml',
    ]);
  });

  it('reads as a person needs it: status, verdicts, RPO against target, findings with hints, what to type', () => {
    const message = readinessMessage(status(), 'change', prod);
    expect(message.subject).toBe('[builder-dr prod] NOT_READY: ARTIFACT_MISSING');
    for (const words of [
      '12.3 min, target 120 min',
      'CRITICAL ARTIFACT_MISSING (replica)',
      '- a.hart',
      'What to do: Run',
      'Type next: builder-dr reconcile',
      'The first assessment.',
    ]) {
      expect(emailText(message)).toContain(words);
    }
    expect(attributesOf(message)).toEqual({
      kind: 'change',
      status: 'NOT_READY',
      stage: 'prod',
      id: now.toISOString(),
    });
  });
});
