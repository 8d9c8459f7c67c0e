import * as z from 'zod';
import { findingSchema } from '../findings.ts';

const instant = z.iso.datetime();
const count = z.int().nonnegative();
const sampled = z.strictObject({ count, samples: z.array(z.string()) });

const recoveryStates = [
  'planned',
  'fencing',
  'capturing-final',
  'restoring',
  'inspecting',
  'verifying',
  'healing+verifying',
  'cutting-over',
  'smoke-testing',
  'cleaning-up',
  'passed',
  'done',
  'blocked',
  'aborted',
  'failed',
] as const;

/** One login or one request as Builder makes it. */
const smokeCheck = z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() });

/** What a query of a restored database showed: `reports/<run>-<n>.json`, written by the function inside the VPC. */
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
      detail: z.string(),
    }),
  ),
  smoke: z.array(smokeCheck),
});

/** Rows of the restored database against the objects of the replica. */
const comparisonSchema = z.strictObject({
  at: instant,
  packages: count,
  objects: count,
  /** Rows whose object has a record of these very bytes, equal to the row's checksum. */
  byRecord: count,
  /** Objects read again from the replica, a rolling sample of them or those without a record. */
  reread: count,
  missing: sampled,
  corrupt: sampled,
  checksum: sampled,
  unknownSigner: sampled,
  unverifiable: sampled,
  deletedInWindow: sampled,
  /** Objects that no row names: noted only. */
  orphans: sampled,
});

const attempt = z.strictObject({
  point: z.string(),
  instance: z.string(),
  /** Restored instead of the point's own copy. */
  snapshot: z.string().optional(),
  restore: z
    .strictObject({
      askedAt: instant,
      className: z.string(),
      refused: z.array(z.strictObject({ className: z.string(), why: z.string() })),
    })
    .optional(),
  available: z
    .strictObject({
      at: instant,
      engineVersion: z.string(),
      host: z.string(),
      port: count,
      masterUser: z.string(),
      className: z.string(),
    })
    .optional(),
  password: z.strictObject({ secret: z.string(), setAt: instant, settledAt: instant.optional() }).optional(),
  inspection: z
    .strictObject({ askedAt: instant, tries: count, report: z.string(), doneAt: instant.optional() })
    .optional(),
  rows: z.record(z.string(), count).optional(),
  healed: count.optional(),
  comparison: comparisonSchema.optional(),
  findings: z.array(findingSchema),
  outcome: z.enum(['passed', 'rejected', 'accepted']).optional(),
  why: z.string().optional(),
});

const half = { confirmedAt: instant.optional(), problem: z.string().optional(), checkedAt: instant.optional() };

/** The fence around the primary: what was there before, and how far each half is. */
const fenceSchema = z.strictObject({
  wanted: z.boolean(),
  database: z.strictObject({
    ...half,
    /** The instance's security groups before the swap. */
    originalGroups: z.array(z.string()).optional(),
    rebootAskedAt: instant.optional(),
  }),
  bucket: z.strictObject({
    ...half,
    /** Given to the other direction, as its replica: no longer fenced. */
    handedOver: z.boolean().optional(),
    /** The bucket's policy before ours was merged in; null when there was none. */
    originalPolicy: z.string().nullable().optional(),
  }),
});

const outcome = z.strictObject({
  name: z.string(),
  ok: z.boolean(),
  detail: z.string(),
  manual: z.string().optional(),
});

/** One drill or failover: `drills/<id>.json`, `failovers/<id>.json`. */
export const recoverySchema = z.strictObject({
  schema: z.enum(['drill/1', 'failover/1']),
  id: z.string(),
  requestedAt: instant,
  /** A drill that is not over by then is cleaned up and failed. */
  deadlineAt: instant.optional(),
  state: z.enum(recoveryStates),
  wanted: z.strictObject({
    point: z.string(),
    alarmTest: z.boolean(),
    planned: z.boolean(),
    acceptUnfenced: z.boolean(),
    acceptFindings: z.boolean(),
    /** Read every object again, not a sample: as many passes as it takes. */
    readAll: z.boolean().optional(),
    /** The failover whose left-behind database this run looks into: its snapshot is no recovery point. */
    diverged: z.string().optional(),
  }),
  /** Points to be tried, the best one first; those that were tried are in `attempts`. */
  candidates: z.array(z.string()),
  attempts: z.array(attempt),
  finalPoint: z.string().optional(),
  fence: fenceSchema.optional(),
  cutOver: z.strictObject({ at: instant, epoch: count, steps: z.array(outcome) }).optional(),
  smoke: z.strictObject({ askedAt: instant, tries: count, report: z.string(), doneAt: instant.optional() }).optional(),
  blocked: z.strictObject({ at: instant, reason: z.string(), resumeWith: z.string() }).optional(),
  /** Findings about the run as a whole: prerequisites, the fence, the smoke test after the cut-over. */
  findings: z.array(findingSchema),
  errors: z.array(z.strictObject({ at: instant, message: z.string() })),
  history: z.array(z.strictObject({ at: instant, state: z.enum(recoveryStates), why: z.string() })),
  /** The last state that people were told of. */
  told: z.string().optional(),
});

/** What was written at the old primary after the point that the failover took. */
const divergence = z.strictObject({ key: z.string(), rows: sampled, harts: sampled });

/** The old primary after a failover: `failbacks/<failover>.json`. */
export const failbackSchema = z.strictObject({
  schema: z.literal('failback/1'),
  failover: z.string(),
  startedAt: instant,
  state: z.enum(['fencing', 'capturing-diverged', 'inspecting-diverged', 'renaming', 'ready']),
  /** The final snapshot of the old instance. */
  snapshot: z.string(),
  /** The run that looks into it. */
  run: z.string(),
  renamedTo: z.string(),
  diverged: divergence.optional(),
  problem: z.string().optional(),
  history: z.array(z.strictObject({ at: instant, state: z.string(), why: z.string() })),
});

export type Failback = z.infer<typeof failbackSchema>;
export type RecoveryState = (typeof recoveryStates)[number];
export type Recovery = z.infer<typeof recoverySchema>;
export type Attempt = z.infer<typeof attempt>;
export type Fence = z.infer<typeof fenceSchema>;
export type InspectionReport = z.infer<typeof reportSchema>;
export type Comparison = z.infer<typeof comparisonSchema>;
export type StepOutcome = z.infer<typeof outcome>;
