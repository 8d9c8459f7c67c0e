import type { Policy } from '../policy.ts';
import type { InstanceFacts } from '../ports/database.ts';

/** Each snapshot of a Single-AZ instance suspends its I/O: points are not taken more often there, unless that is said. */
export const SINGLE_AZ_LEAST_MINUTES = 60;

/** Why this product cannot protect such an instance; undefined when it can. */
export function unsupported({ engine, cluster }: InstanceFacts): string | undefined {
  if (cluster !== undefined) {
    return `is a member of the cluster ${cluster} (engine ${engine}): Aurora and Multi-AZ DB clusters take no snapshots of an instance`;
  }
  return engine === 'postgres' ? undefined : `is no RDS for PostgreSQL, which Builder needs: its engine is ${engine}`;
}

/** How often points are taken: as policy says, but for a Single-AZ primary; as policy says where nobody knows. */
export function captureIntervalMinutes(policy: Policy, facts: InstanceFacts | undefined): number {
  if (!facts || facts.multiAz || policy.acceptSingleAzPauses) return policy.captureIntervalMinutes;
  return Math.max(policy.captureIntervalMinutes, SINGLE_AZ_LEAST_MINUTES);
}

/** What is said where points are taken less often than policy says; undefined where they are not. */
export function takenLessOften(policy: Policy, facts: InstanceFacts): string | undefined {
  const taken = captureIntervalMinutes(policy, facts);
  if (taken === policy.captureIntervalMinutes) return undefined;
  return `points are taken every ${taken} minutes, not every ${policy.captureIntervalMinutes}, for each snapshot of a Single-AZ instance suspends its I/O`;
}
