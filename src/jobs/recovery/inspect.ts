import { finding } from '../../core/findings.ts';
import { waitedMinutes } from '../../core/ids.ts';
import type { InspectionRequest } from '../../core/ports/recovery.ts';
import { lookName } from '../../core/recovery/kinds.ts';
import { current, noteError, reject } from '../../core/recovery/lifecycle.ts';
import { inspected, inspectionAsked, smokeAsked, smokeSeen } from '../../core/recovery/observations.ts';
import { rowsBefore } from '../../core/recovery/rejected.ts';
import { type InspectionReport, reportSchema } from '../../core/recovery/report.ts';
import { reportFindings, rowsOf, smokeFindings } from '../../core/recovery/report-findings.ts';
import type { ProductionRun, Run } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { readDocument } from '../vault/documents.ts';
import { runKey, updateAttempt, updateRun } from '../vault/runs.ts';
import { pointOf } from './restore.ts';
import { tellNodesAgain } from './tell-nodes.ts';

/** The inspector's time-out is 15 minutes: without a report by then it died. */
export const SILENT_MINUTES = 16;
const TRIES = 3;

type AskedReport = { askedAt: string; tries: number; report: string } | undefined;
type ReportState = { report: InspectionReport } | { ask: string } | { givenUp: string } | 'waiting';

/** What there is to do about a report that was asked for, or not yet. */
async function reportState({ ports }: Pass, run: Run, what: string, asked: AskedReport): Promise<ReportState> {
  const { instance } = current(run);
  const key = (tries: number) => vaultKeys.report(lookName(run), `${what}-${tries}`);
  if (!asked) return { ask: key(1) };
  const written = await readDocument(ports.vault, asked.report, reportSchema);
  // One that looked into another instance says nothing of this one.
  const found = written?.value.instance === instance ? written : undefined;
  if (found && found.value.error === undefined) return { report: found.value };
  const silent = !found && waitedMinutes(asked.askedAt, ports.clock()) >= SILENT_MINUTES;
  if (!found && !silent) return 'waiting';
  if (asked.tries < TRIES) return { ask: key(asked.tries + 1) };
  return { givenUp: found?.value.error ?? `the inspector did not report in ${SILENT_MINUTES} minutes` };
}

/** Asks the function inside the VPC; one that sleeps fails its first call, which is waited out. */
export async function askInspector(pass: Pass, run: Run, report: string, what: InspectionRequest['what']) {
  try {
    await pass.ports.inspection.start({ job: 'inspect-database', run: runKey(run), report, what });
    return true;
  } catch (error) {
    if (!hasCode(error, 'INVALID_STATE', 'THROTTLED')) throw error;
    await updateRun(pass.ports, run, (now) => noteError(now, error.message, pass.ports.clock()));
    return false;
  }
}

export async function stepInspecting<R extends Run>(pass: Pass, run: R): Promise<R> {
  const { ports, policy } = pass;
  const found = await reportState(pass, run, 'inspect', current(run).inspection);
  if (found === 'waiting') return run;
  if ('ask' in found) {
    if (!(await askInspector(pass, run, found.ask, 'inspect'))) return run;
    return updateAttempt(ports, run, (now) => inspectionAsked(now, found.ask, ports.clock()));
  }
  if ('givenUp' in found) {
    return updateAttempt(ports, run, (now) =>
      reject(now, ports.clock(), `the database cannot be inspected: ${found.givenUp}`),
    );
  }
  const before = rowsBefore(run, pass.runs, pass.points);
  const findings = reportFindings(found.report, pointOf(pass, run), before, policy);
  return updateAttempt(ports, run, (now) => inspected(now, findings, rowsOf(found.report), ports.clock()));
}

export async function stepSmokeTesting(pass: Pass, cutOver: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const run = await tellNodesAgain(pass, cutOver);
  const found = await reportState(pass, run, 'smoke', run.smoke);
  if (found === 'waiting') return run;
  if ('ask' in found) {
    if (!(await askInspector(pass, run, found.ask, 'smoke'))) return run;
    return updateRun(ports, run, (now) => smokeAsked(now, found.ask, ports.clock()));
  }
  const untested = (why: string) =>
    finding('BUILDER_CREDENTIALS_UNUSABLE', current(run).instance, `Builder's access could not be tested: ${why}`);
  const findings = 'givenUp' in found ? [untested(found.givenUp)] : smokeFindings(found.report);
  return updateRun(ports, run, (now) => smokeSeen(now, findings, ports.clock()));
}
