import * as z from 'zod';
import { minutesBetween } from '../ids.ts';
import { count, instant } from '../schema.ts';
import type { Fence } from './documents.ts';
import { isProduction, type ProductionRun, type Run } from './run.ts';

/** The fence around the primary, which is the site's and no run's: `fence.json`, written before anything is closed. */
export const siteFenceSchema = z.strictObject({
  schema: z.literal('fence/1'),
  /** How often it was begun: what was seen of an earlier one says nothing about this one. */
  generation: count,
  /** The failover that it was raised for last. */
  run: z.string(),
  raisedAt: instant,
  /** The instance's security groups before it; absent as long as nobody has seen them. */
  groups: z.array(z.string()).optional(),
  /** When the bucket could be written before its policy: without that a denial proves nothing. */
  writtenAt: instant.optional(),
  /** When both halves were read back open. */
  liftedAt: instant.optional(),
});

export type SiteFence = z.infer<typeof siteFenceSchema>;
export type SeenGroups = { fenced: boolean; others: string[] };

/** So long after the fence was read back open it is looked at in every pass: whoever was late by then has closed what he closes. */
const LATE_MINUTES = 24 * 60;

/**
 * The fence as it is about to be raised for this run. `seen`: the groups of the instance; those of one that is not fenced are
 * what was there before. Where it stands already for this run and nothing is about to be closed, it stays the same one.
 */
export function raisedFor(
  now: SiteFence | undefined,
  run: string,
  at: Date,
  seen: SeenGroups | undefined,
  closing: boolean,
): SiteFence {
  const isKnown = now?.groups !== undefined || !seen?.others.length;
  if (now && !closing && isKnown && now.run === run && !now.liftedAt) return now;
  const known = now?.groups?.length ? now.groups : undefined;
  const groups = seen && (!seen.fenced || !known) && seen.others.length > 0 ? seen.others : known;
  return {
    schema: 'fence/1',
    generation: (now?.generation ?? 0) + 1,
    run,
    raisedAt: at.toISOString(),
    ...(groups ? { groups } : {}),
    ...(now?.writtenAt && !now.liftedAt ? { writtenAt: now.writtenAt } : {}),
  };
}

/** Read back open on both halves, as long as it is the one that was looked at. */
export const lifted = (now: SiteFence, seen: SiteFence, at: Date): SiteFence =>
  now.generation !== seen.generation || now.liftedAt ? now : { ...now, liftedAt: at.toISOString() };

/** Given to the other direction with its bucket: there is nothing to give back any more. */
export function givenAway(now: SiteFence, at: Date): SiteFence {
  const { groups: _old, ...rest } = now;
  return { ...rest, liftedAt: now.liftedAt ?? at.toISOString() };
}

/** Whether no pass has to look at it any more. */
export const isSettled = ({ liftedAt }: SiteFence, now: Date): boolean =>
  liftedAt !== undefined && minutesBetween(liftedAt, now) > LATE_MINUTES;

/** Whether a run remembers in itself what was there before its fence, as they all did before `fence.json`, and it is not lifted. */
export const remembers = ({ fence }: ProductionRun): boolean =>
  fence.database.originalGroups !== undefined || fence.bucket.originalPolicy !== undefined;

/** With the groups of before in the run itself, as long as `fence.json` cannot be read. */
export function remembering<R extends ProductionRun>(run: R, seen: SeenGroups | undefined): R {
  const { database } = run.fence;
  if (!seen || seen.others.length === 0 || database.originalGroups) return run;
  return { ...run, fence: { ...run.fence, database: { ...database, originalGroups: seen.others } } };
}

/** The fence that runs of the version before remember, if one that was called off still has something to give back. */
export function rememberedFence(runs: Run[], at: Date): SiteFence | undefined {
  const run = runs.filter(isProduction).findLast((each) => !each.fence.wanted && remembers(each));
  return run && raisedFor(undefined, run.id, at, rememberedGroups([run]), true);
}

/** What the newest of these remembers of the groups before its fence. */
export function rememberedGroups(runs: Run[]): SeenGroups | undefined {
  const others = runs.filter(isProduction).findLast((each) => each.fence.database.originalGroups?.length)?.fence
    .database.originalGroups;
  return others && { fenced: false, others };
}

/** What is left of a half that is being opened: nothing, or what it waits for. */
export type Opening = Pick<Fence['bucket'], 'problem' | 'waitsFor'> & { open: boolean };

/** Of a run that was called off: what its fence still waits for, or nothing more. */
export function openingNoted<R extends ProductionRun>(run: R, database: Opening, bucket: Opening): R {
  if (run.fence.wanted || run.fence.bucket.handedOver) return run;
  const { originalGroups: _groups, ...before } = run.fence.database;
  const { originalPolicy: _policy, ...own } = run.fence.bucket;
  const left = <H extends object>(half: H, { open, ...said }: Opening) =>
    open ? {} : { ...half, problem: undefined, waitsFor: undefined, ...said };
  return { ...run, fence: { wanted: false, database: left(before, database), bucket: left(own, bucket) } };
}
