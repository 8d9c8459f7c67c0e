import { type CommandArguments, commandLine } from '../../core/command-line.ts';
import type { Point } from '../../core/points/documents.ts';
import type { Policy } from '../../core/policy.ts';
import type { AdvancePorts, Ports } from '../../core/ports/all.ts';
import { isOver, noteError, plannedRun, releaseArguments } from '../../core/recovery/lifecycle.ts';
import type { ClassesSeen } from '../../core/recovery/orderable.ts';
import { type Candidate, candidateRow, type PlanStep, restorePlan } from '../../core/recovery/plan.ts';
import { leftOut, rejectedPoints } from '../../core/recovery/rejected.ts';
import { resumed } from '../../core/recovery/resumed.ts';
import { isProduction, type ProductionRun, type Run, runSchema, type StartRequest } from '../../core/recovery/run.ts';
import { finalPointOf, needsOperator } from '../../core/recovery/stuck.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { advancePass } from '../advance.ts';
import { attempt, beginPass, type Pass } from '../pass.ts';
import { readDirection, requireFlow } from '../vault/direction.ts';
import { type Unreadable, updateDocument } from '../vault/documents.ts';
import { readPoints } from '../vault/points.ts';
import { announceRun, readRunAgain, readRuns, runKey, updateRun } from '../vault/runs.ts';
import { readAvailableCopies, readCandidates } from './candidates.ts';
import { classesForPlan } from './classes.ts';
import { chosenAgain, confirmedCandidates, knownTo } from './confirmed-candidates.ts';
import { whoIsInHand } from './in-hand.ts';
import { BEFORE_UNKNOWN, otherStack, otherStackAccepted } from './reverse.ts';
import { takeAgain, takeInHand } from './take-in-hand.ts';

/** `confirm`: undefined until the operator has read the plan, and is refused then. */
export type FailoverRequest =
  | StartRequest
  | (Pick<StartRequest, Exclude<keyof StartRequest, 'confirm'>> & { confirm: undefined });

/** `release`: what takes it out of hand, where its record cannot be read or it waits for its operator. */
export type Held = { id: string; state: string; release: CommandArguments | null };

export type FailoverPlan = {
  /** What to pass as `confirm`. */
  confirm: string | null;
  /** The request that starts what is planned here. */
  start: StartRequest | null;
  candidates: Candidate[];
  /** Rejected by the last run that restored them. */
  leftOut: Candidate[];
  steps: PlanStep[];
  /** Which classes RDS would take now. */
  classes: ClassesSeen;
  /** Why it is started as accepted only, which `start` says, and what to do before; null where nothing stands in the way. */
  unknown: { problem: string; doFirst: string } | null;
  /** A failover that is in hand already. */
  inHand: Held | null;
  /** Documents that cannot be read: points and runs that do not count, inventories of points that are left out. */
  unreadable: Unreadable[];
};

/**
 * The candidates side by side, and the steps. Nothing is started, and only the DR site is asked, and the vault of the other
 * direction where there is one.
 */
export async function planFailover(
  ports: AdvancePorts & Pick<Ports, 'offers' | 'reverseVault'>,
  policy: Policy,
  request: { point: string; planned: boolean },
): Promise<FailoverPlan> {
  const now = ports.clock();
  const { points, unreadable: brokenPoints } = await readPoints(ports.vault);
  const { runs, unreadable: brokenRuns } = await readRuns(ports.vault);
  const copies = await readAvailableCopies(ports);
  const rejections = rejectedPoints(points, runs, now);
  const found = await readCandidates(ports, request.point, points, copies, rejections);
  const { candidates, unreadable: brokenLists } = found;
  const { inHand } = await readDirection(ports.vault);
  const row = (each: Point): Candidate => candidateRow(each, now, rejections);
  const stands = { runs, points, unreadable: brokenRuns };
  const confirm = candidates[0]?.id ?? null;
  const { point, planned } = request;
  const held = inHand ? heldOf(inHand.run, stands, policy, now) : null;
  // One in hand is resumed, whatever the other direction says.
  const unknown = held ? null : await unknownBefore(ports);
  const acceptUnfenced = unknown !== null;
  return {
    confirm,
    start: confirm === null ? null : { point, confirm, planned, acceptUnfenced, acceptFindings: false },
    unknown,
    candidates: candidates.map(row),
    leftOut: leftOut(request.point, points, candidates, rejections).map(row),
    steps: restorePlan(candidates[0], 'production', policy, runs, now, {
      planned,
      dns: ports.cutOver.dns !== undefined,
    }),
    classes: await classesForPlan(ports, policy, candidates[0]),
    inHand: held,
    unreadable: [...brokenPoints, ...brokenRuns, ...brokenLists],
  };
}

async function unknownBefore(ports: Pick<Ports, 'reverseVault'>): Promise<FailoverPlan['unknown']> {
  const other = await otherStack(ports);
  return 'unknown' in other ? { problem: other.unknown, doFirst: BEFORE_UNKNOWN } : null;
}

/** The failover that the direction names; null where it names none that binds anybody. */
function heldOf(
  id: string,
  { runs, points, unreadable }: { runs: Run[]; points: Point[]; unreadable: Unreadable[] },
  policy: Policy,
  now: Date,
): Held | null {
  const release = releaseArguments(id);
  if (unreadable.some(({ key }) => key === vaultKeys.run('failovers', id))) return { id, state: 'unreadable', release };
  const run = runs.filter(isProduction).find((each) => each.id === id && !isOver(each));
  if (!run) return null;
  const waits = needsOperator(run, policy, now, finalPointOf(run, points));
  return { id, state: run.state, release: waits ? release : null };
}

/** Starts a failover, or resumes the one in hand; then takes it as far as it can go. Calling it again is always safe. */
export async function startFailover(
  ports: AdvancePorts & Pick<Ports, 'reverseVault'>,
  policy: Policy,
  request: FailoverRequest,
): Promise<ProductionRun> {
  const pass = await beginPass(ports, policy);
  const { run: inHand } = await whoIsInHand(pass);
  const run = inHand ? await resumeFailover(pass, inHand, request) : await beginFailover(pass, request, ports);
  pass.runs = [...pass.runs.filter((each) => runKey(each) !== runKey(run)), run];
  await attempt(pass, 'tick', () => ports.signals.setTick(true));
  try {
    await advancePass(pass);
  } catch (error) {
    // What failed is in its own record; the failover that was asked for is started, and its record is the answer.
    if (!hasCode(error, 'PARTIAL_FAILURE')) throw error;
    ports.log.warn('not everything could advance', { error: describeError(error) });
  }
  return withErrors(pass, await readRunAgain(pass.ports.vault, run));
}

/** What failed beside it is in the answer and, while it is not over, in its record: whoever asked for it hears of that. */
async function withErrors({ ports, errors }: Pass, run: ProductionRun): Promise<ProductionRun> {
  const messages = errors.filter(({ id }) => id !== run.id).map(({ id, error }) => `${id}: ${describeError(error)}`);
  const noting = (now: ProductionRun): ProductionRun =>
    messages
      .filter((message) => !now.errors.some((each) => each.message === message))
      .reduce((sum, message) => noteError(sum, message, ports.clock()), now);
  if (messages.length === 0) return run;
  try {
    return noting(await updateRun(ports, run, (now) => (isOver(now) ? now : noting(now))));
  } catch (error) {
    ports.log.warn('what failed beside a failover is not in its record', { run: run.id, error: describeError(error) });
    return noteError(noting(run), describeError(error), ports.clock());
  }
}

/** In hand first, its record then: one that dies in between leaves a field that names no record, which binds nobody. */
async function beginFailover(
  pass: Pass,
  request: FailoverRequest,
  { reverseVault }: Pick<Ports, 'reverseVault'>,
): Promise<ProductionRun> {
  const { ports, policy } = pass;
  requireFlow(await readDirection(ports.vault), 'primary→dr');
  const { point, acceptFindings, acceptUnfenced, planned } = request;
  const begun: ProductionRun = planned
    ? plannedRun({ kind: 'switchover', point, acceptFindings }, ports.clock(), [], policy)
    : plannedRun({ kind: 'failover', point, acceptFindings, acceptUnfenced }, ports.clock(), [], policy);
  const candidates = await confirmedCandidates(pass, request, runKey(begun));
  const other = await otherStackAccepted({ log: ports.log, site: ports.site, reverseVault }, request);
  const hand = await takeInHand(pass, begun.id, other.epoch);
  if ('other' in hand) return hand.other;
  const { epoch, attempt } = hand.inHand;
  const taken: ProductionRun = { ...begun, candidates, taken: { epoch, attempt } };
  const run = other.unknown ? noteError(taken, `accepted: ${other.unknown}`, ports.clock()) : taken;
  const { before, after } = await updateDocument<Run>(ports.vault, runKey(run), runSchema, (now) => now ?? run);
  if (!before) await announceRun(ports, run);
  // Overtaken before its record was there, it ends at its first step.
  return after && isProduction(after) ? after : run;
}

async function resumeFailover(pass: Pass, run: ProductionRun, request: FailoverRequest): Promise<ProductionRun> {
  const { ports, points, policy } = pass;
  const choice = await chosenAgain(pass, run, request);
  const known = knownTo(run);
  if (!choice && !known.includes(request.confirm ?? '')) {
    const waits = needsOperator(run, policy, ports.clock(), finalPointOf(run, points));
    const anew = waits
      ? ` To begin another one instead, first: ${commandLine(releaseArguments(run.id), ports.site.configFile)}.`
      : '';
    throw new DrError('NOT_CONFIRMED', `failover ${run.id} is in hand (${run.state}) with points ${known.join(', ')}`, {
      subject: run.id,
      hint: `Say: builder-dr failover start --confirm ${known[0]}, or look at \`builder-dr failover status\`.${anew}`,
    });
  }
  const final = run.kind === 'switchover' ? points.find((each) => each.id === run.finalPoint) : undefined;
  const taken = await takeAgain(pass, run);
  return updateRun(ports, run, (now) => ({
    ...resumed(now, { ...request, choice }, final?.state === 'failed', ports.clock()),
    taken: taken.attempt < (now.taken?.attempt ?? 0) ? now.taken : taken,
  }));
}
