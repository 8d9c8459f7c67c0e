import type { Point } from '../../core/points/documents.ts';

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
      const uses = (point.pins ?? []).map(({ run }) => `\n    pinned by ${run}`);
      if (point.hold) uses.push(`\n    held until ${point.hold.until}: ${point.hold.reason}`);
      if (point.sourceRemovedAt) uses.push(`\n    the snapshot at the primary was removed at ${point.sourceRemovedAt}`);
      const why = ['failed', 'suspect', 'expired'].includes(point.state) ? `\n    ${point.history.at(-1)?.why}` : '';
      return `${point.id}  ${point.kind.padEnd(9)}  ${point.state.padEnd(15)}  ${parts}${why}${uses.join('')}`;
    })
    .join('\n');
}
