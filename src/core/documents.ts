import * as z from 'zod';

const instant = z.iso.datetime();
const count = z.int().nonnegative();

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
  z.strictObject({ state: z.literal('replicating'), ...inventory, missing: count, progressAt: instant }),
  // `deletedInWindow`: keys deleted at the primary between the data's instant and their copy.
  z.strictObject({
    state: z.literal('complete'),
    ...inventory,
    completeAt: instant,
    deletedInWindow: z.array(z.string()),
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
  history: z.array(z.strictObject({ at: instant, state: z.enum(pointStates), why: z.string() })),
});

/** Which way protection flows: `direction.json`. */
export const directionSchema = z.strictObject({
  schema: z.literal('direction/1'),
  direction: z.enum(['primary→dr', 'dr→primary', 'none']),
  epoch: count,
  changedAt: instant,
  /** The failover that changed it last. */
  failover: z.string().optional(),
});

const sampled = z.strictObject({ count, samples: z.array(z.string()) });

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

export const findingSchema = z.strictObject({
  code: z.string(),
  severity: z.enum(['critical', 'warning', 'info']),
  subject: z.string(),
  text: z.string(),
  hint: z.string(),
  count: count.optional(),
  samples: z.array(z.string()).optional(),
});

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

export type Point = z.infer<typeof pointSchema>;
export type PointState = Point['state'];
export type PointKind = Point['kind'];
export type Direction = z.infer<typeof directionSchema>;
export type ReconcileRecord = z.infer<typeof reconcileSchema>;
export type VerificationRecord = z.infer<typeof verificationSchema>;
export type VerifiedIndex = z.infer<typeof verifiedSchema>;
export type StatusRecord = z.infer<typeof statusSchema>;
