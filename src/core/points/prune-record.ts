import * as z from 'zod';
import { count, instant } from '../schema.ts';
import { type RetentionPolicy, retentionSection } from '../settings/retention.ts';
import type { RetentionPlan, RetentionRow } from './retention.ts';

const waitSchema = z.strictObject({
  point: z.string(),
  /** Which of its parts: a snapshot or a document. */
  part: z.enum(['primary snapshot', 'copy', 'archive']),
  code: z.string(),
  /** Completes "waits until". */
  until: z.string(),
  since: instant,
});

const confirmationSchema = z.strictObject({
  /** Names this very plan: what is confirmed is what is removed. */
  id: z.string(),
  points: count,
  ofPoints: count,
  primarySnapshots: count,
  ofPrimarySnapshots: count,
});

/** What the last prune came to: `prune.json`. */
export const pruneSchema = z.strictObject({
  schema: z.literal('prune/1'),
  at: instant,
  /** The policy that is in force: the last one that was small enough, or confirmed. */
  applied: z.strictObject({ at: instant, policy: retentionSection }).optional(),
  /** An edit that waits for its confirmation. */
  unconfirmed: confirmationSchema.extend({ since: instant }).optional(),
  stopped: z.array(z.strictObject({ code: z.string(), text: z.string() })),
  waits: z.array(waitSchema),
});

export type PruneRecord = z.infer<typeof pruneSchema>;
export type PruneWait = z.infer<typeof waitSchema>;
export type Confirmation = z.infer<typeof confirmationSchema>;

/** Waits that are told; the rest is found again. */
const WAITS_KEPT = 100;

const removing = (rows: RetentionRow[]) => rows.filter((each) => each.verdict === 'remove' && each.state !== 'expired');
const trimming = (rows: RetentionRow[]) =>
  rows.filter((each) => each.verdict === 'keep' && each.primarySnapshot.verdict === 'remove');

/** FNV-1a of 64 bits, in hex: a name for a plan, and no secret. */
function nameOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}

/** What a plan removes, under the name that `prune --confirm` takes. */
export function confirmationOf({ rows }: RetentionPlan, policy: RetentionPolicy): Confirmation {
  const [points, snapshots] = [removing(rows), trimming(rows)];
  const ids = (of: RetentionRow[]) => of.map((each) => each.point).toSorted();
  return {
    id: nameOf(JSON.stringify([policy, ids(points), ids(snapshots)])),
    points: points.length,
    ofPoints: rows.filter((each) => each.state === 'protected' || each.state === 'proven').length,
    primarySnapshots: snapshots.length,
    ofPrimarySnapshots: rows.filter((each) => each.primarySnapshot.verdict !== 'gone').length,
  };
}

const isSame = (a: RetentionPolicy, b: RetentionPolicy | undefined) => JSON.stringify(a) === JSON.stringify(b);

/** Whether this plan is the first under an edited policy, and removes more than the set share at once. */
export function needsConfirmation(
  { points, ofPoints, primarySnapshots, ofPrimarySnapshots }: Confirmation,
  policy: RetentionPolicy,
  applied: RetentionPolicy | undefined,
): boolean {
  const share = policy.confirmAbovePercent / 100;
  return !isSame(policy, applied) && (points > ofPoints * share || primarySnapshots > ofPrimarySnapshots * share);
}

/** What both plans remove, the new one with its reasons: how an edit that waits is gone on with. */
export function agreeing(plan: RetentionPlan, before: RetentionPlan): RetentionPlan {
  const rows = plan.rows.map((row): RetentionRow => {
    const was = before.rows.find((each) => each.point === row.point);
    const waits = 'would go; the edit of the policy waits for its confirmation';
    const keeps = row.verdict === 'remove' && was?.verdict !== 'remove';
    const snapshot = row.primarySnapshot.verdict === 'remove' && was?.primarySnapshot.verdict !== 'remove';
    return {
      ...row,
      ...(keeps ? { verdict: 'keep' as const, reasons: [waits] } : {}),
      ...(snapshot ? { primarySnapshot: { verdict: 'keep' as const, reason: waits } } : {}),
    };
  });
  return { ...plan, rows };
}

/** The waits of this pass, each since when it was first seen, and those before of what this pass did not get to. */
export function waitsSince(
  found: Omit<PruneWait, 'since'>[],
  before: PruneWait[],
  now: Date,
  isUntried: (point: string) => boolean,
): PruneWait[] {
  const seen = found.map((wait) => {
    const was = before.find((each) => each.point === wait.point && each.part === wait.part && each.code === wait.code);
    return { ...wait, since: was?.since ?? now.toISOString() };
  });
  return [...seen, ...before.filter((each) => isUntried(each.point))].slice(0, WAITS_KEPT);
}
