import type { DisplacedFacts, VerificationRecord } from './documents.ts';
import type { InventoryEntry } from './merge-diff.ts';
import { isDamaged } from './verification.ts';

type Bytes = Pick<VerificationRecord, 'verdict' | 'fileBlake2b'>;

/** What bytes must be to take the place of others: those of `expected`, or whatever proves itself where nobody knows. */
export function isFit(bytes: Bytes, expected: string | undefined): boolean {
  if (expected !== undefined) return bytes.fileBlake2b === expected && !isDamaged(bytes);
  return bytes.verdict === 'OK';
}

/** Whether bytes must not stay if there is something better. */
export function isWrong(bytes: Bytes, expected: string | undefined): boolean {
  return isDamaged(bytes) || (expected !== undefined && bytes.fileBlake2b !== expected);
}

/**
 * What becomes of the replica's bytes, given those that the primary offers under the same key. Without `expected` the
 * primary's are the newer ones, and replace what is there as soon as they verify; what a caller expects stays, whatever
 * is newer.
 */
export function decideOnBytes(
  held: Bytes,
  offered: Bytes | undefined,
  expected: string | undefined,
): 'keep' | 'replace' | 'heal' {
  const wrong = isWrong(held, expected);
  const other = offered !== undefined && offered.fileBlake2b !== held.fileBlake2b && isFit(offered, expected);
  if (other && (wrong || expected === undefined)) return 'replace';
  return wrong ? 'heal' : 'keep';
}

/** Whether displaced bytes may be those that a point listed: an equal size alone says nothing of what the primary got after them. */
export function mayBeListed({ size, of }: DisplacedFacts, entry: InventoryEntry): boolean {
  const known = of.find(({ key }) => key === entry.key);
  if (!known || size !== entry.size) return false;
  return known.etag === entry.etag || entry.lastModified < (known.until ?? known.at);
}
