import * as z from 'zod';
import type { StatusRecord } from './documents.ts';

const BUCKET_MINUTES = 15;
const DAYS = 7;

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

/** The history with one more assessment; told twice, it is the same. */
export function withReading(history: History | undefined, status: StatusRecord): History {
  const { at, rpoMinutes, status: word } = status;
  const since = new Date(new Date(at).getTime() - DAYS * 86_400_000).toISOString();
  const kept = (history?.readings ?? []).filter((each) => each.at >= since);
  const last = kept.at(-1);
  if (!last || bucket(last.at) < bucket(at)) {
    return { schema: 'history/1', readings: [...kept, { at, rpoMinutes, status: word }] };
  }
  const merged: Reading = {
    at: last.at,
    rpoMinutes: worse(last.rpoMinutes, rpoMinutes),
    status: badness[word] > badness[last.status] ? word : last.status,
  };
  return { schema: 'history/1', readings: [...kept.slice(0, -1), merged] };
}
