import { DrError } from '../../errors.ts';
import type { Finding } from '../findings.ts';
import { addMinutes, divergedSnapshotName, pointIdAt } from '../ids.ts';
import type { Point } from '../points/documents.ts';
import { isProtected, newestFirst } from '../points/point.ts';
import type { Policy } from '../policy.ts';
import type { Attempt, Recovery, RecoveryState } from './documents.ts';

type Table = Partial<Record<RecoveryState, readonly RecoveryState[]>>;

const drillTable: Table = {
  planned: ['restoring', 'failed'],
  restoring: ['inspecting', 'cleaning-up'],
  inspecting: ['verifying', 'cleaning-up'],
  verifying: ['cleaning-up'],
  'cleaning-up': ['passed', 'failed'],
};
const beforeCutOver: readonly RecoveryState[] = ['blocked', 'aborted', 'failed'];
const failoverTable: Table = {
  planned: ['fencing', ...beforeCutOver],
  fencing: ['capturing-final', 'restoring', ...beforeCutOver],
  'capturing-final': ['restoring', ...beforeCutOver],
  restoring: ['inspecting', 'restoring', ...beforeCutOver],
  inspecting: ['healing+verifying', 'restoring', ...beforeCutOver],
  'healing+verifying': ['cutting-over', 'restoring', ...beforeCutOver],
  blocked: ['fencing', 'restoring', 'healing+verifying', 'aborted'],
  'cutting-over': ['smoke-testing'],
  'smoke-testing': ['done'],
};

export const isDrill = (run: Recovery): boolean => run.schema === 'drill/1';
const over: readonly RecoveryState[] = ['passed', 'failed', 'done', 'aborted'];

/** Whether the run has ended; a blocked failover waits for its operator and has not. */
export const isOver = (run: Recovery): boolean => over.includes(run.state);
/** Whether `advance` has something to do for the run itself (its fence is another matter). */
export const isMoving = (run: Recovery): boolean => !isOver(run) && run.state !== 'blocked';
/** Whether a failover has become the truth: the direction is changed by it. */
export const isCutOver = (run: Recovery): boolean => ['cutting-over', 'smoke-testing', 'done'].includes(run.state);

/** Moves a run on and notes when and why. Throws ILLEGAL_TRANSITION. */
export function move(run: Recovery, to: RecoveryState, now: Date, why: string): Recovery {
  const table = isDrill(run) ? drillTable : failoverTable;
  if (!table[run.state]?.includes(to)) {
    throw new DrError('ILLEGAL_TRANSITION', `${run.schema} ${run.id} cannot go from ${run.state} to ${to}`, {
      hint: 'This is a defect in the product; the document was left as it is.',
    });
  }
  return { ...run, state: to, history: [...run.history, { at: now.toISOString(), state: to, why }] };
}

export type Wanted = Recovery['wanted'];

/** The record of a new run, named by its request time to the second. */
export function plannedRun(kind: 'drill' | 'failover', at: Date, wanted: Wanted, candidates: string[], policy: Policy) {
  const drill = kind === 'drill';
  const run: Recovery = {
    schema: drill ? 'drill/1' : 'failover/1',
    id: pointIdAt(at),
    requestedAt: at.toISOString(),
    state: 'planned',
    wanted,
    candidates,
    attempts: [],
    findings: [],
    errors: [],
    history: [{ at: at.toISOString(), state: 'planned', why: drill ? 'a drill was asked for' : 'started by hand' }],
    ...(drill ? { deadlineAt: addMinutes(at, policy.drillDeadlineMinutes).toISOString() } : {}),
    ...(drill ? {} : { fence: { wanted: true, database: {}, bucket: {} } }),
  };
  return run;
}

/**
 * The points that a run for `wanted` may use, the best first: the newest that is protected and has its copy, then
 * the older ones, down to the newest proven one. A point asked for by its id is the only one.
 * Throws POINT_UNKNOWN, or BAD_USAGE when that point cannot be restored.
 */
export function candidatesFor(wanted: string, points: Point[], available: ReadonlySet<string>): Point[] {
  const restorable = newestFirst(points.filter((each) => isProtected(each) && available.has(each.id)));
  if (wanted === 'latest') {
    const proven = restorable.findIndex((each) => each.state === 'proven');
    return proven === -1 ? restorable : restorable.slice(0, proven + 1);
  }
  const known = points.find((each) => each.id === wanted);
  if (!known) {
    throw new DrError('POINT_UNKNOWN', `no recovery point ${wanted}`, { hint: '`builder-dr points` lists them.' });
  }
  if (restorable.includes(known)) return [known];
  throw new DrError('BAD_USAGE', `point ${wanted} is ${known.state} and cannot be restored`, {
    hint: '`builder-dr failover plan` lists the points that can be.',
  });
}

/** The attempt that is being worked on. */
export function current(run: Recovery): Attempt {
  const found = run.attempts.at(-1);
  if (found) return found;
  throw new DrError('ILLEGAL_TRANSITION', `${run.schema} ${run.id} is ${run.state} without an attempt`);
}

/** Changes the attempt that is being worked on. */
export function withAttempt(run: Recovery, change: Partial<Attempt>): Recovery {
  return { ...run, attempts: [...run.attempts.slice(0, -1), { ...current(run), ...change }] };
}

/** Names of restored instances. A drill's begin with what the roles may delete; a failover's do not. */
function instanceName(run: Recovery): string {
  if (isDrill(run)) return `hbdr-drill-${run.id}`;
  return run.attempts.length === 0 ? `hbdr-failover-${run.id}` : `hbdr-failover-${run.id}-${run.attempts.length + 1}`;
}

/** Begins with the next candidate; a run without one is over (a drill) or waits for its operator (a failover). */
export function nextCandidate(run: Recovery, now: Date, why: string): Recovery {
  const [point, ...candidates] = run.candidates;
  if (point === undefined) return withoutCandidate(run, now, why);
  const { diverged } = run.wanted;
  const snapshot = diverged === undefined ? {} : { snapshot: divergedSnapshotName(diverged) };
  const attempts = [...run.attempts, { point, instance: instanceName(run), findings: [], ...snapshot }];
  return move({ ...run, candidates, attempts }, 'restoring', now, `${why}: point ${point}`);
}

function withoutCandidate(run: Recovery, now: Date, why: string): Recovery {
  if (isDrill(run)) return move(run, 'failed', now, `${why}: no point can be restored`);
  const tried = run.attempts.find((each) => each.inspection?.doneAt)?.point;
  return block(
    run,
    now,
    `${why}: no other point is left`,
    tried
      ? `see the findings, heal what can be healed and start again, or take the point as it is: {"action":"start","confirm":"${tried}","point":"${tried}","acceptFindings":true}`
      : 'make a point restorable (builder-dr points), then {"action":"start"} again',
  );
}

export function block(run: Recovery, now: Date, reason: string, resumeWith: string): Recovery {
  return { ...move(run, 'blocked', now, reason), blocked: { at: now.toISOString(), reason, resumeWith } };
}

/** The attempt is no good: a failover takes the next older candidate, a drill cleans up. */
export function reject(run: Recovery, now: Date, why: string): Recovery {
  const rejected = withAttempt(run, { outcome: 'rejected', why });
  if (isDrill(run)) return move(rejected, 'cleaning-up', now, why);
  return nextCandidate(rejected, now, `point ${current(run).point} was rejected (${why})`);
}

/** Notes an error once; the same one again changes nothing. */
export function noteError(run: Recovery, message: string, now: Date): Recovery {
  if (run.errors.at(-1)?.message === message) return run;
  return { ...run, errors: [...run.errors.slice(-19), { at: now.toISOString(), message }] };
}

/** All that was found, each once. */
export function allFindings(run: Recovery): Finding[] {
  return [...run.findings, ...run.attempts.flatMap((each) => each.findings)] as Finding[];
}

/** Seconds spent in each state, the time blocked not counted. States that came twice are added up. */
export function phaseSeconds(run: Recovery, now: Date): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [index, { at, state }] of run.history.entries()) {
    if (over.includes(state) || state === 'blocked') continue;
    const next = run.history[index + 1]?.at ?? now.toISOString();
    const seconds = (new Date(next).getTime() - new Date(at).getTime()) / 1000;
    found[state] = Number(((found[state] ?? 0) + seconds).toFixed(1));
  }
  return found;
}

/** From "go" to the answer: the whole run but for the time blocked and the cleaning up. */
export function rtoSeconds(run: Recovery, now: Date): number {
  const phases = Object.entries(phaseSeconds(run, now)).filter(([name]) => name !== 'cleaning-up');
  return Number(phases.reduce((sum, [, seconds]) => sum + seconds, 0).toFixed(1));
}
