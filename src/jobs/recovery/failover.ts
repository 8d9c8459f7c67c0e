import type { Point } from '../../core/points/documents.ts';
import type { Policy } from '../../core/policy.ts';
import type { RecoveryPorts } from '../../core/ports/all.ts';
import { type Recovery, recoverySchema } from '../../core/recovery/documents.ts';
import { type Candidate, candidateRow, type PlanStep, restorePlan } from '../../core/recovery/plan.ts';
import { ROLE_TAG } from '../../core/recovery/restore-request.ts';
import {
  candidatesFor,
  isCutOver,
  isDrill,
  isMoving,
  isOver,
  move,
  nextCandidate,
  plannedRun,
} from '../../core/recovery/run.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { type AdvanceReport, advance } from '../advance.ts';
import { watchDarkness } from '../darkness.ts';
import { readDirection, readPoints, requireDirection, updateDocument } from '../vault/documents.ts';
import { availablePoints } from './candidates.ts';
import { keepFence } from './fencing.ts';
import { announceRun, readRuns, runKey, tell, updateRun } from './runs.ts';

export type FailoverRequest = {
  point: string;
  /** The point that `plan` named: what is confirmed is what is lost. */
  confirm: string | undefined;
  planned: boolean;
  acceptUnfenced: boolean;
  acceptFindings: boolean;
};

export type FailoverPlan = {
  /** What to pass as `confirm`. */
  confirm: string | null;
  candidates: Candidate[];
  steps: PlanStep[];
  /** A failover that is in hand already. */
  inHand: { id: string; state: string } | null;
};

/** The candidates side by side, and the steps. Nothing is started, and only the DR site is asked. */
export async function planFailover(ports: RecoveryPorts, policy: Policy, request: { point: string; planned: boolean }) {
  const now = ports.clock();
  const { points } = await readPoints(ports.vault);
  const { runs } = await readRuns(ports.vault);
  const candidates = candidatesFor(request.point, points, await availablePoints(ports));
  const past = runs.filter((each) => ['passed', 'done'].includes(each.state));
  const inHand = runs.find((each) => !isDrill(each) && !isOver(each));
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

function requireConfirmation(request: FailoverRequest, candidates: Point[]): void {
  const [best] = candidates;
  if (!best) {
    throw new DrError('POINT_UNKNOWN', 'no recovery point can be restored', {
      hint: '`builder-dr points` shows the state of each; a copy that RDS still makes can be waited for.',
    });
  }
  if (request.confirm === best.id) return;
  throw new DrError(
    'NOT_CONFIRMED',
    `a failover now takes point ${best.id}; confirmed was ${request.confirm ?? 'nothing'}`,
    {
      hint: `Read \`builder-dr failover plan\`, then say: builder-dr failover start --confirm ${best.id}`,
    },
  );
}

/** Starts a failover, or resumes the one in hand; then takes it as far as it can go. Calling it again is always safe. */
export async function startFailover(ports: RecoveryPorts, policy: Policy, request: FailoverRequest): Promise<Recovery> {
  const { runs } = await readRuns(ports.vault);
  const inHand = runs.find((each) => !isDrill(each) && !isOver(each));
  const run = inHand ? await resume(ports, inHand, request) : await begin(ports, policy, request);
  await ports.signals.setTick(true);
  try {
    await advance(ports, policy);
  } catch (error) {
    // What failed is in its own record; the failover that was asked for is started, and its record is the answer.
    if (!hasCode(error, 'PARTIAL_FAILURE')) throw error;
    ports.log.warn('not everything could advance', { error: describeError(error) });
  }
  return updateRun(ports, run, (now) => now);
}

async function begin(ports: RecoveryPorts, policy: Policy, request: FailoverRequest): Promise<Recovery> {
  await requireDirection(ports.vault, 'primary→dr');
  const { points } = await readPoints(ports.vault);
  const candidates = candidatesFor(request.point, points, await availablePoints(ports));
  requireConfirmation(request, candidates);
  const { confirm: _confirm, ...wanted } = request;
  const ids = candidates.map((each) => each.id);
  const run = plannedRun('failover', ports.clock(), { ...wanted, alarmTest: false }, ids, policy);
  const { before, after } = await updateDocument(ports.vault, runKey(run), recoverySchema, (now) => now ?? run);
  if (!before) await announceRun(ports, run);
  return giveWay(ports, after ?? run);
}

/** Of two that were started at once the one with the lower id goes on; whoever wrote last sees both. */
async function giveWay(ports: RecoveryPorts, run: Recovery): Promise<Recovery> {
  const { runs } = await readRuns(ports.vault);
  const first = runs.find((each) => !isDrill(each) && !isOver(each));
  if (!first || first.id === run.id) return run;
  await updateRun(ports, run, (now) => {
    if (now.state !== 'planned') return now;
    const why = `failover ${first.id} was faster`;
    const aborted = move(now, 'aborted', ports.clock(), why);
    return aborted.fence ? { ...aborted, fence: { ...aborted.fence, wanted: false } } : aborted;
  });
  return first;
}

/** What a blocked failover does next: again from the step that it stopped at. */
function resumed(run: Recovery, request: FailoverRequest, now: Date): Recovery {
  const { acceptUnfenced, acceptFindings } = request;
  const wanted = {
    ...run.wanted,
    acceptUnfenced: run.wanted.acceptUnfenced || acceptUnfenced,
    acceptFindings: run.wanted.acceptFindings || acceptFindings,
  };
  if (run.state !== 'blocked') return { ...run, wanted };
  const { blocked: _over, ...rest } = run;
  const why = 'resumed by the operator';
  const chosen = run.attempts.find((each) => each.point === request.point) ?? run.attempts.at(-1);
  if (!chosen || run.wanted.planned) return move({ ...rest, wanted }, 'fencing', now, why);
  const attempts = [...run.attempts.filter((each) => each !== chosen), chosen];
  if (chosen.inspection?.doneAt) return move({ ...rest, wanted, attempts }, 'healing+verifying', now, why);
  if (!chosen.outcome) return move({ ...rest, wanted, attempts }, 'restoring', now, why);
  // A point whose restore failed is tried again as a new attempt.
  return nextCandidate({ ...rest, wanted, candidates: [chosen.point, ...run.candidates] }, now, why);
}

async function resume(ports: RecoveryPorts, run: Recovery, request: FailoverRequest): Promise<Recovery> {
  const known = [...run.attempts.map((each) => each.point), ...run.candidates];
  if (!known.includes(request.confirm ?? '')) {
    throw new DrError('NOT_CONFIRMED', `failover ${run.id} is in hand (${run.state}) with points ${known.join(', ')}`, {
      hint: `Say: builder-dr failover start --confirm ${known[0]}, or look at \`builder-dr failover status\`.`,
    });
  }
  return updateRun(ports, run, (now) => resumed(now, request, ports.clock()));
}

/** The failovers of the catalogue, newest first. */
export async function failoverStatus(ports: RecoveryPorts): Promise<Recovery[]> {
  const { runs } = await readRuns(ports.vault);
  return runs.filter((each) => !isDrill(each)).reverse();
}

async function newest(ports: RecoveryPorts): Promise<Recovery> {
  const [run] = await failoverStatus(ports);
  if (run) return run;
  throw new DrError('RUN_UNKNOWN', 'there is no failover', {
    hint: '`builder-dr failover plan` shows what one would do.',
  });
}

export type AbortReport = { run: Recovery; kept: string[]; remove: string[] };

/** Calls a failover off, before the cut-over only: takes the fence away and keeps what was restored. */
export async function abortFailover(ports: RecoveryPorts, policy: Policy): Promise<AbortReport> {
  const run = await newest(ports);
  if (isCutOver(run)) {
    throw new DrError('BAD_USAGE', `failover ${run.id} is ${run.state}: the DR site is the truth already`, {
      hint: 'Going back is a failback: `builder-dr failback plan`.',
    });
  }
  const aborted = await updateRun(ports, run, (now) => {
    if (now.state === 'aborted' || isOver(now)) return now;
    const { blocked: _over, ...rest } = now;
    const called = move(rest, 'aborted', ports.clock(), 'called off by the operator');
    return called.fence ? { ...called, fence: { ...called.fence, wanted: false } } : called;
  });
  const kept = await tagKept(ports, aborted);
  const { ports: guarded, darkness } = watchDarkness(ports);
  const { points } = await readPoints(ports.vault);
  const context = { ports: guarded, policy, darkness, points, rebooted: new Set<string>() };
  const lifted = await tell(context, await keepFence(context, aborted));
  await ports.signals.setTick(true);
  return { run: lifted, kept, remove: kept.map((name) => removal(name, ports.drRegion)) };
}

function removal(name: string, region: string): string {
  return `aws rds modify-db-instance --region ${region} --db-instance-identifier ${name} --no-deletion-protection --apply-immediately && aws rds delete-db-instance --region ${region} --db-instance-identifier ${name} --skip-final-snapshot`;
}

async function tagKept(ports: RecoveryPorts, run: Recovery): Promise<string[]> {
  const kept: string[] = [];
  for (const { instance } of run.attempts) {
    const found = await ports.instances.status(instance);
    if (!found) continue;
    await ports.instances.tag(found.arn, { [ROLE_TAG]: 'aborted' });
    kept.push(instance);
  }
  return kept;
}

/** Takes the fence of a failover that is not the truth away, again until it is gone. */
export async function unfence(ports: RecoveryPorts, policy: Policy): Promise<{ run: Recovery; report: AdvanceReport }> {
  const run = await newest(ports);
  const { direction, failover } = await readDirection(ports.vault);
  if (isMoving(run) || run.state === 'blocked' || (direction !== 'primary→dr' && failover === run.id)) {
    throw new DrError('BAD_USAGE', `failover ${run.id} is ${run.state}: its fence keeps two sites from taking writes`, {
      hint: 'Call it off first (`builder-dr failover abort`), or go back by `builder-dr failback plan`.',
    });
  }
  await updateRun(ports, run, (now) => (now.fence?.wanted ? { ...now, fence: { ...now.fence, wanted: false } } : now));
  const report = await advance(ports, policy);
  return { run: await updateRun(ports, run, (now) => now), report };
}
