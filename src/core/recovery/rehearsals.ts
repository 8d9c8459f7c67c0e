import { phaseSeconds } from './lifecycle.ts';
import type { RestoreTarget } from './restore-request.ts';
import { isProduction, isRealDrill, isScratch, type Run, type RunState } from './run.ts';

/** So many drills, and so many failovers, are read: the newest ones. */
export const RUNS_KNOWN = 30;

const isDrill = (run: Run): boolean => run.kind === 'drill';
const passedReal = (run: Run): boolean => isRealDrill(run) && run.state === 'passed';

export type NextDrill = { real: boolean; why: string };

/**
 * Which kind the next scheduled drill is. Every drill since the last real one that passed counts, passed or failed; a
 * real one that failed is due again, since nothing smaller proves what it did not.
 */
export function nextScheduledDrill(runs: Run[], realEvery: number): NextDrill {
  if (realEvery === 0) return { real: false, why: 'drills.realEvery is 0: none is real' };
  const last = runs.findLast(passedReal);
  const since = runs.slice(last ? runs.indexOf(last) + 1 : 0).filter(isDrill);
  const after = last ? `since real drill ${last.id}` : 'and none of the real thing has passed';
  const why = `${since.length} drills ${after}; of ${realEvery} one is real`;
  if (since.length >= realEvery - 1) return { real: true, why };
  // Alarm tests and look-backs count against what is read: they must not push the drills out of sight.
  const crowded = !last && runs.filter(isScratch).length >= RUNS_KNOWN;
  return { real: crowded, why };
}

/** Times of it are those of a failover. */
const isLikeFailover = (run: Run): boolean => passedReal(run) || (run.kind === 'failover' && run.state === 'done');
const isSmallDrill = (run: Run): boolean => isDrill(run) && !isRealDrill(run) && run.state === 'passed';

/** The run that says how long a failover takes: the last that was like one, else the last small drill that passed. */
export function rtoRun(runs: Run[]): Run | undefined {
  return runs.findLast(isLikeFailover) ?? runs.findLast(isSmallDrill);
}

/** Where a time comes from. */
export type MeasuredBy = {
  kind: 'failover' | 'real drill' | 'small drill';
  run: string;
  /** The class that it ran on. */
  className: string | undefined;
};

export function measuredBy(run: Run): MeasuredBy {
  const kind = isProduction(run) ? 'failover' : isRealDrill(run) ? 'real drill' : 'small drill';
  const { available, restore } = run.attempts.at(-1) ?? {};
  return { kind, run: run.id, className: available?.className ?? restore?.className };
}

/** In words: `real drill 20261122t030000z, on db.m7g.large`. */
export function measuredText({ kind, run, className }: MeasuredBy): string {
  const small = kind === 'small drill';
  return `${small ? 'a ' : ''}${kind}${small ? '' : ` ${run}`}${className ? `${small ? ' of class' : ', on'} ${className}` : ''}`;
}

/** What a drill calls what a failover does under another name. */
const alike: Partial<Record<RunState, RunState>> = {
  verifying: 'healing+verifying',
  'healing+verifying': 'verifying',
};

export type ExpectedTime = { seconds: number; from: MeasuredBy };

/**
 * How long a phase takes: the median of the past runs of the kind that is meant, and only where none of them went
 * through it that of the others.
 */
export function expectedTime(phase: RunState, target: RestoreTarget, past: Run[], now: Date): ExpectedTime | undefined {
  const like = past.filter((run) => isLikeFailover(run) || (run.kind === 'switchover' && run.state === 'done'));
  const small = past.filter(isSmallDrill);
  for (const runs of target === 'scratch' ? [small, like] : [like, small]) {
    const known = runs.flatMap((run) => {
      const phases = phaseSeconds(run, now);
      const seconds = phases[phase] ?? phases[alike[phase] ?? phase];
      return seconds === undefined ? [] : [{ seconds, run }];
    });
    known.sort((a, b) => a.seconds - b.seconds);
    const median = known[Math.floor((known.length - 1) / 2)];
    if (median) return { seconds: median.seconds, from: measuredBy(median.run) };
  }
  return undefined;
}
