import {
  agreeing,
  type Confirmation,
  confirmationOf,
  needsConfirmation,
  type PruneRecord,
  pruneSchema,
  waitsSince,
} from '../../core/points/prune-record.ts';
import { type RetentionPlan, type RetentionRow, retentionPlan } from '../../core/points/retention.ts';
import type { Policy } from '../../core/policy.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { RetentionPolicy } from '../../core/settings/retention.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import type { RemovalPorts } from '../artifacts/removal-steps.ts';
import { type RemovalReport, removeWithheld } from '../artifacts/remove-withheld.ts';
import { isDarkness } from '../darkness.ts';
import { requireDirection } from '../vault/direction.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';
import { type PruneDone, PrunePass, type PrunePorts } from './prune-pass.ts';
import { readRetentionFacts } from './retention-facts.ts';

export type PrunePlan = RetentionPlan & {
  /** What `prune --confirm` takes, when an edit of the policy waits for it. */
  unconfirmed: Confirmation | undefined;
};
/** `replica`: what left the replica after the points; absent while nothing is removed. */
export type PruneReport = PruneDone & Pick<PrunePlan, 'unconfirmed'> & { replica?: RemovalReport };

const nothing: PruneDone = { stopped: [], expired: [], removed: [], trimmed: [], archivedRuns: [], waits: [], left: 0 };

type AppliedPolicy = PruneRecord['applied'];

async function readRecord({ vault }: Pick<Ports, 'vault'>): Promise<PruneRecord | undefined> {
  return (await readDocument(vault, vaultKeys.prune, pruneSchema))?.value;
}

/** What waits for its confirmation, of this plan. */
function unconfirmedOf(
  plan: RetentionPlan,
  retention: RetentionPolicy,
  applied: AppliedPolicy,
): Confirmation | undefined {
  const wanted = confirmationOf(plan, retention);
  return plan.stopped.length === 0 && needsConfirmation(wanted, retention, applied?.policy) ? wanted : undefined;
}

/** A row for every point, and what a prune now would come to. Nothing is changed. */
export async function planPrune(ports: PrunePorts, { retention }: Policy): Promise<PrunePlan> {
  const record = await readRecord(ports);
  const plan = retentionPlan(await readRetentionFacts(ports), retention, ports.clock());
  return { ...plan, unconfirmed: retention && unconfirmedOf(plan, retention, record?.applied) };
}

function requireThisPlan(confirm: string | undefined, plan: RetentionPlan, waiting: Confirmation | undefined): void {
  if (confirm === undefined || confirm === waiting?.id || (!waiting && plan.stopped.length === 0)) return;
  const because = plan.stopped.map((each) => each.text).join('; ');
  if (!waiting) {
    throw new DrError('NOT_CONFIRMED', `nothing is removed now, and nothing can be confirmed: ${because}`, {
      hint: '`builder-dr prune --dry-run` says what stands in the way.',
    });
  }
  throw new DrError('NOT_CONFIRMED', `the plan is ${waiting.id} by now; confirmed was ${confirm}`, {
    subject: waiting.id,
    hint: `Read \`builder-dr prune --dry-run\` again, then say: builder-dr prune --confirm ${waiting.id}`,
  });
}

/** Leaves a document that the vault stamps by its own clock, to hold this one against. */
async function beginRecord(ports: PrunePorts): Promise<AppliedPolicy> {
  const at = ports.clock().toISOString();
  const { after } = await updateDocument(ports.vault, vaultKeys.prune, pruneSchema, (now): PruneRecord => {
    return now ? { ...now, at } : { schema: 'prune/1', at, stopped: [], waits: [] };
  });
  return after?.applied;
}

/** The policy is in force from now on, before anything goes by it: a pass that dies is gone on with. */
async function apply(ports: PrunePorts, policy: RetentionPolicy): Promise<void> {
  const at = ports.clock().toISOString();
  await updateDocument(ports.vault, vaultKeys.prune, pruneSchema, (now): PruneRecord => {
    const { stopped = [], waits = [] } = now ?? {};
    return { schema: 'prune/1', at, stopped, waits, applied: { at, policy } };
  });
}

/** `unconfirmed`: `unknown` while a stop hides whether an edit would need its confirmation. */
async function record(
  ports: PrunePorts,
  done: PruneDone,
  unconfirmed: Confirmation | 'unknown' | undefined,
): Promise<void> {
  const now = ports.clock();
  const at = now.toISOString();
  await updateDocument(ports.vault, vaultKeys.prune, pruneSchema, (before): PruneRecord => {
    const waiting = unconfirmed === 'unknown' ? before?.unconfirmed : unconfirmed;
    return {
      schema: 'prune/1',
      at,
      ...(before?.applied ? { applied: before.applied } : {}),
      ...(waiting ? { unconfirmed: { ...waiting, since: before?.unconfirmed?.since ?? at } } : {}),
      stopped: done.stopped,
      waits: waitsSince(done.waits, before?.waits ?? [], now),
    };
  });
}

async function carryOut(pass: PrunePass, rows: RetentionRow[], confirmed: boolean): Promise<void> {
  try {
    await pass.removePoints(rows);
    await pass.trimPrimary(rows);
    if (pass.done.stopped.length > 0) return;
    if (confirmed) await pass.archiveRuns();
    await pass.archivePoints();
    await pass.dropOldPins();
  } catch (error) {
    if (!isDarkness(error)) throw error;
    pass.done.stopped = [{ code: 'primary-silent', text: `the primary does not answer: ${error.message}` }];
  }
}

/**
 * Removes the recovery points that the retention does not keep, with all that belongs to them: expired first, then the
 * snapshot at the primary, the copy, lists, and last the document, into the archive. May run twice, at once, or die
 * between any two calls. Without a policy, or while one of many things stands in the way, nothing is removed.
 * `confirm`: the name of a plan that an edited policy waits with; NOT_CONFIRMED when the plan is another by now.
 */
export async function prune(ports: PrunePorts & RemovalPorts, policy: Policy, confirm?: string): Promise<PruneReport> {
  await requireDirection(ports.vault, 'primary→dr');
  const { retention } = policy;
  if (!retention) return { ...nothing, ...(await planPrune(ports, policy)), unconfirmed: undefined };
  const applied = await beginRecord(ports);
  const facts = await readRetentionFacts(ports);
  const plan = retentionPlan(facts, retention, ports.clock());
  const waiting = unconfirmedOf(plan, retention, applied);
  requireThisPlan(confirm, plan, waiting);
  if (plan.stopped.length > 0) {
    await record(ports, { ...nothing, stopped: plan.stopped }, 'unknown');
    return { ...nothing, stopped: plan.stopped, unconfirmed: undefined };
  }
  const unconfirmed = waiting && waiting.id !== confirm ? waiting : undefined;
  if (!unconfirmed && JSON.stringify(applied?.policy) !== JSON.stringify(retention)) await apply(ports, retention);
  // While an edit waits, only what the policy before and the edited one agree on goes.
  const before = (now: Parameters<typeof retentionPlan>[0], at: Date) =>
    applied ? retentionPlan(now, applied.policy, at) : { stopped: [], rows: [] };
  const pass = new PrunePass(ports, facts, (now, at) => {
    const edited = retentionPlan(now, retention, at);
    return unconfirmed ? agreeing(edited, before(now, at)) : edited;
  });
  await carryOut(pass, (unconfirmed ? agreeing(plan, before(facts, ports.clock())) : plan).rows, !unconfirmed);
  await record(ports, pass.done, unconfirmed);
  const { expired, removed, trimmed, archivedRuns, waits, stopped } = pass.done;
  ports.log.info('pruned', { expired, removed, trimmed, archivedRuns, waits: waits.length, stopped: stopped.length });
  if (stopped.length > 0) return { ...pass.done, unconfirmed };
  // What came of the points is recorded by now, whatever becomes of this.
  return { ...pass.done, unconfirmed, replica: await removeWithheld(ports, policy) };
}
