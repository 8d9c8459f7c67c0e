import type { Violation } from './truth.ts';

/**
 * Open defects of the product that the simulation finds, by invariant and reason: they are counted apart, and fail nothing. An
 * entry goes as soon as its defect does; `docs/simulation.md` says the same.
 */
const known: { invariant: string; so: RegExp; reason: string }[] = [
  {
    invariant: 'I1',
    so: /^(drills|failovers)\/.* cannot be read/,
    reason: 'readiness names a record of a run that cannot be read, and calls the site recoverable all the same',
  },
];

/** Why a violation is known already; undefined when it is not. */
export function knownReason({ invariant, so }: Pick<Violation, 'invariant' | 'so'>): string | undefined {
  return known.find((each) => each.invariant === invariant && each.so.test(so))?.reason;
}
