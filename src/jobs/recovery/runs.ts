import { minutesBetween } from '../../core/ids.ts';
import { mustTell, recoveryMessage, toldAs } from '../../core/notices/of-recovery.ts';
import type { Point } from '../../core/points/documents.ts';
import type { Policy } from '../../core/policy.ts';
import type { Ports, RecoveryPorts } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { type Recovery, recoverySchema } from '../../core/recovery/documents.ts';
import { isDrill } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import type { Darkness } from '../darkness.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';

/** What the steps of one run work with. */
export type RunContext = {
  ports: RecoveryPorts;
  policy: Policy;
  darkness: Darkness;
  points: Point[];
  /** Failovers whose fence rebooted the primary during this very run. */
  rebooted: Set<string>;
};

export const runKey = (run: Pick<Recovery, 'schema' | 'id'>): string => vaultKeys.run(run.schema, run.id);

export type Runs = { runs: Recovery[]; unreadable: { key: string; problem: string }[] };

/** Ids are times, so the keys' order is theirs. */
const NEWEST = 30;

/** The newest drills and failovers, oldest first; documents that do not parse are named. */
export async function readRuns(vault: Vault): Promise<Runs> {
  const found: Runs = { runs: [], unreadable: [] };
  for (const prefix of [vaultKeys.drills, vaultKeys.failovers]) {
    const entries = (await vault.list(prefix)).filter(({ key }) => /^[a-z]+\/[^/]+\.json$/.test(key));
    for (const { key } of entries.slice(-NEWEST)) {
      try {
        const read = await readDocument(vault, key, recoverySchema);
        if (read) found.runs.push(read.value);
      } catch (error) {
        if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
        found.unreadable.push({ key, problem: error.message });
      }
    }
  }
  found.runs.sort((a, b) => (a.id < b.id ? -1 : 1));
  return found;
}

/** Changes a run that must exist by compare-and-swap, and says so on the bus when its state changed. */
export async function updateRun(
  ports: RecoveryPorts,
  run: Pick<Recovery, 'schema' | 'id'>,
  change: (run: Recovery) => Recovery,
): Promise<Recovery> {
  const key = runKey(run);
  const { before, after } = await updateDocument(ports.vault, key, recoverySchema, (now) => now && change(now));
  if (!after) {
    throw new DrError('RUN_UNKNOWN', `no run ${key}`, {
      hint: '`builder-dr drills` and `builder-dr failover status` list them.',
    });
  }
  if (before?.history.length !== after.history.length) await announceRun(ports, after);
  return after;
}

export async function announceRun(ports: Pick<Ports, 'log' | 'signals'>, run: Recovery): Promise<void> {
  const kind = isDrill(run) ? 'drill' : 'failover';
  const why = run.history.at(-1)?.why;
  const point = run.attempts.at(-1)?.point;
  ports.log.info(`${kind} changed state`, { run: run.id, state: run.state, why, point });
  try {
    await ports.signals.emit(`${kind}.state-changed`, { id: run.id, state: run.state, why, point });
  } catch (error) {
    // The state is recorded; a bus that does not take the event must not stop a recovery.
    ports.log.warn('the event was not taken', { run: run.id, error: describeError(error) });
  }
}

/** Tells people of the state, then records that they were told: at least once. */
export async function tell(context: RunContext, run: Recovery): Promise<Recovery> {
  if (!mustTell(run)) return run;
  const { ports, policy, points } = context;
  const now = ports.clock();
  const point = points.find((each) => each.id === run.attempts.at(-1)?.point);
  const dataAt = point && 'dataAt' in point.database ? point.database.dataAt : undefined;
  const fenced = run.fence?.database.confirmedAt;
  // What was written after the data's instant is lost; once the fence stands, nothing more is written.
  const minutesLost = dataAt
    ? Math.max(0, minutesBetween(dataAt, fenced ? new Date(fenced) : new Date(run.requestedAt)))
    : undefined;
  const { rpoTargetMinutes, rtoTargetMinutes } = policy;
  const facts = { stage: ports.stage, rpoTargetMinutes, rtoTargetMinutes, minutesLost, now };
  await ports.notifier.publish(recoveryMessage(run, facts));
  return updateRun(ports, run, (current) => (mustTell(current) ? { ...current, told: toldAs(run) } : current));
}
