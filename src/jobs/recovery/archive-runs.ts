import type { Archived } from '../../core/points/archived.ts';
import type { Point } from '../../core/points/documents.ts';
import type { Ports } from '../../core/ports/all.ts';
import { archivableRuns } from '../../core/recovery/archivable.ts';
import type { Run } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { archiveDocuments } from '../vault/archive.ts';
import { runKey } from '../vault/runs.ts';

type ArchivePorts = Pick<Ports, 'clock' | 'vault'>;

/** How many runs one pass archives. */
const RUNS_PER_PASS = 50;

function asDocument(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body; // what cannot be read is kept as it is
  }
}

async function keysUnder(vault: ArchivePorts['vault'], prefixes: readonly string[]): Promise<string[]> {
  const found = await Promise.all(prefixes.map((each) => vault.list(each)));
  return found.flat().map(({ key }) => key);
}

/** The record of a run and its reports, as lines of the archive. */
async function evidenceOf({ vault, clock }: ArchivePorts, run: Run): Promise<Archived[]> {
  const reports = await keysUnder(vault, vaultKeys.reportsOf(run));
  const found: Archived[] = [];
  for (const key of [...reports, runKey(run)]) {
    const document = await vault.get(key);
    if (document) found.push({ key, archivedAt: clock().toISOString(), document: asDocument(document.body) });
  }
  return found;
}

/**
 * Moves old runs into the archive with their reports; their lists of packages go with the last point that they were
 * about. The record is removed last, so that a pass that died is gone on with.
 */
export async function archiveRuns(ports: ArchivePorts, runs: Run[], points: Point[]): Promise<string[]> {
  const { vault } = ports;
  const due = archivableRuns(runs, points).slice(0, RUNS_PER_PASS);
  for (const run of due) {
    const evidence = await evidenceOf(ports, run);
    await archiveDocuments(vault, run.id.slice(0, 4), evidence);
    const lists = await keysUnder(vault, vaultKeys.packageInventories(run));
    for (const key of [...lists, ...evidence.map((each) => each.key)]) await vault.remove(key);
  }
  return due.map(runKey);
}
