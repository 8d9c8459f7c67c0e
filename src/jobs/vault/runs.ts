import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { kinds, startOf } from '../../core/recovery/kinds.ts';
import { RUNS_KNOWN } from '../../core/recovery/rehearsals.ts';
import { type Run, runSchema } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError } from '../../errors.ts';
import { readAll, readDocument, type Unreadable, updateDocument } from './documents.ts';
import { forget } from './read-once.ts';

export const runKey = (run: Pick<Run, 'kind' | 'id'>): string => vaultKeys.run(kinds[run.kind].folder, run.id);

export type Runs = { runs: Run[]; unreadable: Unreadable[] };

/** The newest drills and failovers (ids are times, so the keys' order is theirs), oldest first; documents that do not parse are named. */
export async function readRuns(vault: Pick<Vault, 'get' | 'list'>): Promise<Runs> {
  const drills = await readAll(vault, vaultKeys.drills, runSchema, RUNS_KNOWN);
  const failovers = await readAll(vault, vaultKeys.failovers, runSchema, RUNS_KNOWN);
  const runs = [...drills.found, ...failovers.found].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { runs, unreadable: [...drills.unreadable, ...failovers.unreadable] };
}

/** One run by its key, as it is now. Throws RUN_UNKNOWN. */
export async function readRun(vault: Pick<Vault, 'get'>, key: string): Promise<Run> {
  const found = await readDocument(vault, key, runSchema);
  if (found) return found.value;
  throw new DrError('RUN_UNKNOWN', `no run ${key}`, {
    subject: key,
    hint: '`builder-dr drills` and `builder-dr failover status` list them.',
  });
}

/** The run that a tag names; none where it is not in the vault. */
export async function recordOf(vault: Pick<Vault, 'get'>, key: string): Promise<Run | undefined> {
  return (await readDocument(vault, key, runSchema))?.value;
}

/** The same run as it is at this moment, whatever was read before. */
export async function readRunAgain<R extends Run>(vault: Vault, run: R): Promise<R> {
  forget(vault, runKey(run));
  return (await readRun(vault, runKey(run))) as R;
}

/** Changes a run that must exist by compare-and-swap, and says so on the bus when its state changed. */
export async function updateRun<R extends Run>(
  ports: Pick<Ports, 'log' | 'signals' | 'vault'>,
  run: R,
  change: (run: R) => R,
): Promise<R> {
  const key = runKey(run);
  const { before, after } = await updateDocument<Run>(ports.vault, key, runSchema, (now) => now && change(now as R));
  if (!after) return readRun(ports.vault, key) as Promise<R>;
  if (before?.history.length !== after.history.length) await announceRun(ports, after);
  return after as R;
}

/**
 * Changes a run by what was observed of its current attempt in its current state. An observation of another attempt or
 * start, or of a state that the run has left since, says nothing about it and is dropped.
 */
export function updateAttempt<R extends Run>(
  ports: Pick<Ports, 'log' | 'signals' | 'vault'>,
  seen: R,
  change: (run: R) => R,
): Promise<R> {
  const instance = seen.attempts.at(-1)?.instance;
  return updateRun(ports, seen, (now) =>
    now.state === seen.state && now.attempts.at(-1)?.instance === instance && startOf(now) === startOf(seen)
      ? change(now)
      : now,
  );
}

export async function announceRun(ports: Pick<Ports, 'log' | 'signals'>, run: Run): Promise<void> {
  const { title, event } = kinds[run.kind];
  const why = run.history.at(-1)?.why;
  const point = run.attempts.at(-1)?.point;
  ports.log.info(`${title} changed state`, { run: run.id, state: run.state, why, point });
  try {
    await ports.signals.emit(event, { id: run.id, kind: run.kind, state: run.state, why, point });
  } catch (error) {
    // The state is recorded; a bus that does not take the event must not stop a recovery.
    ports.log.warn('the event was not taken', { run: run.id, error: describeError(error) });
  }
}
