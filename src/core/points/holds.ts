import { DrError } from '../../errors.ts';
import { minutesBetween, waitedMinutes } from '../ids.ts';
import { kinds } from '../recovery/kinds.ts';
import { isOver } from '../recovery/lifecycle.ts';
import type { Run } from '../recovery/run.ts';
import { vaultKeys } from '../vault-layout.ts';
import type { Point } from './documents.ts';

/** A start writes its pin first and its run right after; a pin whose run never came is nobody's after this. */
const START_MINUTES = 60;

const keyOf = ({ kind, id }: Run): string => vaultKeys.run(kinds[kind].folder, id);

/** A pin that is older is set anew: the start that set it died, and its run comes only now. */
const PIN_FRESH_MINUTES = START_MINUTES / 2;

/** The point, used by this run from now on; as it is when it has expired, or was pinned by it a moment ago. */
export function pinned(point: Point, run: string, now: Date): Point {
  const { pins = [] } = point;
  const isFresh = pins.some((each) => each.run === run && waitedMinutes(each.at, now) < PIN_FRESH_MINUTES);
  if (point.state === 'expired' || isFresh) return point;
  return { ...point, pins: [...pins.filter((each) => each.run !== run), { run, at: now.toISOString() }] };
}

/** The point without the pins of these runs. */
export function unpinned(point: Point, runs: readonly string[]): Point {
  const { pins = [], ...rest } = point;
  const left = pins.filter((each) => !runs.includes(each.run));
  if (point.state === 'expired' || left.length === pins.length) return point;
  return left.length > 0 ? { ...rest, pins: left } : rest;
}

/** The pins that count no more: their run is over, or never came. */
export function pinsOver(point: Point, runs: Run[], now: Date): string[] {
  const inForce = pinsInForce(point, runs, now);
  return (point.pins ?? []).flatMap(({ run }) => (inForce.includes(run) ? [] : [run]));
}

/** Who pins the point, of these runs, which are all there are; a run that is over pins nothing, nor one that never came. */
export function pinsInForce({ pins = [] }: Point, runs: Run[], now: Date): string[] {
  return pins.flatMap(({ run, at }) => {
    const known = runs.find((each) => keyOf(each) === run);
    const counts = known ? !isOver(known) : minutesBetween(at, now) < START_MINUTES;
    return counts ? [run] : [];
  });
}

/** The hold that is in force; one that has lapsed is none. */
export function holdInForce({ hold }: Point, now: Date): Point['hold'] {
  return hold && new Date(hold.until) > now ? hold : undefined;
}

/** The point, kept until then. BAD_USAGE when it has expired, or the time is over. */
export function held(point: Point, reason: string, until: Date, now: Date): Point {
  if (point.state === 'expired') {
    throw new DrError('BAD_USAGE', `point ${point.id} has expired and can no longer be held`, {
      subject: point.id,
      hint: '`builder-dr points` lists those that can be.',
    });
  }
  if (until <= now) {
    throw new DrError('BAD_USAGE', `a hold until ${until.toISOString()} would be over already`, {
      subject: point.id,
      hint: 'Give --until a day or an instant to come, as 2027-01-31.',
    });
  }
  return { ...point, hold: { reason, at: now.toISOString(), until: until.toISOString() } };
}

export function released(point: Point): Point {
  if (point.state === 'expired' || !point.hold) return point;
  const { hold: _over, ...rest } = point;
  return rest;
}
