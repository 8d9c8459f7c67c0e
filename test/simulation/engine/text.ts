import type { Action, History, RunAction } from './history.ts';
import type { Outcome } from './play.ts';
import { keyOf } from './pool.ts';

const ALL = 5_000;

function ofRun({ job, skewMs, faults }: RunAction): string {
  const clock = Math.abs(skewMs) > 1_000 ? `, its clock ${(skewMs / 3_600_000).toFixed(1)} hours off` : '';
  const told = faults.map(({ at, kind }) => `${kind} at call ${at}`).join(', ');
  return `begin ${job}${clock}${told ? ` (${told})` : ''}`;
}

function textOf(action: Action): string {
  switch (action.do) {
    case 'run':
      return ofRun(action);
    case 'work':
      return action.steps >= ALL
        ? `all go on to their ends (order ${action.order})`
        : `${action.steps} calls of whoever waits (order ${action.order})`;
    case 'pass':
      return `${action.minutes} minutes pass`;
    case 'builder':
      return `Builder: ${action.what} ${keyOf(action.pick)}, bytes ${action.variant}`;
    case 'aws':
      return `AWS: ${action.what}`;
    case 'reverse':
      return `the other direction: ${action.what}`;
    case 'site':
      return `the ${action.site} site is ${action.is === 'hole' ? 'a black hole' : action.is}`;
    case 'damage':
      return `damage: ${action.what} (${keyOf(action.pick)}, ${action.pick})`;
  }
}

/** A history as a person reads it. */
export function historyText({ seed, actions }: History): string {
  return [
    `history of seed ${seed}, ${actions.length} actions`,
    ...actions.map((each, n) => `${n + 1}. ${textOf(each)}`),
  ].join('\n');
}

/** What was broken. */
export function violationsText({ violations }: Pick<Outcome, 'violations'>): string {
  return violations
    .map(
      ({ invariant, subject, said, so, step }) => `${invariant} at step ${step}, ${subject}: said ${said}; so: ${so}`,
    )
    .join('\n');
}

/** The last calls before it broke. */
export function logText({ log, violations }: Pick<Outcome, 'log' | 'violations'>, last = 60): string {
  const broken = violations[0]?.step ?? Number.POSITIVE_INFINITY;
  return log
    .filter(({ n }) => n <= broken)
    .slice(-last)
    .map(
      ({ n, at, run, job, call, outcome }) =>
        `${n} ${new Date(at).toISOString().slice(0, 19)} ${job} ${run}: ${call.slice(0, 120)} → ${outcome.slice(0, 160)}`,
    )
    .join('\n');
}
