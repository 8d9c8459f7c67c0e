import { waitedMinutes } from '../ids.ts';
import type { ObjectEntry } from '../ports/artifacts.ts';
import type { Uncopyable } from './documents.ts';

/** More than these are not set aside: they are tried like any other, and the point that names them waits. */
const MOST = 1_000;
/** Every comparison of the buckets tries again, and none between two of them. */
const TRY_AGAIN_MINUTES = 45;

/** One that could not be copied, as the attempt saw it. */
export type Refusal = Pick<Uncopyable, 'key' | 'etag' | 'reason'>;

/** What is set aside after an attempt: what was refused, and no longer what was settled. */
export function quarantined(before: Uncopyable[], refused: Refusal[], settled: string[], now: Date): Uncopyable[] {
  const at = now.toISOString();
  const known = new Map(before.map((each) => [each.key, each]));
  for (const key of settled) known.delete(key);
  for (const each of refused) {
    if (known.has(each.key) || known.size < MOST) {
      known.set(each.key, { ...each, since: known.get(each.key)?.since ?? at, triedAt: at });
    }
  }
  return [...known.values()];
}

/** Whether it is worth another attempt. */
export function isDueAgain({ triedAt }: Uncopyable, now: Date): boolean {
  return waitedMinutes(triedAt, now) >= TRY_AGAIN_MINUTES;
}

/** Whether the object at the primary may still be the one that was refused. */
export function isStillThat(refused: Uncopyable, entry: Pick<ObjectEntry, 'etag'>): boolean {
  return refused.etag === null || refused.etag === entry.etag;
}
