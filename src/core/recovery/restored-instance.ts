import { finding } from '../findings.ts';
import type { RestoredInstance } from '../ports/recovery.ts';
import type { Attempt } from './documents.ts';
import { engineChange, sameMajor } from './engine.ts';
import { isUsable, meaningOf } from './instance-states.ts';
import { instanceName } from './kinds.ts';
import { block, current, move, noteError, reject, withAttempt } from './lifecycle.ts';
import { isProduction, type Run } from './run.ts';

/** What the instance of the current attempt says of itself. All of these may be applied twice. */

/** Each state counts as progress once: an instance that flaps gets nowhere. */
export function stateNoted<R extends Run>(run: R, status: string, now: Date): R {
  const { states = {} } = current(run);
  return status in states ? run : withAttempt(run, { states: { ...states, [status]: now.toISOString() } });
}

/** The name is taken by what did not come up: the same point again, of the next class and under another name. */
function classLost<R extends Run>(run: R, { className, status }: RestoredInstance, now: Date): R {
  const { point, restore } = current(run);
  const before = (restore?.refused ?? []).filter((each) => each.className !== className);
  const refused = [...before, { className, why: status }];
  const rejected = withAttempt(run, { outcome: 'rejected', why: `RDS reports ${className} as ${status}` });
  const next: Attempt = {
    point,
    instance: instanceName(rejected),
    findings: [],
    restore: { askedAt: now.toISOString(), className: '', refused },
  };
  const attempts = [...rejected.attempts, next];
  return move({ ...rejected, attempts }, 'restoring', now, `${className} is ${status}: the next class, point ${point}`);
}

/** Whether it is beyond hope, and what follows from that; undefined while it is not. */
export function lost<R extends Run>(run: R, facts: RestoredInstance | undefined, now: Date): R | undefined {
  // What was looked into is no more: its point is not taken as it is, but restored anew.
  const dead = (why: string): R => reject(withAttempt(run, { inspection: undefined }), now, why);
  if (!facts) return dead('the restored instance is gone');
  const meaning = meaningOf(facts.status);
  if (meaning === 'no-capacity') return classLost(run, facts, now);
  return meaning === 'dead' ? dead(`RDS reports the restored instance as ${facts.status}`) : undefined;
}

/**
 * Another major version than the snapshot's proves nothing. RDS would do the same to every point of that engine: those
 * are not tried, and with none of another engine an operator decides over the instance that is up.
 */
function otherEngine<R extends Run>(
  run: R,
  why: string,
  expected: string,
  engineOf: (point: string) => string,
  now: Date,
) {
  if (!isProduction(run)) return reject(run, now, why);
  const candidates = run.candidates.filter((each) => !sameMajor(engineOf(each), expected));
  if (candidates.length > 0) return reject({ ...run, candidates }, now, why);
  const { point } = current(run);
  const others = run.candidates.length > 0 ? 'every other point is of the same engine' : 'there is no other point';
  const doFirst =
    'find out whether Builder runs on that version; started as below, the instance that is up is taken as it is';
  return block(run, now, `${why}; ${others}`, doFirst, { point, confirm: point, acceptFindings: true });
}

/** A restored instance that can be connected to, of the engine of its snapshot or a newer minor version of it. */
export function instanceSeen<R extends Run>(
  run: R,
  facts: RestoredInstance,
  engineOf: (point: string) => string,
  now: Date,
): R {
  if (run.state !== 'restoring' || current(run).available) return run;
  const over = lost(run, facts, now);
  if (over) return over;
  const { engineVersion, host, port, masterUser, className } = facts;
  if (!isUsable(facts.status) || host === undefined || port === undefined) return stateNoted(run, facts.status, now);
  const expected = engineOf(current(run).point);
  const change = engineChange(engineVersion, expected);
  const why = `the restored engine is ${engineVersion}, the snapshot's was ${expected}`;
  const accepted = isProduction(run) && run.acceptFindings;
  if (change === 'major' && !accepted) return otherEngine(run, why, expected, engineOf, now) as R;
  return withAttempt(run, {
    available: { at: now.toISOString(), engineVersion, host, port, masterUser, className },
    findings: change === 'none' ? [] : [finding('ENGINE_UPGRADED', facts.name, why)],
  });
}

/** RDS takes no password in this state: it is waited for, unless it will never come. */
export function passwordRefused<R extends Run>(
  run: R,
  facts: RestoredInstance | undefined,
  message: string,
  now: Date,
): R {
  if (run.state !== 'restoring' || current(run).password) return run;
  const over = lost(run, facts, now);
  if (over || !facts) return over ?? run;
  return noteError(stateNoted(run, facts.status, now), `${message} (the instance is ${facts.status})`, now);
}

/** The instance can be connected to and nothing is pending: it can be looked into. */
export function passwordSettled<R extends Run>(run: R, facts: RestoredInstance | undefined, now: Date): R {
  const { password } = current(run);
  if (run.state !== 'restoring' || !password) return run;
  const over = lost(run, facts, now);
  if (over || !facts) return over ?? run;
  if (facts.pending || !isUsable(facts.status)) return stateNoted(run, facts.status, now);
  const settled = withAttempt(run, { password: { ...password, settledAt: now.toISOString() } });
  return move(settled, 'inspecting', now, `the instance is ${facts.status}, as ${facts.className}`);
}
