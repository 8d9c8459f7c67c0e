import * as z from 'zod';
import { findingSchema } from '../findings.ts';
import { instant } from '../schema.ts';
import { statusWords, toldOf, toldSchema } from './told.ts';

const state = {
  status: z.enum(statusWords),
  recoverable: z.boolean(),
  protecting: z.boolean(),
  findings: z.array(findingSchema),
};

const record = z.strictObject({
  schema: z.literal('status/1'),
  at: instant,
  ...state,
  rpoMinutes: z.number().nullable(),
  rpoTargetMinutes: z.number(),
  /** The point that a failover started now would take. */
  point: z.string().nullable(),
  primaryUnreachableSince: instant.optional(),
  /** Since when nobody could look whether the primary is fenced. */
  fenceUnseenSince: instant.optional(),
  /** When people were last told, and of which state. */
  published: z.strictObject({ at: instant, told: toldSchema }).optional(),
});

const withFingerprint = z.looseObject({
  ...state,
  published: z.strictObject({ at: instant, fingerprint: z.string() }),
});

/** The version before kept a text of what was told, and told of every change at once: it was this very state. */
function withTold(document: unknown): unknown {
  const { success, data } = withFingerprint.safeParse(document);
  return success ? { ...data, published: { at: data.published.at, told: toldOf(data) } } : document;
}

/** The last assessment and what was last told to people: `status.json`. */
export const statusSchema = z.preprocess(withTold, record);

export type StatusRecord = z.infer<typeof record>;
