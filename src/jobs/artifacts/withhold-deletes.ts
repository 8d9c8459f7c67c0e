import { type DeletionMark, type DeletionNote, deletionNoteSchema } from '../../core/artifacts/deletions.ts';
import { compareKeys, type Difference, differences } from '../../core/artifacts/merge-diff.ts';
import { afterListing, type ListingTimes } from '../../core/artifacts/withheld-deletes.ts';
import type { Policy } from '../../core/policy.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { ObjectEntry } from '../../core/ports/artifacts.ts';
import type { KnownObject } from '../../core/recovery/row-comparison.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { namedBroken, readLogsNaming, removeWhole } from '../vault/logs.ts';
import { noteObstacle, type ReadDeletions, readDeletions, readMarks, writeMarks } from './deletion-marks.ts';
import { notesByKey } from './deletion-notes.ts';
import { knownObjects } from './known-objects.ts';

type WithholdPorts = Pick<Ports, 'clock' | 'log' | 'newId' | 'primaryArtifacts' | 'replica' | 'vault'>;
type ListedSides = Difference<ObjectEntry, KnownObject>;
type Known = { key: string; mark: DeletionMark | undefined; notes: readonly DeletionNote[] };
type ListedKey = { key: string; listed: ListedSides };

/** Log entries that one run merges; the rest waits for the next. */
const LOGS_PER_PASS = 2_000;

/** Marks and notes, key by key. */
async function* known(marks: AsyncIterable<DeletionMark[]>, notes: Map<string, DeletionNote[]>) {
  async function* sorted() {
    yield [...notes].map(([key, all]) => ({ key, all })).sort((a, b) => compareKeys(a.key, b.key));
  }
  for await (const batch of differences(marks, sorted())) {
    yield batch.map((each): Known => {
      const mark = each.side === 'right' ? undefined : each.left;
      const found = each.side === 'left' ? undefined : each.right;
      return { key: mark?.key ?? found?.key ?? '', mark, notes: found?.all ?? [] };
    });
  }
}

function markOf(each: Difference<ListedKey, Known>, times: ListingTimes): DeletionMark[] {
  const { key } = each.side === 'right' ? each.right : each.left;
  const { mark, notes } = each.side === 'left' ? { mark: undefined, notes: [] } : each.right;
  const listed = each.side === 'right' ? undefined : each.left.listed;
  const atPrimary = listed !== undefined && listed.side !== 'right';
  if (atPrimary && !mark && notes.length === 0) return [];
  const inReplica = listed === undefined || listed.side === 'left' ? undefined : listed.right;
  const found = afterListing({ key, atPrimary, inReplica, mark, notes }, times);
  return found ? [found] : [];
}

/**
 * Lists both buckets once, shows every key to `visit`, and marks what only the replica still holds: deletes are withheld
 * there. A listing that ends half-way throws and marks nothing, and nothing is marked while nobody can read what was. Of two
 * runs at once one gives way, and one whose clock is wrong marks nothing: `clockOff` says how far.
 */
export async function withholdDeletes(
  ports: WithholdPorts,
  policy: Policy,
  visit: (listed: ListedSides) => void,
): Promise<{ clockOff?: string }> {
  const { vault, primaryArtifacts, replica } = ports;
  const startedAt = ports.clock();
  const readable = await readWhole(ports);
  if (!readable) {
    for await (const batch of differences(primaryArtifacts.pages(), knownObjects(vault, replica))) batch.forEach(visit);
    return {};
  }
  const { read } = readable;
  const logs = (await vault.list(vaultKeys.deletionLogs)).slice(0, LOGS_PER_PASS);
  const entries = await readLogsNaming(
    ports,
    logs.map(({ key }) => key),
    deletionNoteSchema,
  );
  const notes = notesByKey(logs, entries);
  let objects = 0;
  async function* listed() {
    for await (const batch of differences(primaryArtifacts.pages(), knownObjects(vault, replica))) {
      for (const each of batch) visit(each);
      objects += batch.filter((each) => each.side !== 'left').length;
      yield batch.map((each): ListedKey => ({ key: keyOf(each), listed: each }));
    }
  }
  async function* marks() {
    for await (const batch of differences(listed(), known(readMarks(vault, read), notes))) {
      const { listedAt: before, listedBeforeAt: beforeThat } = read?.value ?? {};
      const times = { startedAt, before, beforeThat, now: ports.clock() };
      yield batch.flatMap((each) => markOf(each, times));
    }
  }
  const { blocked: before, listedAt: listedBeforeAt } = read?.value ?? {};
  // The marks can be read by now.
  const blocked = before?.unreadable?.startsWith(vaultKeys.deletionFiles) ? undefined : before;
  const facts = () => ({
    listedAt: startedAt.toISOString(),
    ...(listedBeforeAt ? { listedBeforeAt } : {}),
    replica: objects,
    ...namedBroken(entries),
    ...(blocked ? { blocked } : {}),
  });
  const written = await writeMarks(ports, policy, read, marks(), facts);
  if (written === 'written') await removeWhole(vault, entries);
  return typeof written === 'object' ? written : {};
}

/** What was marked, all of which can be read. Where it cannot, it is named, and undefined: made anew it would forget what is hidden. */
async function readWhole(ports: WithholdPorts): Promise<{ read: ReadDeletions } | undefined> {
  const { vault, log } = ports;
  try {
    const read = await readDeletions(vault);
    for await (const _page of readMarks(vault, read));
    return { read };
  } catch (error) {
    if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
    const { subject = vaultKeys.deletions, message: why } = error;
    log.warn('no delete is marked, and nothing leaves the replica', { key: subject, error: why });
    if (subject !== vaultKeys.deletions) await noteObstacle(ports, { why, unreadable: subject });
    return undefined;
  }
}

function keyOf(listed: ListedSides): string {
  return listed.side === 'right' ? listed.right.key : listed.left.key;
}
