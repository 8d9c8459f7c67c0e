import type { MassDeletion } from '../artifacts/deletions.ts';
import { openMass } from '../artifacts/mass-deletion.ts';
import { type Finding, finding } from '../findings.ts';
import type { Observations } from './observations.ts';

const clock = (at: string) => `${at.slice(0, 16).replace('T', ' ')} UTC`;

function massText({ why, count, of, from, to }: MassDeletion): string {
  const share = of === 0 ? '' : ` (${Math.round((count / of) * 100)} %)`;
  const what = `${count} of the replica's ${of} artifacts${share}`;
  const when = `between ${clock(from)} and ${clock(to)}`;
  return why === 'deleted'
    ? `${what} were deleted at the primary, seen ${when}; the replica keeps all of them`
    : `${what}, deleted at the primary ${when}, would leave the replica at once; it keeps all of them`;
}

/** Deletions that wait for a person, lists that nobody could read when something was to be removed, and a clock that marks nothing. */
export function deletionFindings(seen: Observations): Finding[] {
  const { clockOff } = seen.reconcile ?? {};
  const wrong = `the last comparison of the buckets marked no delete: ${clockOff}`;
  return [...markFindings(seen), ...(clockOff === undefined ? [] : [finding('CLOCK_WRONG', 'reconcile', wrong)])];
}

function markFindings({ deletions, unreadable }: Observations): Finding[] {
  if (!deletions) return [];
  const waiting = openMass(deletions.mass).map((mass) => {
    const { id, count, samples } = mass;
    return finding('INVENTORY_SHRANK', id, massText(mass), { count, samples });
  });
  const { blocked } = deletions;
  if (!blocked?.unreadable || unreadable.some(({ key }) => key === blocked.unreadable)) return waiting;
  const text = `${blocked.why} (since ${clock(blocked.since)}); nothing leaves the replica until it can be read`;
  return [...waiting, finding('VAULT_UNREADABLE', blocked.unreadable, text)];
}
