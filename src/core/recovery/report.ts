import * as z from 'zod';
import { count, instant } from '../schema.ts';

/** One login or one request as Builder makes it. */
const smokeCheck = z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() });

/** What a query of a restored database showed: `reports/<kind>-<run>-….json`, written by the function inside the VPC. */
export const reportSchema = z.strictObject({
  schema: z.literal('inspection/1'),
  run: z.string(),
  instance: z.string(),
  at: instant,
  /** The engine's own error when the inspection could not be done. */
  error: z.string().optional(),
  serverVersion: z.string().optional(),
  ledger: z.strictObject({ count, newest: z.string() }).optional(),
  extensions: z.array(z.string()),
  tables: z.array(z.strictObject({ name: z.string(), owner: z.string(), rows: count.nullable() })),
  nextId: z.strictObject({ owner: z.string() }).optional(),
  packages: z.strictObject({ key: z.string(), count }).optional(),
  /** Roles that may log in, and whether by IAM. */
  roles: z.array(z.strictObject({ name: z.string(), iam: z.boolean() })).optional(),
  /** Named revisions of the public signing keys in the restored database. */
  signers: z.array(z.string()),
  conflictingSigners: z.array(z.string()),
  builderKeys: z.array(
    z.strictObject({
      revision: z.string(),
      /** Rows that this revision seals, by table. */
      rows: z.record(z.string(), count),
      escrowed: z.boolean(),
      /** How many of those that were tried it opened. */
      tried: count,
      opened: count,
      /** The key of the escrow refused: whether this one opens anything nobody knows. */
      sealed: z.literal(true).optional(),
      detail: z.string(),
    }),
  ),
  smoke: z.array(smokeCheck),
});

export type InspectionReport = z.infer<typeof reportSchema>;
