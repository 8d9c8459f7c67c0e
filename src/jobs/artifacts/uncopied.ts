import { type DeletionNote, deletionNoteSchema } from '../../core/artifacts/deletions.ts';
import { addMinutes, minutesBetween, SKEW_MINUTES } from '../../core/ids.ts';
import type { Ports } from '../../core/ports/all.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { linesOf, readLogsNaming, writeLog } from '../vault/logs.ts';

type UncopiedPorts = Pick<Ports, 'clock' | 'newId' | 'vault'>;

/** Every point that such a deletion may concern has ended, or names it, long before. */
const STALE_MINUTES = 3 * 24 * 60;

/** Notes artifacts that left the primary before anybody had copied them: a row may name them, and no list of later does. */
export async function noteUncopied({ clock, newId, vault }: UncopiedPorts, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  const at = clock();
  const notes = keys.map((key): DeletionNote => ({ key, at: at.toISOString(), there: false }));
  await writeLog(vault, vaultKeys.uncopiedLog(at, newId()), notes, deletionNoteSchema);
}

/** Keys of those that were found gone since then. Without a note that cannot be read, what it excused is waited for. */
export async function uncopiedSince(ports: Pick<Ports, 'log' | 'vault'>, since: string): Promise<Set<string>> {
  const from = addMinutes(new Date(since), -SKEW_MINUTES);
  const logs = (await ports.vault.list(vaultKeys.uncopiedLogs)).map(({ key }) => key);
  const entries = await readLogsNaming(
    ports,
    logs.filter((key) => key >= vaultKeys.uncopiedLog(from, '')),
    deletionNoteSchema,
  );
  return new Set(linesOf(entries).map(({ key }) => key));
}

/** What no point asks for any more. */
export async function removeStaleUncopied({ clock, vault }: Pick<Ports, 'clock' | 'vault'>): Promise<void> {
  for (const { key, lastModified } of await vault.list(vaultKeys.uncopiedLogs)) {
    if (minutesBetween(lastModified, clock()) > STALE_MINUTES) await vault.remove(key);
  }
}
