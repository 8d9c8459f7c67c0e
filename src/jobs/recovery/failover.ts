import type { Point } from '../../core/points/documents.ts';
import type { Policy } from '../../core/policy.ts';
import type { AdvancePorts } from '../../core/ports/all.ts';
import {
  abort,
  candidatesFor,
  failoverInHand,
  isCutOver,
  isMoving,
  isOver,
  move,
  nextCandidate,
  plannedRun,
} from '../../core/recovery/lifecycle.ts';
import { type Candidate, candidateRow, type PlanStep, restorePlan } from '../../core/recovery/plan.ts';
import { ROLE_TAG } from '../../core/recovery/restore-request.ts';
import { isProduction, type ProductionRun, type Run, runSchema, type StartRequest } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { type AdvanceReport, advance, advancePass } from '../advance.ts';
import { beginPass, type Pass } from '../pass.ts';
import { pinPoint } from '../points/pin.ts';
import { readDirection, requireDirection } from '../vault/direction.ts';
import { readAll, updateDocument } from '../vault/documents.ts';
import { readPoints } from '../vault/points.ts';
import { announceRun, readRunAgain, readRuns, runKey, updateRun } from '../vault/runs.ts';
import { readAvailableCopies } from './candidates.ts';
import { keepFence } from './fencing.ts';
import { tell } from './tell.ts';

/** `confirm`: undefined until the operator has read the plan, and is refused then. */
export type FailoverRequest =
  | StartRequest
  | (Pick<StartRequest, Exclude<keyof StartRequest, 'confirm'>> & { confirm: undefined });

export type FailoverPlan = {
  /** What to pass as `confirm`. */
  confirm: string | null;
  candidates: Candidate[];
  steps: PlanStep[];
  /** A failover that is in hand already. */
  inHand: { id: string; state: string } | null;
};

/** The candidates side by side, and the steps. Nothing is started, and only the DR site is asked. */
export async function planFailover(ports: AdvancePorts, policy: Policy, request: { point: string; planned: boolean }) {
  const now = ports.clock();
  const { points } = await readPoints(ports.vault);
  const { runs } = await readRuns(ports.vault);
  const candidates = candidatesFor(request.point, points, await readAvailableCopies(ports));
  const past = runs.filter((each) => ['passed', 'done'].includes(each.state));
  const inHand = failoverInHand(runs);
  const plan: FailoverPlan = {
    confirm: candidates[0]?.id ?? null,
    candidates: candidates.map((each) => candidateRow(each, now)),
    steps: restorePlan(candidates[0], 'production', policy, past, now, {
      planned: request.planned,
      dns: ports.cutOver.dns !== undefined,
    }),
    inHand: inHand ? { id: inHand.id, state: inHand.state } : null,
  };
  return plan;
}

/** The point that a failover now takes, when it is the one that was confirmed. */
function requireConfirmation(request: FailoverRequest, candidates: Point[]): Point {
  const [best] = candidates;
  if (!best) {
    throw new DrError('POINT_UNKNOWN', 'no recovery point can be restored', {
      hint: '`builder-dr points` shows the state of each; a copy that RDS still makes can be waited for.',
    });
  }
  if (request.confirm === best.id) return best;
  throw new DrError(
    'NOT_CONFIRMED',
    `a failover now takes point ${best.id}; confirmed was ${request.confirm ?? 'nothing'}`,
    {
      hint: `Read \`builder-dr failover plan\`, then say: builder-dr failover start --confirm ${best.id}`,
    },
  );
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

/** The points for a failover, the best of them pinned for it. One that expired meanwhile is not the one that was confirmed. */
async function confirmedCandidates(pass: Pass, request: FailoverRequest, key: string): Promise<string[]> {
  const { ports } = pass;
  const copies = await readAvailableCopies(ports);
  for (;;) {
    const candidates = candidatesFor(request.point, pass.points, copies);
    const best = requireConfirmation(request, candidates);
    if (await pinPoint(ports, best.id, key)) return candidates.map((each) => each.id);
    pass.points = pass.points.filter((each) => each.id !== best.id);
  }
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

/** What a blocked failover does next: again from the step that it stopped at. `again`: capture another final point. */
function resumed<R extends ProductionRun>(run: R, request: FailoverRequest, again: boolean, now: Date): R {
  const accepting = {
    ...run,
    acceptFindings: run.acceptFindings || request.acceptFindings,
    ...(run.kind === 'failover' ? { acceptUnfenced: run.acceptUnfenced || request.acceptUnfenced } : {}),
  };
  if (run.state !== 'blocked') return accepting;
  const { blocked: _over, ...unblocked } = accepting;
  const rest = unblocked as R;
  const why = 'resumed by the operator';
  const chosen = run.attempts.find((each) => each.point === request.point) ?? run.attempts.at(-1);
  if (rest.kind === 'switchover' || !chosen) {
    return move(again ? { ...rest, finalPoint: undefined } : rest, 'fencing', now, why);
  }
  const attempts = [...run.attempts.filter((each) => each !== chosen), chosen];
  if (chosen.inspection?.doneAt) return move({ ...rest, attempts }, 'healing+verifying', now, why);
  if (!chosen.outcome) return move({ ...rest, attempts }, 'restoring', now, why);
  // A point whose restore failed is tried again as a new attempt.
  return nextCandidate({ ...rest, candidates: [chosen.point, ...run.candidates] }, now, why);
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

/** The failovers of the catalogue, newest first. */
export async function failoverStatus(ports: AdvancePorts): Promise<ProductionRun[]> {
  const { runs } = await readRuns(ports.vault);
  return runs.filter(isProduction).reverse();
}

async function newest(ports: AdvancePorts): Promise<ProductionRun> {
  const [run] = await failoverStatus(ports);
  if (run) return run;
  throw new DrError('RUN_UNKNOWN', 'there is no failover', {
    hint: '`builder-dr failover plan` shows what one would do.',
  });
}

export type AbortReport = { run: ProductionRun; kept: string[]; remove: string[] };

/** Calls a failover off, before the cut-over only: takes the fence away and keeps what was restored. */
export async function abortFailover(ports: AdvancePorts, policy: Policy): Promise<AbortReport> {
  const run = await newest(ports);
  if (isCutOver(run)) {
    throw new DrError('BAD_USAGE', `failover ${run.id} is ${run.state}: the DR site is in force already`, {
      subject: run.id,
      hint: 'Going back is a failback: `builder-dr failback plan`.',
    });
  }
  const aborted = await updateRun(ports, run, (now) =>
    isOver(now) ? now : abort(now, ports.clock(), 'called off by the operator'),
  );
  const kept = await tagKept(ports, aborted);
  const pass = await beginPass(ports, policy);
  const lifted = await tell(pass, await keepFence(pass, aborted));
  await ports.signals.setTick(true);
  return { run: lifted, kept, remove: kept.map((name) => removal(name, ports.site.drRegion)) };
}

function removal(name: string, region: string): string {
  return `aws rds modify-db-instance --region ${region} --db-instance-identifier ${name} --no-deletion-protection --apply-immediately && aws rds delete-db-instance --region ${region} --db-instance-identifier ${name} --skip-final-snapshot`;
}

async function tagKept(ports: AdvancePorts, run: ProductionRun): Promise<string[]> {
  const kept: string[] = [];
  for (const { instance } of run.attempts) {
    const found = await ports.instances.status(instance);
    if (!found) continue;
    await ports.instances.tag(found.arn, { [ROLE_TAG]: 'aborted' });
    kept.push(instance);
  }
  return kept;
}

/** Takes the fence of a failover that is neither in hand nor in force away, again until it is gone. */
export async function unfence(
  ports: AdvancePorts,
  policy: Policy,
): Promise<{ run: ProductionRun; report: AdvanceReport }> {
  const run = await newest(ports);
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
