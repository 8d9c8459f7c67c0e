import * as z from 'zod';
import { findingSchema } from '../findings.ts';

const instant = z.iso.datetime();

/** The last assessment and what was last told to people: `status.json`. */
export const statusSchema = z.strictObject({
  schema: z.literal('status/1'),
  at: instant,
  status: z.enum(['READY', 'DEGRADED', 'NOT_READY']),
  recoverable: z.boolean(),
  protecting: z.boolean(),
  rpoMinutes: z.number().nullable(),
  rpoTargetMinutes: z.number(),
  /** The point that a failover started now would take. */
  point: z.string().nullable(),
  findings: z.array(findingSchema),
  primaryUnreachableSince: instant.optional(),
  published: z.strictObject({ at: instant, fingerprint: z.string() }).optional(),
});

export type StatusRecord = z.infer<typeof statusSchema>;
