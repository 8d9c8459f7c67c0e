import { type DeletionNote, deletionNoteSchema } from '../../core/artifacts/deletions.ts';
import { latestOf } from '../../core/ids.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault, VaultEntry } from '../../core/ports/vault.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { eachOf } from '../each-of.ts';
import { readLogLines } from '../vault/documents.ts';
import { noteUncopied } from './uncopied.ts';

const READS_AT_ONCE = 16;

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
    const lines = this.#notes.map((note) => `${JSON.stringify(note)}\n`).join('');
    await this.#ports.vault.put(vaultKeys.deletionLog(this.#ports.clock(), this.#ports.newId()), lines, undefined);
  }
}

/** The notes of these log entries, by key: of when the vault took them, where the clock of who wrote them was behind. */
export async function readDeletionNotes(
  vault: Pick<Vault, 'get'>,
  logs: readonly VaultEntry[],
): Promise<Map<string, DeletionNote[]>> {
  const notes = new Map<string, DeletionNote[]>();
  const read = await eachOf(logs, READS_AT_ONCE, async ({ key, lastModified }) => {
    const lines = await readLogLines(vault, [key], deletionNoteSchema);
    return lines.map((note) => ({ ...note, at: latestOf([note.at, lastModified.toISOString()]) ?? note.at }));
  });
  for (const note of read.flat()) notes.set(note.key, [...(notes.get(note.key) ?? []), note]);
  return notes;
}
