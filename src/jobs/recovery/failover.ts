import type { Policy } from '../../core/policy.ts';
import type { AdvancePorts, Ports } from '../../core/ports/all.ts';
import type { RestoredInstance } from '../../core/ports/recovery.ts';
import { removal } from '../../core/recovery/leftovers.ts';
import {
  abort,
  candidatesFor,
  failoverInHand,
  failoversInOrder,
  isCutOver,
  isMoving,
  isOver,
  plannedRun,
} from '../../core/recovery/lifecycle.ts';
import type { ClassesSeen } from '../../core/recovery/orderable.ts';
import { type Candidate, candidateRow, type PlanStep, restorePlan } from '../../core/recovery/plan.ts';
import { ROLE_TAG, RUN_TAG } from '../../core/recovery/restore-request.ts';
import { resumed } from '../../core/recovery/resumed.ts';
import { isProduction, type ProductionRun, type Run, runSchema, type StartRequest } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { type AdvanceReport, advance, advancePass } from '../advance.ts';
import { beginPass, type Pass } from '../pass.ts';
import { readDirection, requireDirection } from '../vault/direction.ts';
import { readAll, updateDocument } from '../vault/documents.ts';
import { readPoints } from '../vault/points.ts';
import { announceRun, readRunAgain, readRuns, runKey, updateRun } from '../vault/runs.ts';
import { unpinPoints } from './advance-run.ts';
import { readAvailableCopies } from './candidates.ts';
import { classesForPlan } from './classes.ts';
import { confirmedCandidates } from './confirmed-candidates.ts';
import { keepFence } from './fencing.ts';
import { tell } from './tell.ts';

/** `confirm`: undefined until the operator has read the plan, and is refused then. */
export type FailoverRequest =
  | StartRequest
  | (Pick<StartRequest, Exclude<keyof StartRequest, 'confirm'>> & { confirm: undefined });

export type FailoverPlan = {
  /** What to pass as `confirm`. */
  confirm: string | null;
  /** The request that starts what is planned here. */
  start: StartRequest | null;
  candidates: Candidate[];
  steps: PlanStep[];
  /** Which classes RDS would take now. */
  classes: ClassesSeen;
  /** A failover that is in hand already. */
  inHand: { id: string; state: string } | null;
};

/** The candidates side by side, and the steps. Nothing is started, and only the DR site is asked. */
export async function planFailover(
  ports: AdvancePorts & Pick<Ports, 'offers'>,
  policy: Policy,
  request: { point: string; planned: boolean },
): Promise<FailoverPlan> {
  const now = ports.clock();
  const { points } = await readPoints(ports.vault);
  const { runs } = await readRuns(ports.vault);
  const candidates = candidatesFor(request.point, points, await readAvailableCopies(ports));
  const inHand = failoverInHand(runs);
  const confirm = candidates[0]?.id ?? null;
  const { point, planned } = request;
  return {
    confirm,
    start: confirm === null ? null : { point, confirm, planned, acceptUnfenced: false, acceptFindings: false },
    candidates: candidates.map((each) => candidateRow(each, now)),
    steps: restorePlan(candidates[0], 'production', policy, runs, now, {
      planned,
      dns: ports.cutOver.dns !== undefined,
    }),
    classes: await classesForPlan(ports, policy, candidates[0]),
    inHand: inHand ? { id: inHand.id, state: inHand.state } : null,
  };
}

/** Starts a failover, or resumes the one in hand; then takes it as far as it can go. Calling it again is always safe. */
export async function startFailover(
  ports: AdvancePorts,
  policy: Policy,
  request: FailoverRequest,
): Promise<ProductionRun> {
  const pass = await beginPass(ports, policy);
  const inHand = failoverInHand(pass.runs);
  const run = inHand ? await resumeFailover(pass, inHand, request) : await beginFailover(pass, request);
  pass.runs = [...pass.runs.filter((each) => runKey(each) !== runKey(run)), run];
  await ports.signals.setTick(true);
  try {
    await advancePass(pass);
  } catch (error) {
    // What failed is in its own record; the failover that was asked for is started, and its record is the answer.
    if (!hasCode(error, 'PARTIAL_FAILURE')) throw error;
    ports.log.warn('not everything could advance', { error: describeError(error) });
  }
  return readRunAgain(pass.ports.vault, run);
}

async function beginFailover(pass: Pass, request: FailoverRequest): Promise<ProductionRun> {
  const { ports, policy } = pass;
  await requireDirection(ports.vault, 'primary→dr');
  const { point, acceptFindings, acceptUnfenced, planned } = request;
  const begun: ProductionRun = planned
    ? plannedRun({ kind: 'switchover', point, acceptFindings }, ports.clock(), [], policy)
    : plannedRun({ kind: 'failover', point, acceptFindings, acceptUnfenced }, ports.clock(), [], policy);
  const run: ProductionRun = { ...begun, candidates: await confirmedCandidates(pass, request, runKey(begun)) };
  const { before, after } = await updateDocument<Run>(ports.vault, runKey(run), runSchema, (now) => now ?? run);
  if (!before) await announceRun(ports, run);
  return giveWay(ports, after && isProduction(after) ? after : run);
}

/** Of two that were started at once the one with the lower id goes on; whoever wrote last sees both. */
async function giveWay(ports: AdvancePorts, run: ProductionRun): Promise<ProductionRun> {
  const { found } = await readAll(ports.vault, vaultKeys.failovers, runSchema);
  const first = failoverInHand(found);
  if (!first || first.id === run.id) return run;
  await updateRun(ports, run, (now) =>
    now.state === 'planned' ? abort(now, ports.clock(), `failover ${first.id} was faster`) : now,
  );
  return first;
}

async function resumeFailover(
  { ports, points }: Pass,
  run: ProductionRun,
  request: FailoverRequest,
): Promise<ProductionRun> {
  const known = [...run.attempts.map((each) => each.point), ...run.candidates];
  if (!known.includes(request.confirm ?? '')) {
    throw new DrError('NOT_CONFIRMED', `failover ${run.id} is in hand (${run.state}) with points ${known.join(', ')}`, {
      subject: run.id,
      hint: `Say: builder-dr failover start --confirm ${known[0]}, or look at \`builder-dr failover status\`.`,
    });
  }
  const final = run.kind === 'switchover' ? points.find((each) => each.id === run.finalPoint) : undefined;
  return updateRun(ports, run, (now) => resumed(now, request, final?.state === 'failed', ports.clock()));
}

async function failoverMeant(ports: AdvancePorts): Promise<ProductionRun> {
  const [run] = failoversInOrder((await readRuns(ports.vault)).runs);
  if (run) return run;
  throw new DrError('RUN_UNKNOWN', 'there is no failover', {
    hint: '`builder-dr failover plan` shows what one would do.',
  });
}

export type AbortReport = { run: ProductionRun; kept: string[]; remove: string[] };

/** What serves is neither called off nor named to be removed. */
function requireNotCutOver(run: ProductionRun): void {
  if (!isCutOver(run)) return;
  throw new DrError('BAD_USAGE', `failover ${run.id} is ${run.state}: the DR site is in force already`, {
    subject: run.id,
    hint: 'Going back is a failback: `builder-dr failback plan`.',
  });
}

/** Calls a failover off, before the cut-over only: takes the fence away and keeps what was restored. */
export async function abortFailover(ports: AdvancePorts, policy: Policy): Promise<AbortReport> {
  const run = await failoverMeant(ports);
  requireNotCutOver(run);
  const aborted = await updateRun(ports, run, (now) =>
    isOver(now) || isCutOver(now) ? now : abort(now, ports.clock(), 'called off by the operator'),
  );
  // It may have gone on while this waited.
  requireNotCutOver(aborted);
  const kept = await tagKept(ports, aborted);
  const pass = await beginPass(ports, policy);
  const lifted = await tell(pass, await keepFence(pass, aborted));
  await unpinPoints(pass, lifted);
  await ports.signals.setTick(true);
  const { drRegion } = ports.site;
  const remove = kept.map((each) => removal(each.name, drRegion, each.deletionProtection).join(' && '));
  return { run: lifted, kept: kept.map((each) => each.name), remove };
}

async function tagKept(ports: AdvancePorts, run: ProductionRun): Promise<RestoredInstance[]> {
  const kept: RestoredInstance[] = [];
  for (const { instance } of run.attempts) {
    const found = await ports.instances.status(instance);
    if (found?.tags[RUN_TAG] !== runKey(run)) continue;
    await ports.instances.tag(found.arn, { [ROLE_TAG]: 'aborted' });
    kept.push(found);
  }
  return kept;
}

/** Takes the fence of a failover that is neither in hand nor in force away, again until it is gone. */
export async function unfence(
  ports: AdvancePorts,
  policy: Policy,
): Promise<{ run: ProductionRun; report: AdvanceReport }> {
  const run = await failoverMeant(ports);
  const { direction, failover } = await readDirection(ports.vault);
  if (isMoving(run) || run.state === 'blocked' || (direction !== 'primary→dr' && failover === run.id)) {
    throw new DrError('BAD_USAGE', `failover ${run.id} is ${run.state}: its fence keeps two sites from taking writes`, {
      subject: run.id,
      hint: 'Call it off first (`builder-dr failover abort`), or go back by `builder-dr failback plan`.',
    });
  }
  await updateRun(ports, run, (now) => (now.fence.wanted ? { ...now, fence: { ...now.fence, wanted: false } } : now));
  const report = await advance(ports, policy);
  return { run: await readRunAgain(ports.vault, run), report };
}
