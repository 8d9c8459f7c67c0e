import * as z from 'zod';
import type { StatusRecord } from './documents.ts';

const BUCKET_MINUTES = 15;
const DAYS = 7;
const MOST_READINGS = (DAYS * 24 * 60) / BUCKET_MINUTES + 1;

const reading = z.strictObject({
  at: z.iso.datetime(),
  rpoMinutes: z.number().nullable(),
  status: z.enum(['READY', 'DEGRADED', 'NOT_READY']),
});

/** What readiness was over the last days: `history.json`. One reading per quarter of an hour, the worst of it. */
export const historySchema = z.strictObject({ schema: z.literal('history/1'), readings: z.array(reading) });

export type Reading = z.infer<typeof reading>;
export type History = z.infer<typeof historySchema>;

const bucket = (at: string) => Math.floor(new Date(at).getTime() / (BUCKET_MINUTES * 60_000));
const badness = { READY: 0, DEGRADED: 1, NOT_READY: 2 };

/** No point to restore is worse than any number. */
function worse(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}

/**
 * The history with one more assessment; told twice, it is the same. Bounded by the number of readings and not by the time
 * of this one: a clock that is ahead ends nobody else's readings, and its own is one of many.
 */
export function withReading(history: History | undefined, status: StatusRecord): History {
  const { at, rpoMinutes, status: word } = status;
  const before = history?.readings ?? [];
  const same = before.find((each) => bucket(each.at) === bucket(at));
  const others = before.filter((each) => each !== same);
  const merged: Reading = {
    at: same?.at ?? at,
    rpoMinutes: same ? worse(same.rpoMinutes, rpoMinutes) : rpoMinutes,
    status: same && badness[same.status] > badness[word] ? same.status : word,
  };
  const readings = [...others, merged].sort((a, b) => (a.at < b.at ? -1 : 1));
  return { schema: 'history/1', readings: readings.slice(-MOST_READINGS) };
}

/** The readings of the last seven days before `now`; what a clock that was ahead left there is none of them. */
export function lastDays(history: History | undefined, now: Date): Reading[] {
  const at = now.toISOString();
  const since = new Date(now.getTime() - DAYS * 86_400_000).toISOString();
  return (history?.readings ?? []).filter((each) => each.at >= since && each.at <= at);
}
