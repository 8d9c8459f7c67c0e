import type { StatusRecord } from '../../core/readiness/documents.ts';

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
