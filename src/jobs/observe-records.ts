import type { z } from 'zod';
import { deletionNoteSchema, deletionsSchema } from '../core/artifacts/deletions.ts';
import { reconcileSchema, uncopyableSchema, verificationSchema, verifiedSchema } from '../core/artifacts/documents.ts';
import type { Sampled } from '../core/artifacts/merge-diff.ts';
import { pruneSchema } from '../core/points/prune-record.ts';
import type { Policy } from '../core/policy.ts';
import type { Ports } from '../core/ports/all.ts';
import { statusSchema } from '../core/readiness/documents.ts';
import { historySchema } from '../core/readiness/history.ts';
import type { Observations } from '../core/readiness/observations.ts';
import { drillLeaseSchema } from '../core/recovery/drill-lease.ts';
import { vaultKeys } from '../core/vault-layout.ts';
import { wrongSinceMerge } from './artifacts/verification-log.ts';
import { inReplica, optional } from './looks.ts';
import { readDocument, type Unreadable } from './vault/documents.ts';
import { brokenOf, readLogsNaming } from './vault/logs.ts';
import { lately } from './vault/set-aside.ts';

type RecordPorts = Pick<Ports, 'clock' | 'log' | 'replica' | 'vault'>;

/** What other jobs wrote down of themselves. */
export async function readRecords(ports: RecordPorts, policy: Policy, seen: Observations): Promise<void> {
  const { vault } = ports;
  const recordOf = async <T>(key: string, schema: z.ZodType<T>): Promise<T | undefined> =>
    (await optional(seen, () => readDocument(vault, key, schema)))?.value;
  // Before what the merges have counted: what one of them takes out of the log meanwhile is in there.
  const since = await inReplica(ports, seen, () => wrongSinceMerge(ports));
  seen.readWrong = since?.wrong;
  seen.reconcile = await recordOf(vaultKeys.reconcile, reconcileSchema);
  seen.verified = await recordOf(vaultKeys.verified, verifiedSchema);
  seen.uncopyable = (await recordOf(vaultKeys.uncopyable, uncopyableSchema))?.entries ?? [];
  seen.deletions = await recordOf(vaultKeys.deletions, deletionsSchema);
  if (policy.retention) seen.pruned = await recordOf(vaultKeys.prune, pruneSchema);
  seen.previous = await recordOf(vaultKeys.status, statusSchema);
  // Only to name them: the page is drawn after all is told, and a drill that cannot begin tells nobody.
  await recordOf(vaultKeys.history, historySchema);
  await recordOf(vaultKeys.drillLease, drillLeaseSchema);
  const lease = seen.unreadable.find(({ key }) => key === vaultKeys.drillLease);
  if (lease) lease.problem += '; the next drill sets it aside and begins: `builder-dr drill`';
  nameOnce(seen, since?.unreadable ?? []);
  nameOnce(seen, await stillBroken(ports, seen.verified?.unreadableLogs, verificationSchema));
  nameOnce(seen, await stillBroken(ports, seen.deletions?.unreadableLogs, deletionNoteSchema));
  nameOnce(seen, await lately(ports));
}

function nameOnce(seen: Observations, unreadable: readonly Unreadable[]): void {
  const named = new Set(seen.unreadable.map(({ key }) => key));
  for (const each of unreadable) {
    if (!named.has(each.key)) seen.unreadable.push(each);
    named.add(each.key);
  }
}

/** Of the logs that a merge could not read, those that nobody has restored or removed since. */
async function stillBroken(
  ports: RecordPorts,
  logs: Sampled | undefined,
  schema: z.ZodType<unknown>,
): Promise<Unreadable[]> {
  if (!logs) return [];
  const broken = brokenOf(await readLogsNaming(ports, logs.samples, schema));
  const more = logs.count - logs.samples.length;
  return broken.map(({ key, problem }) => ({ key, problem: more > 0 ? `${problem}, as are ${more} more` : problem }));
}
