import type { Confirmation } from '../../core/points/prune-record.ts';
import type { RetentionPlan } from '../../core/points/retention.ts';
import type { PruneReport } from '../../jobs/points/prune.ts';

const confirmText = ({ id, points, ofPoints, primarySnapshots, ofPrimarySnapshots }: Confirmation) =>
  `An edit of the policy waits: it removes ${points} of ${ofPoints} points, and ${primarySnapshots} of ${ofPrimarySnapshots} snapshots at the primary.\nTo let it: builder-dr prune --confirm ${id}`;

/** The table of a retention: what is kept, what goes, and why. */
export function retentionText({ stopped, rows }: RetentionPlan, unconfirmed: Confirmation | undefined): string {
  const table = rows.map(
    ({ point, state, verdict, reasons, primarySnapshot }) =>
      `${point}  ${state.padEnd(15)}  ${verdict.padEnd(6)}  ${reasons.join('; ')}\n    at the primary: ${primarySnapshot.verdict}, ${primarySnapshot.reason}`,
  );
  const stops = stopped.map(({ text }) => `Nothing is removed: ${text}.`);
  const lines = [...table, ...stops, ...(unconfirmed ? [confirmText(unconfirmed)] : [])];
  return lines.length > 0 ? lines.join('\n') : 'No recovery points yet.';
}

export function pruneText(report: PruneReport): string {
  const { stopped, expired, removed, trimmed, archivedRuns, waits, left, unconfirmed, replica } = report;
  return [
    ...stopped.map(({ text }) => `Nothing is removed: ${text}.`),
    `${expired.length} points expired, ${removed.length} are gone but for the archive; ${trimmed.length} snapshots at the primary were removed, ${archivedRuns.length} runs archived.`,
    ...(left > 0 ? [`${left} more points go with the next prunes; \`builder-dr prune\` goes on now.`] : []),
    ...waits.map(({ point, part, until }) => `The ${part} of ${point} waits until ${until}.`),
    ...(replica && replica.hidden + replica.released + replica.broughtBack > 0
      ? [
          `${replica.hidden} artifacts left the replica, ${replica.released} are let go for good, ${replica.broughtBack} were brought back.`,
        ]
      : []),
    ...(replica?.waits ? [`Nothing more leaves the replica: ${replica.waits}.`] : []),
    ...(unconfirmed ? [confirmText(unconfirmed)] : []),
  ].join('\n');
}
