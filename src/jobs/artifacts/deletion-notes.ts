import { type DeletionNote, deletionNoteSchema } from '../../core/artifacts/deletions.ts';
import { latestOf } from '../../core/ids.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { VaultEntry } from '../../core/ports/vault.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { type LogEntry, writeLog } from '../vault/logs.ts';
import { noteUncopied } from './uncopied.ts';

type NotePorts = Pick<Ports, 'clock' | 'newId' | 'primaryArtifacts' | 'replica' | 'vault'>;

/** What events of one batch say of deletions. Events come late, twice and in any order: the primary itself is asked. */
export class DeletionNotes {
  readonly #ports: NotePorts;
  readonly #notes: DeletionNote[] = [];
  readonly #uncopied = new Set<string>();

  constructor(ports: NotePorts) {
    this.#ports = ports;
  }

  /**
   * An artifact was deleted, or was uploaded where the replica still holds one of its name: that one's deletion is over.
   * Asked before anything is copied. What the replica does not hold is no longer withheld by anybody: only that it went
   * `uncopied` is noted.
   */
  async look(key: string, deleted: boolean): Promise<void> {
    const { clock, primaryArtifacts, replica } = this.#ports;
    const held = (await replica.head(key)) !== undefined;
    if (!held && !deleted) return;
    const there = (await primaryArtifacts.head(key)) !== undefined;
    if (!held && !there) this.uncopied(key);
    if (!held) return;
    this.#notes.push({ key, at: clock().toISOString(), there });
  }

  /** Neither site has it. */
  uncopied(key: string): void {
    this.#uncopied.add(key);
  }

  /** Writes what was seen, once. A batch that dies before is handled again, and looks again. */
  async end(): Promise<void> {
    await noteUncopied(this.#ports, [...this.#uncopied]);
    if (this.#notes.length === 0) return;
    const { clock, newId, vault } = this.#ports;
    await writeLog(vault, vaultKeys.deletionLog(clock(), newId()), this.#notes, deletionNoteSchema);
  }
}

/** The notes of these log entries, by key: of when the vault took them, where the clock of who wrote them was behind. */
export function notesByKey(
  logs: readonly VaultEntry[],
  entries: readonly LogEntry<DeletionNote>[],
): Map<string, DeletionNote[]> {
  const taken = new Map(logs.map(({ key, lastModified }) => [key, lastModified.toISOString()]));
  const notes = new Map<string, DeletionNote[]>();
  for (const { key: log, lines } of entries) {
    for (const note of lines) {
      const at = latestOf([note.at, taken.get(log)]) ?? note.at;
      notes.set(note.key, [...(notes.get(note.key) ?? []), { ...note, at }]);
    }
  }
  return notes;
}
