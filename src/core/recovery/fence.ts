import { pointIdAt } from '../ids.ts';
import type { Fence } from './documents.ts';

/** Our statement in the primary bucket's policy; the rest of the policy is never touched. */
export const FENCE_SID = 'BuilderDrFence';

type BucketPolicy = { Version?: string; Statement?: unknown; [other: string]: unknown };
type Statement = { Sid?: string; [other: string]: unknown };

function parsed(policy: string | undefined): BucketPolicy {
  return policy === undefined ? { Version: '2012-10-17' } : (JSON.parse(policy) as BucketPolicy);
}

function statements(policy: BucketPolicy): Statement[] {
  const { Statement: found = [] } = policy;
  return (Array.isArray(found) ? found : [found]) as Statement[];
}

/** Denies every write into the bucket, to everybody; reading stays, for healing. */
function denial(bucket: string, partition: string): Statement {
  return {
    Sid: FENCE_SID,
    Effect: 'Deny',
    Principal: '*',
    Action: ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'],
    Resource: `arn:${partition}:s3:::${bucket}/*`,
  };
}

/** The policy with our statement in it, whatever else it says. */
export function fencedPolicy(policy: string | undefined, bucket: string, partition: string): string {
  const before = parsed(policy);
  const others = statements(before).filter((each) => each.Sid !== FENCE_SID);
  return JSON.stringify({ ...before, Statement: [...others, denial(bucket, partition)] });
}

/** The policy without our statement; undefined when nothing else is in it. */
export function unfencedPolicy(policy: string | undefined): string | undefined {
  const before = parsed(policy);
  const others = statements(before).filter((each) => each.Sid !== FENCE_SID);
  return others.length === 0 ? undefined : JSON.stringify({ ...before, Statement: others });
}

/** Whether the policy denies what it should, to everybody, without a condition. */
export function isFenced(policy: string | undefined, bucket: string, partition: string): boolean {
  const ours = statements(parsed(policy)).find((each) => each.Sid === FENCE_SID);
  if (!ours || 'Condition' in ours || ours['Effect'] !== 'Deny') return false;
  const wanted = denial(bucket, partition);
  const actions = [ours['Action']].flat();
  const everybody = ours['Principal'] === '*' || (ours['Principal'] as { AWS?: string } | null)?.AWS === '*';
  return (
    everybody &&
    [ours['Resource']].flat().includes(wanted['Resource'] as string) &&
    (wanted['Action'] as string[]).every((each) => actions.includes(each))
  );
}

/** Both halves were read back; anything else is unconfirmed. */
export function isConfirmed(fence: Fence | undefined): boolean {
  return fence?.database.confirmedAt !== undefined && fence.bucket.confirmedAt !== undefined;
}

/** Whether a half was closed anew after this point was asked for: what was written meanwhile is not in it. */
export function closedAfter({ database, bucket }: Fence, point: string): boolean {
  return [database, bucket].some(({ confirmedAt }) => confirmedAt && pointIdAt(new Date(confirmedAt)) > point);
}

/** Whether nothing but time is missing: what is not confirmed has no problem that somebody must solve. */
export function isOnItsWay({ database, bucket }: Fence): boolean {
  return [database, bucket].every((half) => half.confirmedAt !== undefined || half.problem === undefined);
}

/** Which halves are not confirmed, and why. */
export function unconfirmed(fence: Fence | undefined): string {
  const half = (name: string, part: Fence['bucket'] | undefined) =>
    part?.confirmedAt ? [] : [`${name}: ${part?.problem ?? part?.waitsFor ?? 'not yet'}`];
  return [...half('database', fence?.database), ...half('bucket', fence?.bucket)].join('; ');
}

/** Whether nothing of the fence is left to be taken away. */
export function isLifted(fence: Fence | undefined): boolean {
  return fence?.database.originalGroups === undefined && fence?.bucket.originalPolicy === undefined;
}

/** The fence with what another one found before it was raised: that, and not a fenced primary, is what was there. */
export function adopting(fence: Fence, other: Fence): Fence {
  const { originalGroups } = other.database;
  const { originalPolicy, probe } = other.bucket;
  const written = probe?.writtenAt ? { probe: { writtenAt: probe.writtenAt, ...fence.bucket.probe } } : {};
  return {
    ...fence,
    database: { ...fence.database, ...(originalGroups ? { originalGroups } : {}) },
    bucket: { ...fence.bucket, ...written, ...(originalPolicy === undefined ? {} : { originalPolicy }) },
  };
}

/** The fence of one that was called off, which was raised after it was found lifted: what was there before it is known again. */
export const raisedLate = (fence: Fence, before: Fence): Fence => ({
  ...adopting(fence, before),
  generation: (fence.generation ?? 0) + 1,
});

/** Whether what was seen while the fence was as in the first is about what the second is. */
export const isSameFence = (seen: Fence, now: Fence): boolean => seen.generation === now.generation;

/** A fence that another failover keeps by now. */
export function handedOver(fence: Fence): Fence {
  const {
    originalGroups: _groups,
    confirmedAt: _closed,
    rebootAskedAt: _asked,
    reboot: _seen,
    ...database
  } = fence.database;
  const { originalPolicy: _policy, confirmedAt: _denied, probe: _probe, ...bucket } = fence.bucket;
  return { wanted: false, database, bucket };
}
