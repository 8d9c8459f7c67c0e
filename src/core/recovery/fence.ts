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

/** Whether our statement is in it, whatever it says. */
export const hasOurs = (policy: string | undefined): boolean =>
  statements(parsed(policy)).some((each) => each.Sid === FENCE_SID);

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
