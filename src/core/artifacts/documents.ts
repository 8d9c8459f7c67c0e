import * as z from 'zod';
import { count, instant, sampled } from '../schema.ts';

/** What was found of the bytes of one artifact in the replica. They are told apart by ETag and size: an overwrite voids it. */
export const verificationSchema = z.strictObject({
  schema: z.literal('verified/1'),
  key: z.string(),
  versionId: z.string().nullable(),
  etag: z.string(),
  size: count,
  at: instant,
  verdict: z.string(),
  signer: z.string().nullable(),
  payloadBlake2b: z.string().nullable(),
  fileBlake2b: z.string().nullable(),
  detail: z.string().nullable(),
});

/** The verified artifacts of the replica, all of them: `verified.json` names the file that holds them. */
export const verifiedSchema = z.strictObject({
  schema: z.literal('verified-index/1'),
  at: instant,
  key: z.string(),
  ok: count,
  /** Bytes of the verified ones. */
  okBytes: count.optional(),
  damaged: sampled,
  unknownSigner: sampled,
  /** Objects without a record of the bytes that are there now, and when the oldest of them came. */
  unverified: sampled,
  oldestUnverifiedAt: instant.optional(),
});

/** The last comparison of the two buckets: `reconcile.json`. */
export const reconcileSchema = z.strictObject({
  schema: z.literal('reconcile/1'),
  /** When the first comparison ever ran; older objects were there before the relay. */
  firstAt: instant,
  at: instant,
  primary: count,
  replica: count,
  missing: sampled,
  differing: sampled,
  queued: count,
  oldestMissingAt: instant.optional(),
  /** Objects uploaded since the first comparison whose event should have come by now. */
  eventless: sampled,
});

/** An unfinished copy of a large artifact, which the next attempt goes on with: `copies/<key>.json`. */
export const unfinishedCopySchema = z.strictObject({
  schema: z.literal('copy/1'),
  key: z.string(),
  /** Which bytes: ETag, size, and the version where one is named. Parts of other bytes never come together. */
  source: z.string(),
  upload: z.string(),
  at: instant,
});

/** Artifacts that cannot be copied as they are, each with why: `uncopyable.json`. */
export const uncopyableSchema = z.strictObject({
  schema: z.literal('uncopyable/1'),
  entries: z.array(
    z.strictObject({
      key: z.string(),
      /** Of the object at the primary; null where it shows neither ETag nor size. */
      etag: z.string().nullable(),
      reason: z.string(),
      since: instant,
      triedAt: instant,
    }),
  ),
});

export type Uncopyable = z.infer<typeof uncopyableSchema>['entries'][number];
export type ReconcileRecord = z.infer<typeof reconcileSchema>;
export type VerificationRecord = z.infer<typeof verificationSchema>;
export type VerifiedIndex = z.infer<typeof verifiedSchema>;
