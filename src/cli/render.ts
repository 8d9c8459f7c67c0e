import type { ReconcileRecord } from '../core/artifacts/documents.ts';
import type { Point } from '../core/points/documents.ts';
import type { StatusRecord } from '../core/readiness/documents.ts';
import type { AdvanceReport } from '../jobs/advance.ts';
import type { ReconcileReport } from '../jobs/artifacts/reconcile.ts';
import type { Check } from '../jobs/doctor.ts';
import type { EscrowReport } from '../jobs/keys/escrow.ts';

function rpo(status: StatusRecord): string {
  const now = status.rpoMinutes === null ? 'no point to restore' : `${status.rpoMinutes.toFixed(1)} min`;
  return `${now} (target ${status.rpoTargetMinutes} min)`;
}

export function statusText(status: StatusRecord): string {
  const lines = [
    `${status.status}   assessed ${status.at}`,
    `  recoverable: ${status.recoverable ? 'yes' : 'NO'}   protecting: ${status.protecting ? 'yes' : 'NO'}`,
    `  data lost by a failover now: ${rpo(status)}   point: ${status.point ?? 'none'}`,
  ];
  for (const each of status.findings) {
    lines.push(`  ${each.severity} ${each.code} (${each.subject}): ${each.text}`);
    for (const sample of each.samples ?? []) lines.push(`      ${sample}`);
    lines.push(`    -> ${each.hint}`);
  }
  return lines.join('\n');
}

function artifacts(point: Point): string {
  const { artifacts: part } = point;
  if (part.state === 'replicating') return `replicating, ${part.missing} of ${part.count} missing`;
  return part.state === 'pending' ? 'pending' : `${part.state} (${part.count})`;
}

function database(point: Point): string {
  const { database: part } = point;
  if (part.state === 'copying') return `copying ${part.percent} %`;
  const waiting = 'waiting' in part ? part.waiting : undefined;
  return waiting ? `${part.state}, waits: ${waiting.message}` : part.state;
}

export function pointsText(points: Point[]): string {
  if (points.length === 0) return 'No recovery points yet. `builder-dr capture` makes one.';
  return points
    .map((point) => {
      const parts = `database ${database(point)}; artifacts ${artifacts(point)}; keys ${point.keys.state}`;
      const why = ['failed', 'suspect'].includes(point.state) ? `\n    ${point.history.at(-1)?.why}` : '';
      return `${point.id}  ${point.kind.padEnd(9)}  ${point.state.padEnd(15)}  ${parts}${why}`;
    })
    .join('\n');
}

export function advanceText(report: AdvanceReport): string {
  const lines = report.points.slice(-10).map((point) => `${point.id}  ${point.state}`);
  if (report.primaryDark) lines.push(`The primary does not answer: ${report.primaryDark}`);
  return lines.join('\n') || 'No recovery points.';
}

function recordText(record: ReconcileRecord): string {
  const { primary, replica, missing, differing, queued } = record;
  return `primary ${primary}, replica ${replica}, missing ${missing.count}, differing ${differing.count}, queued ${queued}`;
}

export function reconcileText(report: ReconcileReport): string {
  return 'record' in report ? recordText(report.record) : `Nothing compared: ${report.primaryDark}`;
}

export function escrowText(report: EscrowReport): string {
  const line = (word: string, names: string[]) => (names.length > 0 ? [`${word}: ${names.join(', ')}`] : []);
  return [
    ...line('sealed', report.sealed),
    ...line('updated', report.updated),
    ...line('published', report.published),
    ...line('unchanged', report.unchanged),
    ...line('ignored', report.ignored),
  ].join('\n');
}

export function doctorText(checks: Check[]): string {
  return checks
    .map(
      (each) =>
        `${each.ok ? 'ok    ' : 'FAILED'}  ${each.name}: ${each.detail}${each.hint ? `\n        -> ${each.hint}` : ''}`,
    )
    .join('\n');
}
