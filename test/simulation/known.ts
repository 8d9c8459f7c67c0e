import type { Violation } from './truth.ts';

type Known = { invariant: string; said?: RegExp; so?: RegExp; reason: string };

/**
 * Open defects of the product that the simulation finds, by invariant and reason: they are counted apart, and fail nothing. An
 * entry goes as soon as its defect does; `docs/simulation.md` says the same.
 */
const known: Known[] = [
  {
    invariant: 'I9',
    so: /: PRIMARY_CORRUPT \(signatures\)$/,
    reason: 'PRIMARY_CORRUPT stands for an artifact that is gone at the primary, as long as the replica keeps it',
  },
  {
    invariant: 'documents',
    said: /prune\) removes it/,
    reason: 'prune removes the list of a point that has expired, also where the list cannot be read',
  },
];

/** Why a violation is known already; undefined when it is not. */
export function knownReason({ invariant, said, so }: Violation): string | undefined {
  const fits = (each: Known): boolean =>
    each.invariant === invariant && (each.said?.test(said) ?? true) && (each.so?.test(so) ?? true);
  return known.find(fits)?.reason;
}
