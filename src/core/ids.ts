import { DrError } from '../errors.ts';

const MINUTE_MS = 60_000;

/** The start of the capture slot that an instant falls into (slots count from the epoch). */
export function slotStart(at: Date, intervalMinutes: number): Date {
  const intervalMs = intervalMinutes * MINUTE_MS;
  return new Date(Math.floor(at.getTime() / intervalMs) * intervalMs);
}

/** An instant as a recovery point id, to the second: `20261122t140000z`. */
export function pointIdAt(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase()}z`;
}

/** The instant that a point id names. Throws BAD_USAGE for anything else. */
export function instantOfPointId(id: string): Date {
  const parts = /^(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z$/.exec(id);
  if (!parts) {
    throw new DrError('BAD_USAGE', `not a recovery point id: ${id}`, {
      hint: 'Ids look like 20261122t140000z; `builder-dr points` lists them.',
    });
  }
  const [, year, month, day, hour, minute, second] = parts;
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** The name of a point's snapshot and of its copy. RDS stores names in lower case. */
export function snapshotName(pointId: string): string {
  return `hbdr-${pointId}`;
}

/** What the final snapshot of a database that a failover left behind is tagged with; the second where the first one failed. */
export function divergedTag(failoverId: string, tries = 1): string {
  return `diverged-${failoverId}${tries > 1 ? `-${tries}` : ''}`;
}

export function divergedSnapshotName(failoverId: string, tries?: number): string {
  return snapshotName(divergedTag(failoverId, tries));
}

/** The tag that says which point a snapshot belongs to. */
export const POINT_TAG = 'builder-dr:point';

export function minutesBetween(from: Date | string, to: Date): number {
  return (to.getTime() - new Date(from).getTime()) / MINUTE_MS;
}

/** Clocks of RDS, the stores and the functions differ by less, where none is wrong. */
export const SKEW_MINUTES = 5;

/**
 * For how long something has been waited for. What is ahead of `now` a clock that was wrong has noted: that counts as a wait
 * of as long, so that it is asked for again, and nobody waits for that instant to come.
 */
export const waitedMinutes = (since: Date | string, now: Date): number => Math.abs(minutesBetween(since, now));

/** The instant, or `now` where it is ahead of it: a clock that was wrong wrote it, and nobody waits for it to come. */
export function notAhead(at: string, now: Date): string {
  return at > now.toISOString() ? now.toISOString() : at;
}

/** The latest of these instants; those that are not known do not count. */
export function latestOf(instants: readonly (string | undefined)[]): string | undefined {
  return instants
    .filter((each) => each !== undefined)
    .sort()
    .at(-1);
}

export function addMinutes(at: Date, minutes: number): Date {
  return new Date(at.getTime() + minutes * MINUTE_MS);
}
