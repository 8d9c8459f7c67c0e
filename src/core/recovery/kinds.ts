import { divergedSnapshotName, snapshotName } from '../ids.ts';
import type { RestoreTarget } from './restore-request.ts';
import { isProduction, isRealDrill, type Run, type RunKind, type RunState } from './run.ts';

type Transitions = Partial<Record<RunState, readonly RunState[]>>;

const scratch: Transitions = {
  planned: ['restoring', 'failed'],
  restoring: ['inspecting', 'restoring', 'cleaning-up'],
  inspecting: ['verifying', 'cleaning-up'],
  verifying: ['cleaning-up'],
  'cleaning-up': ['passed', 'failed'],
};
const beforeCutOver: readonly RunState[] = ['blocked', 'aborted', 'failed'];
const failover: Transitions = {
  planned: ['fencing', ...beforeCutOver],
  fencing: ['restoring', ...beforeCutOver],
  restoring: ['inspecting', 'restoring', ...beforeCutOver],
  inspecting: ['healing+verifying', 'restoring', ...beforeCutOver],
  'healing+verifying': ['cutting-over', 'restoring', ...beforeCutOver],
  blocked: ['fencing', 'restoring', 'inspecting', 'healing+verifying', 'aborted'],
  // Only while its own swap of the direction does not stand.
  'cutting-over': ['smoke-testing', 'healing+verifying', 'aborted'],
  'smoke-testing': ['done'],
};
const switchover: Transitions = {
  ...failover,
  fencing: ['capturing-final', 'restoring', ...beforeCutOver],
  'capturing-final': ['restoring', ...beforeCutOver],
};

type KindFacts = {
  /** What people call it. */
  title: string;
  /** What messages and events call it. */
  topic: 'drill' | 'alarm' | 'failover';
  event: 'drill.state-changed' | 'failover.state-changed';
  folder: 'drills' | 'failovers';
  /** A scratch instance is small, deletable, and deleted; production's is kept. */
  target: 'scratch' | 'production';
  transitions: Transitions;
  /** States that people are told of. */
  told: readonly RunState[];
  begins: string;
};

const scratchFacts = {
  topic: 'drill',
  event: 'drill.state-changed',
  folder: 'drills',
  target: 'scratch',
  transitions: scratch,
  told: ['passed', 'failed'],
  begins: 'a drill was asked for',
} as const;
const productionFacts = {
  topic: 'failover',
  event: 'failover.state-changed',
  folder: 'failovers',
  target: 'production',
  told: ['fencing', 'restoring', 'blocked', 'cutting-over', 'done', 'aborted', 'failed'],
  begins: 'started by hand',
} as const;

/** Where the kinds of runs differ, but for what only one of them has. */
export const kinds: Readonly<Record<RunKind, KindFacts>> = {
  drill: { ...scratchFacts, title: 'drill' },
  'alarm-test': { ...scratchFacts, title: 'alarm test', topic: 'alarm' },
  'look-back': { ...scratchFacts, title: 'drill' },
  failover: { ...productionFacts, title: 'failover', transitions: failover },
  switchover: { ...productionFacts, title: 'failover', transitions: switchover },
};

/** What people call it, and which kind of drill it is. */
export const titleOf = (run: Run): string => (isRealDrill(run) ? 'real drill' : kinds[run.kind].title);

/** What its restores are like. */
export const targetOf = (run: Run): RestoreTarget => (isRealDrill(run) ? 'real' : kinds[run.kind].target);

/** The name of the next attempt's instance. A scratch one's begin with what the roles may delete; production's do not. */
export function instanceName(run: Run): string {
  const name = `${kinds[run.kind].target === 'scratch' ? 'hbdr-drill' : 'hbdr-failover'}-${run.id}`;
  return run.attempts.length === 0 ? name : `${name}-${run.attempts.length + 1}`;
}

/** Which start of the run it is: what was seen before its operator mended something and started it again is old. */
export const startOf = (run: Run): number => (isProduction(run) ? (run.taken?.attempt ?? 1) : 1);

/**
 * By what reports and lists of a look into the current attempt's instance are named: kind, run, attempt, and which start of
 * the run it is. No two looks share a name: a drill and a failover may begin in one second, and what an operator has mended
 * is looked at anew.
 */
export function lookName(run: Run): string {
  const start = startOf(run);
  return `${run.kind}-${run.id}-${run.attempts.length}${start > 1 ? `-start-${start}` : ''}`;
}

/** The snapshot that a run restores for this point. */
export function snapshotOf(run: Run, point: string): string {
  return run.kind === 'look-back' ? (run.snapshot ?? divergedSnapshotName(run.failover)) : snapshotName(point);
}
