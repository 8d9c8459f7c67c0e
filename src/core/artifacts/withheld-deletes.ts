import { addMinutes, latestOf, minutesBetween, SKEW_MINUTES } from '../ids.ts';
import type { Point } from '../points/documents.ts';
import type { ObjectEntry } from '../ports/artifacts.ts';
import type { DeletionMark, DeletionNote } from './deletions.ts';

/** What is told by a clock like this shortens the time of a deletion, and so what is kept. `stamped`: by the store, just now. */
export const isClockOff = (stamped: Date, now: Date): boolean => Math.abs(minutesBetween(stamped, now)) > SKEW_MINUTES;

/** When a listing of both buckets began, when the last whole one before it and the one before that did, and what time it is in its middle. */
export type ListingTimes = { startedAt: Date; before: string | undefined; beforeThat?: string | undefined; now: Date };
/** One key of that listing, with what was known and noted of it. */
export type SeenKey = {
  key: string;
  atPrimary: boolean;
  inReplica: Pick<ObjectEntry, 'lastModified'> | undefined;
  mark: DeletionMark | undefined;
  notes: readonly DeletionNote[];
};

/**
 * What is remembered of a key after a listing that was whole; undefined when there is nothing. Every doubt makes the
 * time in which it was deleted longer, never shorter: that keeps more than is needed.
 */
export function afterListing(seen: SeenKey, times: ListingTimes): DeletionMark | undefined {
  const { mark, notes } = seen;
  const gone = latestOf([mark?.goneAt, ...notes.filter((each) => !each.there).map((each) => each.at)]);
  const there = latestOf(notes.filter((each) => each.there).map((each) => each.at));
  if (seen.atPrimary) return backAgain(seen, gone, times);
  if (mark && !mark.backAt) return stillGone(mark, seen, gone ?? mark.goneAt, there, times);
  // What no replica holds needs no mark, unless a point may still ask for what was there before.
  if (!seen.inReplica) return mark && { ...withoutReturn(mark), goneAt: times.now.toISOString() };
  // Uploaded and copied while the two buckets were listed: seen in one of them only.
  const isNew = seen.inReplica.lastModified >= addMinutes(times.startedAt, -SKEW_MINUTES);
  if (!mark && gone === undefined && isNew) return undefined;
  const known = mark ? mark.lastSeenAt : firstDoubt(seen.inReplica, times);
  const goneAt = gone !== undefined && !mark && !(there && there >= gone) ? gone : times.now.toISOString();
  return { key: seen.key, ...(known ? { lastSeenAt: known } : {}), goneAt };
}

/**
 * Until when the key was there for certain: the last whole listing would have marked it, unless it was new to the
 * replica then. In that case it may have been copied, and was there, or healed: then the listing before that speaks for it.
 */
function firstDoubt({ lastModified }: Pick<ObjectEntry, 'lastModified'>, times: ListingTimes): string | undefined {
  const { before, beforeThat } = times;
  if (before === undefined || lastModified < addMinutes(new Date(before), -SKEW_MINUTES)) return before;
  const copied = addMinutes(lastModified, -SKEW_MINUTES).toISOString();
  return [copied, before, beforeThat].filter((each) => each !== undefined).sort()[0];
}

const withoutReturn = ({ backAt: _backAt, ...mark }: DeletionMark): DeletionMark => mark;

/** A page may be older than an event: only what was gone before the listing began is back. */
function backAgain(seen: SeenKey, gone: string | undefined, { startedAt, before, now }: ListingTimes) {
  const { key, mark } = seen;
  if (gone === undefined) return undefined;
  const { hiddenAt, ...rest } = mark ?? { key, ...(before ? { lastSeenAt: before } : {}), goneAt: gone };
  // Until it is copied anew, what was there before is all that lies under its name.
  const known = hiddenAt && !seen.inReplica ? { ...rest, hiddenAt } : rest;
  if (known.backAt && gone <= known.backAt) return known;
  if (gone > startedAt.toISOString()) return { ...withoutReturn(known), goneAt: gone };
  return { ...known, goneAt: gone, backAt: now.toISOString() };
}

/** Whatever showed that it lived again in the meantime makes the doubt last until now. */
function stillGone(
  mark: DeletionMark,
  { inReplica }: SeenKey,
  gone: string,
  there: string | undefined,
  { now }: ListingTimes,
): DeletionMark {
  const { hiddenAt, ...rest } = mark;
  const copiedAnew = hiddenAt !== undefined && inReplica !== undefined;
  const goneAt = copiedAnew || (there !== undefined && there > mark.goneAt) ? now.toISOString() : gone;
  // Neither here nor there: a removal died before it was recorded.
  const hidden = inReplica === undefined ? (hiddenAt ?? now.toISOString()) : undefined;
  return { ...rest, goneAt, ...(hidden ? { hiddenAt: hidden } : {}) };
}

/** The time of a point in which its rows may name what its list does not: from the data's instant to its listing, or its protection, which comes later. */
export type PointWindow = { id: string; from: Date; until: Date | undefined };

export const isUnexpired = (point: Point): boolean => point.state !== 'expired';

/** A point without a list may name anything that was there since. */
export function windowOf({ id, requestedAt, database, artifacts, history }: Point): PointWindow {
  const from = new Date('dataAt' in database ? database.dataAt : requestedAt);
  if (artifacts.state === 'pending') return { id, from, until: undefined };
  // A listing by a clock that was behind would end it early: who protected the point comes after that, often by another clock.
  const protectedAt = history.find(({ state }) => state === 'protected')?.at;
  const until = new Date(latestOf([artifacts.listedAt, protectedAt]) ?? artifacts.listedAt);
  return { id, from, until: until < from ? undefined : until };
}

/** The point in whose window the artifact may have been deleted, if there is one. Older ones list it or never had it. */
export function windowHolding(mark: DeletionMark, windows: readonly PointWindow[]): PointWindow | undefined {
  const first = mark.lastSeenAt === undefined ? undefined : addMinutes(new Date(mark.lastSeenAt), -SKEW_MINUTES);
  const last = addMinutes(new Date(mark.backAt ?? mark.goneAt), SKEW_MINUTES);
  return windows.find(({ from, until }) => from <= last && (!first || !until || until >= first));
}

/**
 * Whether versions under a delete marker may be let go: every point of before it has its list by now, so that what was
 * seen of the catalogue before the marker was put is seen again after it.
 */
export function isSettled(mark: DeletionMark, windows: readonly PointWindow[]): boolean {
  if (mark.hiddenAt === undefined) return false;
  const last = addMinutes(new Date(mark.hiddenAt), SKEW_MINUTES);
  return !windows.some(({ from, until }) => !until && from <= last);
}
