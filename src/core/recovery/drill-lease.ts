import * as z from 'zod';
import { runSchema } from './run.ts';

/** `leases/drill.json`: which drill or alarm test is at work, as it was planned. */
export const drillLeaseSchema = z.strictObject({
  schema: z.literal('lease/1'),
  run: runSchema,
  /** Its own record was written: where it is not there any more, it is over. */
  recorded: z.boolean(),
});
