import type { Ports } from '../core/ports/all.ts';
import type { Observations } from '../core/readiness/observations.ts';
import { hasCode } from '../errors.ts';

/** What a look comes to; undefined, and named, when a document cannot be read. */
export async function optional<T>(seen: Observations, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
    seen.unreadable.push({ key: error.subject ?? 'vault', problem: error.message });
    return undefined;
  }
}

/** A look at the replica; that it is gone is a finding. */
export async function inReplica<T>(
  { replica: { bucket } }: Pick<Ports, 'replica'>,
  seen: Observations,
  look: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await optional(seen, look);
  } catch (error) {
    if (!hasCode(error, 'NOT_FOUND')) throw error;
    if (error.subject === bucket) seen.replicaMissing = { bucket, problem: error.message };
    else seen.unreadable.push({ key: error.subject ?? 'inventory', problem: error.message });
    return undefined;
  }
}
