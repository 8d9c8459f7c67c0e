import * as z from 'zod';
import { count, instant, sampled } from '../schema.ts';

/** What the primary had under the key when it was last looked at. They are told apart by ETag and size. */
const sourceSchema = z.strictObject({
  versionId: z.string().nullable(),
  etag: z.string(),
  size: count,
  verdict: z.string(),
  fileBlake2b: z.string().nullable(),
});

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
  /** Absent in records of before, and of what was never seen at the primary: then nobody knows. */
  source: sourceSchema.optional(),
  /** ETags that the primary had before while these bytes stayed here, newest first. */
  formerEtags: z.array(z.string()).optional(),
  /** How often these bytes were found wrong. */
  tries: count.optional(),
});

/** Bytes that were replaced in the replica: `displaced/<blake2b>` holds them, `displaced/<blake2b>.json` says this. */
export const displacedSchema = z.strictObject({
  schema: z.literal('displaced/1'),
  blake2b: z.string(),
  size: count,
  verdict: z.string(),
  signer: z.string().nullable(),
  /**
   * Each key under which they were, when they were last displaced there, the ETag that they had where they were copied
   * from, and when the primary got what displaced them: what it got there since is something else.
   */
  of: z.array(z.strictObject({ key: z.string(), at: instant, etag: z.string(), until: instant.optional() })),
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
  /** The primary has other bytes, which do not verify; the replica keeps those that do. */
  refused: sampled.optional(),
  /** Entries of the log that the last merge could not read: they stay until somebody restores or removes them. */
  unreadableLogs: sampled.optional(),
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
  /** How far the clock of who compared was off: then no delete was marked. */
  clockOff: z.string().optional(),
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
export type SourceFacts = z.infer<typeof sourceSchema>;
export type DisplacedFacts = z.infer<typeof displacedSchema>;
export type VerifiedIndex = z.infer<typeof verifiedSchema>;
