import {
  type DeletionMark,
  type Deletions,
  deletionMarkSchema,
  deletionsSchema,
} from '../../core/artifacts/deletions.ts';
import { MassWatch } from '../../core/artifacts/mass-deletion.ts';
import { isClockOff } from '../../core/artifacts/withheld-deletes.ts';
import { minutesBetween } from '../../core/ids.ts';
import type { Policy } from '../../core/policy.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault, VaultEntry } from '../../core/ports/vault.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { encodeFit, readDocument, unreadableError, updateDocument } from '../vault/documents.ts';
import { packed, readLines } from './inventory.ts';

type MarkPorts = Pick<Ports, 'clock' | 'log' | 'newId' | 'vault'>;

export type ReadDeletions = { value: Deletions; etag: string } | undefined;

/** No run takes as long as this: what it left, or still reads after another run wrote anew, is nobody's then. */
const STALE_MINUTES = 120;

export function readDeletions(vault: Pick<Vault, 'get'>): Promise<ReadDeletions> {
  return readDocument(vault, vaultKeys.deletions, deletionsSchema);
}

/** The marks in the order of their keys. A line that does not fit is VAULT_UNREADABLE: nothing is decided on half of them. */
export async function* readMarks(vault: Vault, read: ReadDeletions): AsyncIterable<DeletionMark[]> {
  if (!read) return;
  const { key } = read.value;
  try {
    for await (const page of readLines<unknown>(vault, key)) {
      yield page.map((line) => {
        const { success, data } = deletionMarkSchema.safeParse(line);
        if (success) return data;
        throw unreadableError(key, 'a mark does not fit');
      });
    }
  } catch (error) {
    throw hasCode(error, 'NOT_FOUND') ? unreadableError(key, 'it is not there', error) : error;
  }
}

/** Why nothing is removed; `unreadable`: what cannot be read. */
export type RemovalObstacle = { why: string; unreadable?: string };

/** Notes why nothing is removed, and since when; readiness shows it. */
export async function noteObstacle(
  { vault, clock }: Pick<Ports, 'clock' | 'vault'>,
  { why, unreadable }: RemovalObstacle,
): Promise<void> {
  const since = clock().toISOString();
  await updateDocument(vault, vaultKeys.deletions, deletionsSchema, (now) =>
    now && now.blocked?.why !== why ? { ...now, blocked: { since, why, ...(unreadable ? { unreadable } : {}) } } : now,
  );
}

/** What is known when all marks are written. */
export type MarkFacts = () => Pick<Deletions, 'listedAt' | 'listedBeforeAt' | 'replica' | 'unreadableLogs' | 'blocked'>;

/** Counts marks while they are written. */
class MarkCount {
  withheld = 0;
  hidden = 0;
  #oldest: string | undefined;
  add({ backAt, hiddenAt, goneAt }: DeletionMark): void {
    if (hiddenAt) this.hidden += 1;
    if (hiddenAt || backAt) return;
    this.withheld += 1;
    if (this.#oldest === undefined || goneAt < this.#oldest) this.#oldest = goneAt;
  }
  get result() {
    const { withheld, hidden } = this;
    return { withheld, hidden, ...(this.#oldest ? { oldestGoneAt: this.#oldest } : {}) };
  }
}

/**
 * Writes all marks anew, counts them, and makes them the current ones if nobody did since `read`. Dying anywhere leaves
 * the old ones current; of two runs at once one gives way, and so does one whose clock is wrong. An error of `marks` is
 * thrown on.
 */
export async function writeMarks(
  ports: MarkPorts,
  policy: Policy,
  read: ReadDeletions,
  marks: AsyncIterable<DeletionMark[]>,
  facts: MarkFacts,
): Promise<'written' | 'raced' | { clockOff: string }> {
  const { vault } = ports;
  const at = ports.clock();
  const counted = new MarkCount();
  const watch = new MassWatch(read?.value.mass ?? [], at);
  async function* lines() {
    for await (const page of marks) {
      for (const mark of page) {
        counted.add(mark);
        watch.add(mark);
      }
      yield page.map((mark) => `${JSON.stringify(mark)}\n`).join('');
    }
  }
  const key = vaultKeys.deletionFile(at, ports.newId());
  await vault.putStream(key, packed(lines()));
  const files = await vault.list(vaultKeys.deletionFiles);
  const clockOff = offNow(ports, files, key);
  if (clockOff !== undefined) return { clockOff };
  const known = facts();
  const mass = watch.result(known.replica, policy.replica);
  const index: Deletions = { schema: 'deletions/1', at: at.toISOString(), key, ...counted.result, ...known, mass };
  try {
    await vault.put(vaultKeys.deletions, encodeFit(vaultKeys.deletions, index, deletionsSchema), read?.etag);
  } catch (error) {
    if (!hasCode(error, 'CONFLICT')) throw error;
    ports.log.info('another run wrote which deletes are withheld');
    return 'raced';
  }
  for (const each of mass)
    if (!read?.value.mass.some(({ id }) => id === each.id)) ports.log.warn('mass deletion', each);
  await removeStale(ports, files, key);
  return 'written';
}

/** How far this clock is off, held against the stamp of what was written just now; undefined where it is right. */
function offNow({ clock }: MarkPorts, files: readonly VaultEntry[], written: string): string | undefined {
  const now = clock();
  const stamped = files.find(({ key }) => key === written)?.lastModified ?? now;
  if (!isClockOff(stamped, now)) return undefined;
  return `its clock said ${now.toISOString()} when the vault wrote at ${stamped.toISOString()}`;
}

/** Files that are current no more, or never were. */
async function removeStale({ vault, clock }: MarkPorts, files: readonly VaultEntry[], current: string): Promise<void> {
  for (const { key, lastModified } of files) {
    if (key !== current && minutesBetween(lastModified, clock()) > STALE_MINUTES) await vault.remove(key);
  }
}
