import * as z from 'zod';
import { count, instant } from '../schema.ts';

/** Which way protection flows: `direction.json`. */
export const directionSchema = z.strictObject({
  schema: z.literal('direction/1'),
  direction: z.enum(['primary→dr', 'dr→primary', 'none']),
  epoch: count,
  changedAt: instant,
  /** The failover that changed it last. */
  failover: z.string().optional(),
});

export type Direction = z.infer<typeof directionSchema>;
