import * as z from 'zod';
import { count, instant, sampled } from '../schema.ts';

/**
 * An artifact that the primary no longer has: one line of the file that `deletions.json` names. All that is known is
 * that it was deleted between `lastSeenAt` and `goneAt`.
 */
export const deletionMarkSchema = z.strictObject({
  key: z.string(),
  /** It was there then, or came later; absent when nobody knows. */
  lastSeenAt: instant.optional(),
  /** It was gone then: an event whose object was asked for, or a listing that was whole. */
  goneAt: instant,
  /** It is at the primary again. What was there before is still remembered, for points of the time between. */
  backAt: instant.optional(),
  /** Since when a delete marker hides it in the replica. */
  hiddenAt: instant.optional(),
});

/** What one look at the primary showed between two listings: a line of `deletions/log/…`. */
export const deletionNoteSchema = z.strictObject({
  key: z.string(),
  at: instant,
  there: z.boolean(),
});

/** Many deletions within a day, or many removals at once: nothing is removed until a person accepted them by this id. */
const massDeletionSchema = z.strictObject({
  id: z.string(),
  why: z.enum(['deleted', 'removed']),
  /** Of the marks: those whose `goneAt` lies between. */
  from: instant,
  to: instant,
  count,
  /** How many objects the replica held. */
  of: count,
  samples: z.array(z.string()),
  acceptedAt: instant.optional(),
});

/** `deletions.json`: which deletes are withheld in the replica, and what holds up their removal. */
export const deletionsSchema = z.strictObject({
  schema: z.literal('deletions/1'),
  at: instant,
  /** When the last listing of the primary that was whole began. */
  listedAt: instant,
  /** The same of the whole listing before it. */
  listedBeforeAt: instant.optional(),
  key: z.string(),
  /** Marks of artifacts that are gone and still served by the replica, and since when the oldest is. */
  withheld: count,
  oldestGoneAt: instant.optional(),
  /** Those that a delete marker hides, until their versions are released. */
  hidden: count,
  /** Objects of the replica. */
  replica: count,
  mass: z.array(massDeletionSchema),
  /** Entries of the log that the last comparison could not read: they stay until somebody restores or removes them. */
  unreadableLogs: sampled.optional(),
  /** Why the last removal removed nothing. */
  blocked: z.strictObject({ since: instant, why: z.string(), unreadable: z.string().optional() }).optional(),
});

export type DeletionMark = z.infer<typeof deletionMarkSchema>;
export type DeletionNote = z.infer<typeof deletionNoteSchema>;
export type MassDeletion = z.infer<typeof massDeletionSchema>;
export type Deletions = z.infer<typeof deletionsSchema>;
