import type { Sampled } from '../artifacts/merge-diff.ts';
import { minutesBetween } from '../ids.ts';
import type { Policy } from '../policy.ts';
import type { Point } from './documents.ts';
import { fail, isInFlight } from './point.ts';

type Standstill = { since: string; what: string };

const MINUTES_AN_HOUR = 60;

/** What has not come yet and since when, part by part: each waits from what came before it, and each of its steps starts anew. */
function standstills({ database, artifacts, keys, deadlineAt }: Point, lacking: string): Standstill[] {
  if (database.state === 'capturing') {
    const { acceptedAt } = database;
    return [{ since: acceptedAt ?? deadlineAt, what: `the snapshot was not ${acceptedAt ? 'done' : 'accepted'}` }];
  }
  const found: Standstill[] = [];
  const waits = (since: string, what: string) => void found.push({ since, what });
  if (artifacts.state === 'pending') waits(database.capturedAt, 'the artifacts were not listed');
  if (database.state === 'captured') {
    const { waiting } = database;
    waits(database.capturedAt, `the copy was not accepted${waiting ? `: ${waiting.message}` : ''}`);
  }
  if (database.state === 'copying') waits(database.progressAt, `the copy stayed at ${database.percent} percent`);
  if (artifacts.state === 'listed') waits(artifacts.listedAt, 'the artifacts were not held against the replica');
  if (artifacts.state === 'replicating') {
    waits(artifacts.progressAt, `${artifacts.missing} artifacts did not come${lacking}`);
  }
  if (keys.state === 'missing' && database.state === 'copied' && artifacts.state === 'complete') {
    const since = [database.copiedAt, artifacts.completeAt].sort().at(-1) ?? database.copiedAt;
    waits(since, 'no key of Builder is in escrow');
  }
  return found;
}

const namesOf = (lacking: Sampled | undefined): string =>
  lacking && lacking.count > 0
    ? ` (${lacking.samples.join(', ')}${lacking.count > lacking.samples.length ? ', ...' : ''})`
    : '';

/**
 * Nothing waits without a limit: a point in flight of which a part came no further for `pointStuckHours` fails, with the
 * part's name. A newer one starts from what there is then. What is protected, and what waits for a person, never ends so.
 */
export function overdue(
  point: Point,
  lacking: Sampled | undefined,
  { pointStuckHours }: Pick<Policy, 'pointStuckHours'>,
  now: Date,
): Point {
  if (!isInFlight(point)) return point;
  const late = standstills(point, namesOf(lacking)).find(({ since }) => {
    const from = point.acceptedAt && point.acceptedAt > since ? point.acceptedAt : since;
    return minutesBetween(from, now) >= pointStuckHours * MINUTES_AN_HOUR;
  });
  return late
    ? fail(point, now, 'REMOTE_FAILED', `${late.what}, and nothing moved for ${pointStuckHours} hours`)
    : point;
}
