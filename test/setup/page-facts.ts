import { finding } from '../../src/core/findings.ts';
import type { Point } from '../../src/core/points/documents.ts';
import type { StatusRecord } from '../../src/core/readiness/documents.ts';
import type { Run } from '../../src/core/recovery/run.ts';
import type { PageFacts } from '../../src/core/status-page/page.ts';
import { now, protectedPoint } from './observations.ts';

const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString();

function drill(id: string, daysAgo: number, restoring: number, verifying: number, state: 'passed' | 'failed'): Run {
  const from = daysAgo * 1440;
  const at = (minutes: number) => minutesAgo(from - minutes);
  const why = 'went on';
  return {
    schema: 'run/1',
    kind: 'drill',
    readAll: false,
    point: 'latest',
    deadlineAt: at(180),
    id,
    requestedAt: at(0),
    state,
    candidates: [],
    attempts: [],
    findings: [],
    errors: [],
    history: [
      { at: at(0), state: 'planned', why },
      { at: at(1), state: 'restoring', why },
      { at: at(1 + restoring), state: 'inspecting', why },
      { at: at(4 + restoring), state: 'verifying', why },
      { at: at(4 + restoring + verifying), state: 'cleaning-up', why },
      { at: at(10 + restoring + verifying), state, why },
    ],
  };
}

const base = protectedPoint('20261122t140000z', minutesAgo(20));
const points: Point[] = [
  {
    ...base,
    state: 'capturing',
    id: '20261122t141500z',
    database: { state: 'capturing' },
    artifacts: { state: 'pending' },
  },
  base,
  { ...protectedPoint('20261122t130000z', minutesAgo(80)), state: 'proven' },
  { ...protectedPoint('20261122t120000z', minutesAgo(140)), state: 'suspect' },
];

const hostile = '<script>document.title="taken"</script>';
const findings = [
  finding('ARTIFACT_MISSING', 'replica', `3 artifacts of the point are not in the replica ${hostile}`, {
    count: 3,
    samples: ['core/redis/4.0.14/20240101000000/x86_64/linux/core-redis-4.0.14-20240101000000-x86_64-linux.hart'],
  }),
  finding('DRILL_OVERDUE', 'drill', 'the last drill that passed is 9 days old'),
];

/** A page with something in every part of it, bad news and a hostile name among it. */
export function badFacts(): PageFacts {
  const status: StatusRecord = {
    schema: 'status/1',
    at: now.toISOString(),
    status: 'NOT_READY',
    recoverable: false,
    protecting: true,
    rpoMinutes: 20,
    rpoTargetMinutes: 120,
    point: base.id,
    findings,
  };
  const readings = Array.from({ length: 400 }, (_, n) => ({
    at: minutesAgo((400 - n) * 15),
    rpoMinutes: n > 150 && n < 170 ? null : 20 + (n % 12) * 9 + (n > 300 && n < 330 ? 70 : 0),
    status: 'READY' as const,
  }));
  return {
    stage: 'prod',
    configFile: 'config/prod.yml',
    primaryRegion: 'us-east-1',
    drRegion: 'us-west-2',
    rtoTargetMinutes: 60,
    status,
    readings,
    points,
    runs: [
      drill('20261106t030000z', 16, 31, 9, 'passed'),
      drill('20261113t030000z', 9, 38, 12, 'passed'),
      drill('20261120t030000z', 2, 66, 0, 'failed'),
    ],
    verified: {
      schema: 'verified-index/1',
      at: now.toISOString(),
      key: 'k',
      ok: 11_800,
      okBytes: 5e10,
      damaged: { count: 1, samples: [] },
      unknownSigner: { count: 40, samples: [] },
      unverified: { count: 120, samples: [] },
    },
    reconcile: undefined,
    now,
  };
}

/** The other end: nothing has happened yet. */
export function emptyFacts(): PageFacts {
  const facts = badFacts();
  const status = {
    ...facts.status,
    status: 'READY' as const,
    recoverable: true,
    rpoMinutes: null,
    point: null,
    findings: [],
  };
  return { ...facts, status, readings: [], points: [], runs: [], verified: undefined };
}
