import { pointIdAt, waitedMinutes } from '../../core/ids.ts';
import {
  backupsAsked,
  backupsRefused,
  backupsSeen,
  connectionAsked,
  connectionSeen,
  type WantedBackups,
} from '../../core/recovery/backups.ts';
import { lookName } from '../../core/recovery/kinds.ts';
import { current } from '../../core/recovery/lifecycle.ts';
import { type InspectionReport, reportSchema } from '../../core/recovery/report.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { readDocument } from '../vault/documents.ts';
import { readRunAgain, updateAttempt } from '../vault/runs.ts';
import { askInspector, SILENT_MINUTES } from './inspect.ts';

const wantedOf = ({ ports, policy }: Pass): WantedBackups => ({
  days: policy.restore.backupRetentionDays,
  region: ports.site.drRegion,
});

/** Has backups turned on while artifacts are verified: the restart that it takes is over before DR is in force. */
export async function settleBackups(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  if (current(run).backups?.outcome) return run;
  const { ports } = pass;
  const facts = await ports.instances.status(current(run).instance);
  const seen = await updateAttempt(ports, run, (now) => backupsSeen(now, facts, wantedOf(pass), ports.clock()));
  if (!facts || facts.pending || !stillWanted(run, seen)) return seen;
  return askForBackups(pass, seen);
}

const stillWanted = (run: ProductionRun, now: ProductionRun): boolean =>
  now.state === 'healing+verifying' &&
  current(now).instance === current(run).instance &&
  current(now).backups?.outcome === undefined;

async function askForBackups(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const asked = await updateAttempt(ports, run, (now) => backupsAsked(now, ports.clock()));
  // Right before: once DR is in force it would be an outage, and only its operator may ask for that.
  const now = await readRunAgain(ports.vault, asked);
  if (!stillWanted(run, now)) return now;
  try {
    await ports.instances.turnBackupsOn(current(now).instance, wantedOf(pass).days);
    return now;
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return updateAttempt(ports, now, (each) => backupsRefused(each, error, wantedOf(pass), ports.clock()));
  }
}

/** Why Builder's role could not log in; undefined when it could. */
function problemOf({ error, smoke }: InspectionReport): string | undefined {
  if (error !== undefined) return error;
  const login = smoke.find((each) => each.name === 'database');
  return login?.ok ? undefined : (login?.detail ?? 'the inspector did not try to log in');
}

/** A login as Builder's role, through the inspector, after the restart: asked for again, a minute apart, until it works. */
export async function stepConnecting(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const { connection } = current(run);
  if (connection) {
    const report = await readDocument(ports.vault, connection.report, reportSchema);
    const minutes = waitedMinutes(connection.askedAt, ports.clock());
    if (!report && minutes < SILENT_MINUTES) return run;
    const problem = report ? problemOf(report.value) : `the inspector did not report in ${SILENT_MINUTES} minutes`;
    const seen = await updateAttempt(ports, run, (now) => connectionSeen(now, problem, ports.clock()));
    if (seen.state !== 'healing+verifying' || current(seen).connection?.doneAt || minutes < 1) return seen;
  }
  const since = pointIdAt(new Date(connection?.since ?? ports.clock()));
  const key = vaultKeys.report(lookName(run), `connect-${since}-${(connection?.tries ?? 0) + 1}`);
  if (!(await askInspector(pass, run, key, 'smoke'))) return run;
  return updateAttempt(ports, run, (now) => connectionAsked(now, key, ports.clock()));
}
