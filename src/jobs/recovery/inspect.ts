import { finding } from '../../core/findings.ts';
import { minutesBetween } from '../../core/ids.ts';
import type { InspectionRequest } from '../../core/ports/recovery.ts';
import { type InspectionReport, type Recovery, reportSchema } from '../../core/recovery/documents.ts';
import { inspected, inspectionAsked, smokeAsked, smokeSeen } from '../../core/recovery/observations.ts';
import { reportFindings, rowsOf, smokeFindings } from '../../core/recovery/report-findings.ts';
import { current, noteError, reject } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { readDocument } from '../vault/documents.ts';
import { pointOf } from './restore.ts';
import { type RunContext, readRuns, runKey, updateRun } from './runs.ts';

/** The inspector's time-out is 15 minutes: without a report by then it died. */
const SILENT_MINUTES = 16;
const TRIES = 3;

type Asked = { askedAt: string; tries: number; report: string } | undefined;
type Look = { report: InspectionReport } | { ask: string } | { givenUp: string } | 'waiting';

/** What there is to do about a report that was asked for, or not yet. */
async function look({ ports }: RunContext, name: string, asked: Asked): Promise<Look> {
  const key = (tries: number) => vaultKeys.report(name, String(tries));
  if (!asked) return { ask: key(1) };
  const found = await readDocument(ports.vault, asked.report, reportSchema);
  if (found && found.value.error === undefined) return { report: found.value };
  const silent = !found && minutesBetween(asked.askedAt, ports.clock()) >= SILENT_MINUTES;
  if (!found && !silent) return 'waiting';
  if (asked.tries < TRIES) return { ask: key(asked.tries + 1) };
  return { givenUp: found?.value.error ?? `the inspector did not report in ${SILENT_MINUTES} minutes` };
}

/** Asks the function inside the VPC; one that sleeps fails its first call, which is waited out. */
async function start(context: RunContext, run: Recovery, report: string, what: InspectionRequest['what']) {
  try {
    await context.ports.inspection.start({ job: 'inspect-database', run: runKey(run), report, what });
    return true;
  } catch (error) {
    if (!hasCode(error, 'INVALID_STATE', 'THROTTLED')) throw error;
    await updateRun(context.ports, run, (now) => noteError(now, error.message, context.ports.clock()));
    return false;
  }
}

/** Rows by table of the last run that passed with an older or the same point. */
async function rowsBefore(context: RunContext, run: Recovery): Promise<Record<string, number> | undefined> {
  const { runs } = await readRuns(context.ports.vault);
  const passed = runs
    .filter((each) => each.id !== run.id)
    .flatMap((each) => each.attempts)
    .filter((each) => each.outcome === 'passed' && each.rows && each.point <= current(run).point);
  return passed.sort((a, b) => (a.point < b.point ? -1 : 1)).at(-1)?.rows;
}

export async function stepInspecting(context: RunContext, run: Recovery): Promise<Recovery> {
  const { ports, policy } = context;
  const found = await look(context, `${run.id}-inspect-${run.attempts.length}`, current(run).inspection);
  if (found === 'waiting') return run;
  if ('ask' in found) {
    if (!(await start(context, run, found.ask, 'inspect'))) return run;
    return updateRun(ports, run, (now) => inspectionAsked(now, found.ask, ports.clock()));
  }
  if ('givenUp' in found) {
    return updateRun(ports, run, (now) =>
      reject(now, ports.clock(), `the database cannot be inspected: ${found.givenUp}`),
    );
  }
  const before = await rowsBefore(context, run);
  const findings = reportFindings(found.report, pointOf(context, run), before, policy);
  return updateRun(ports, run, (now) => inspected(now, findings, rowsOf(found.report), ports.clock()));
}

export async function stepSmokeTesting(context: RunContext, run: Recovery): Promise<Recovery> {
  const { ports } = context;
  const found = await look(context, `${run.id}-smoke`, run.smoke);
  if (found === 'waiting') return run;
  if ('ask' in found) {
    if (!(await start(context, run, found.ask, 'smoke'))) return run;
    return updateRun(ports, run, (now) => smokeAsked(now, found.ask, ports.clock()));
  }
  const untested = (why: string) =>
    finding('BUILDER_CREDENTIALS_UNUSABLE', current(run).instance, `Builder's access could not be tested: ${why}`);
  const findings = 'givenUp' in found ? [untested(found.givenUp)] : smokeFindings(found.report);
  return updateRun(ports, run, (now) => smokeSeen(now, findings, ports.clock()));
}
