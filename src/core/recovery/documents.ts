import * as z from 'zod';
import { findingSchema } from '../findings.ts';
import { count, instant, sampled } from '../schema.ts';

/** Rows of the restored database against the objects of the replica. */
const comparisonSchema = z.strictObject({
  at: instant,
  packages: count,
  objects: count,
  /** Rows whose object has a record of these very bytes, equal to the row's checksum. */
  byRecord: count,
  /** Objects read again from the replica, a rolling sample of them or those without a record. */
  reread: count,
  /** Which share was sampled: the next drill takes the next one, however many runs the vault still keeps. */
  serial: count.optional(),
  missing: sampled,
  corrupt: sampled,
  checksum: sampled,
  unknownSigner: sampled,
  unverifiable: sampled,
  deletedInWindow: sampled,
  uncopyable: sampled.optional(),
  /** Rows whose bytes are kept aside, newer ones being in their place: a failover to this point brings them back. */
  displaced: sampled.optional(),
  /** Objects that no row names: noted only. */
  orphans: sampled,
});

/** One step of a cut-over, and what a person does where it failed. */
export const stepOutcomeSchema = z.strictObject({
  name: z.string(),
  ok: z.boolean(),
  detail: z.string(),
  manual: z.string().optional(),
});

/** One restore of one point: how far it came, and what was found. */
export const attemptSchema = z.strictObject({
  point: z.string(),
  instance: z.string(),
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
  /** RDS's states of the instance while it was waited for, and when each was first seen. */
  states: z.record(z.string(), instant).optional(),
  /** Artifacts that are still to be read, as of the last pass that read some. */
  reading: z.strictObject({ at: instant, left: count }).optional(),
  /** Parts of large artifacts that are still to be copied, as of the last pass that copied some. */
  copying: z.strictObject({ at: instant, left: count }).optional(),
  /** Turned on once the inspection has passed, which restarts the database. `askedAt`: a restart may come. */
  backups: z.strictObject({ askedAt: instant.optional(), outcome: stepOutcomeSchema.optional() }).optional(),
  /** What its operator was told before starting it again: that is not asked for twice. */
  warnedOf: z.array(z.enum(['backups', 'connection'])).optional(),
  /** Builder's login after that: the proof by which it is cut over. */
  connection: z
    .strictObject({ since: instant, askedAt: instant, tries: count, report: z.string(), doneAt: instant.optional() })
    .optional(),
  comparison: comparisonSchema.optional(),
  findings: z.array(findingSchema),
  outcome: z.enum(['passed', 'rejected', 'accepted']).optional(),
  /** Verified, and waiting since then for a fence that is on its way. */
  awaitsFenceSince: instant.optional(),
  why: z.string().optional(),
});

const half = {
  confirmedAt: instant.optional(),
  /** Why it is not confirmed where waiting does not help; somebody has to do something. */
  problem: z.string().optional(),
  /** Why it is not confirmed yet, where the next passes go on by themselves. */
  waitsFor: z.string().optional(),
  checkedAt: instant.optional(),
};

/** The fence around the primary as a run wants it: how far each half is. What was there before it is in `fence.json`. */
export const fenceSchema = z.strictObject({
  wanted: z.boolean(),
  database: z.strictObject({
    ...half,
    /** The instance's security groups before the swap: of records of before `fence.json`. */
    originalGroups: z.array(z.string()).optional(),
    rebootAskedAt: instant.optional(),
    /** What was seen of that reboot: RDS shows it some seconds after it took it. Absent in what the version before wrote. */
    reboot: z
      .strictObject({
        seenAt: instant.optional(),
        /** Looks that showed the instance up, as long as none has shown it rebooting. */
        up: z.strictObject({ times: count, since: instant, last: instant }).optional(),
      })
      .optional(),
  }),
  bucket: z.strictObject({
    ...half,
    /** Given to the other direction, as its replica: no longer fenced. */
    handedOver: z.boolean().optional(),
    /** The bucket's policy before ours was merged in, null when there was none: of records of before `fence.json`. */
    originalPolicy: z.string().nullable().optional(),
    /** What became of the writes that try the policy. Absent in records of version 0.1. */
    probe: z
      .strictObject({
        /** The role could write: before the policy, or while it was not enforced everywhere. */
        writtenAt: instant.optional(),
        /** Why it could not, before the policy. */
        refused: z.string().optional(),
        /** When the bucket was last known to take writes: older denials do not count. */
        openAt: instant.optional(),
        /** Denials by a policy of the bucket, in unbroken succession. */
        denied: z.strictObject({ times: count, since: instant, last: instant }).optional(),
      })
      .optional(),
  }),
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
  /** How many of it were begun, where it is not the first: the ones before failed, or their copies did. */
  tries: count.optional(),
  /** The run that looks into it. */
  run: z.string(),
  renamedTo: z.string(),
  diverged: divergence.optional(),
  problem: z.string().optional(),
  history: z.array(z.strictObject({ at: instant, state: z.string(), why: z.string() })),
});

export type Failback = z.infer<typeof failbackSchema>;
export type Attempt = z.infer<typeof attemptSchema>;
export type Fence = z.infer<typeof fenceSchema>;
export type RowComparisonResult = z.infer<typeof comparisonSchema>;
export type StepOutcome = z.infer<typeof stepOutcomeSchema>;
