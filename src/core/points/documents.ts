import * as z from 'zod';
import { count, instant } from '../schema.ts';

const pointStates = [
  'capturing',
  'captured',
  'listing+copying',
  'protected',
  'proven',
  'expired',
  'suspect',
  'failed',
] as const;

const snapshot = {
  snapshotArn: z.string(),
  /** The instant of the data, which a copy keeps and the copy's own creation time does not. */
  dataAt: instant,
  engineVersion: z.string(),
  encrypted: z.boolean(),
  sizeGib: count,
};
const waiting = z.strictObject({ code: z.string(), message: z.string(), since: instant });

const databasePart = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('capturing'), acceptedAt: instant.optional(), waiting: waiting.optional() }),
  z.strictObject({ state: z.literal('captured'), ...snapshot, capturedAt: instant, waiting: waiting.optional() }),
  z.strictObject({
    state: z.literal('copying'),
    ...snapshot,
    capturedAt: instant,
    startedAt: instant,
    percent: count,
    progressAt: instant,
  }),
  z.strictObject({
    state: z.literal('copied'),
    ...snapshot,
    capturedAt: instant,
    copyArn: z.string(),
    copiedAt: instant,
  }),
]);

const inventory = { key: z.string(), listedAt: instant, count, bytes: count };

const artifactsPart = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('pending') }),
  z.strictObject({ state: z.literal('listed'), ...inventory }),
  z.strictObject({
    state: z.literal('replicating'),
    ...inventory,
    missing: count,
    /** The fewest so far: only fewer is progress. */
    least: count.optional(),
    progressAt: instant,
    /** How often the missing ones were asked for, and when last. */
    asked: z.strictObject({ times: count, at: instant }).optional(),
  }),
  // `deletedInWindow`: keys deleted at the primary between the data's instant and their copy.
  z.strictObject({
    state: z.literal('complete'),
    ...inventory,
    completeAt: instant,
    deletedInWindow: z.array(z.string()),
    // Keys that nobody can copy as they are: the primary cannot serve them either.
    uncopyable: z.array(z.string()).optional(),
  }),
]);

const keysPart = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('missing') }),
  z.strictObject({ state: z.literal('escrowed'), at: instant, revisions: z.array(z.string()) }),
]);

/** One recovery point, as the catalogue keeps it: `points/<id>.json`. */
export const pointSchema = z.strictObject({
  schema: z.literal('point/1'),
  id: z.string(),
  kind: z.enum(['scheduled', 'manual', 'final']),
  requestedAt: instant,
  /** By hand: which request it was, so that the same one makes no second point and another one does. */
  request: z.string().optional(),
  /** Until when the capture is retried. */
  deadlineAt: instant,
  state: z.enum(pointStates),
  database: databasePart,
  artifacts: artifactsPart,
  keys: keysPart,
  /** Settings of the source instance that a restore must repeat. */
  source: z.strictObject({ engineLifecycleSupport: z.string() }).optional(),
  failure: z.strictObject({ at: instant, code: z.string(), message: z.string() }).optional(),
  /** Set when an operator accepted what made the point suspect. */
  acceptedAt: instant.optional(),
  /** Runs that use the point, by their keys in the vault: it does not expire under them. */
  pins: z.array(z.strictObject({ run: z.string(), at: instant })).optional(),
  /** An operator keeps the point, whatever the retention says; lapses by itself. */
  hold: z.strictObject({ reason: z.string(), at: instant, until: instant }).optional(),
  /** Since when the snapshot at the primary is gone: the copy alone is kept. */
  sourceRemovedAt: instant.optional(),
  history: z.array(z.strictObject({ at: instant, state: z.enum(pointStates), why: z.string() })),
});

export type Point = z.infer<typeof pointSchema>;
export type PointState = Point['state'];
export type PointKind = Point['kind'];
