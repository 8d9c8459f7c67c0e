import { type Finding, finding } from '../findings.ts';
import { minutesBetween } from '../ids.ts';
import type { PruneRecord } from '../points/prune-record.ts';
import type { Policy } from '../policy.ts';

/** What is waited for shorter than this is nobody's business. */
const PATIENCE_MINUTES = 24 * 60;
const SAMPLES = 10;

/** What the last prune says of itself, where there is a retention. */
export function retentionFindings(pruned: PruneRecord | undefined, { retention }: Policy, now: Date): Finding[] {
  if (!retention || !pruned) return [];
  const found: Finding[] = [];
  const clock = pruned.stopped.find((each) => each.code === 'clock');
  if (clock) found.push(finding('CLOCK_WRONG', 'clock', `the last prune removed nothing: ${clock.text}`));
  if (pruned.unconfirmed) {
    const { points, ofPoints, primarySnapshots, since } = pruned.unconfirmed;
    const what = `${points} of ${ofPoints} points and ${primarySnapshots} snapshots at the primary`;
    const text = `since ${since} an edit of \`retention\` that removes ${what} waits for its confirmation`;
    found.push(finding('RETENTION_UNCONFIRMED', 'retention', text));
  }
  const waiting = pruned.waits.filter((each) => minutesBetween(each.since, now) > PATIENCE_MINUTES);
  if (waiting.length > 0) {
    const samples = waiting.slice(0, SAMPLES).map(({ part, point, until }) => `${part} of ${point}: until ${until}`);
    const text = `${waiting.length} parts of expired points wait for more than a day to be removed`;
    found.push(finding('PRUNE_WAITS', 'prune', text, { count: waiting.length, samples }));
  }
  return found;
}
