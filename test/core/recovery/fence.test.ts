import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FENCE_SID, fencedPolicy, isFenced, unfencedPolicy } from '../../../src/core/recovery/fence.ts';

const fence = (policy: string | undefined) => fencedPolicy(policy, 'b', 'aws');
const isUp = (policy: string | undefined) => isFenced(policy, 'b', 'aws');
const theirs = fc.record({ Sid: fc.constantFrom('Theirs', 'Other'), Effect: fc.constantFrom('Allow', 'Deny') });

describe("the fence in the bucket's policy", () => {
  it('is merged, found again, twice the same, and taken out without a trace', () => {
    fc.assert(
      fc.property(fc.array(theirs), fc.string(), (Statement, Id) => {
        const before = JSON.stringify({ Version: '2012-10-17', Id, Statement });
        expect(isUp(before)).toBe(false);
        const fenced = fence(before);
        expect(isUp(fenced)).toBe(true);
        expect(fence(fenced)).toBe(fenced);
        expect(JSON.parse(fenced).Statement.slice(0, -1)).toEqual(Statement);
        const after = unfencedPolicy(fenced);
        if (Statement.length === 0) expect(after).toBeUndefined();
        else expect(after).toBe(before);
      }),
    );
  });

  it('is a policy of its own where there was none, and none where it was alone', () => {
    expect(isUp(fence(undefined))).toBe(true);
    expect(unfencedPolicy(fence(undefined))).toBeUndefined();
    expect(unfencedPolicy(undefined)).toBeUndefined();
  });

  it('keeps a policy that has one statement instead of a list', () => {
    const single = JSON.stringify({ Version: '2012-10-17', Statement: { Sid: 'Theirs', Effect: 'Allow' } });
    expect(JSON.parse(fence(single)).Statement).toHaveLength(2);
  });

  it.each([
    ['weaker', { Action: ['s3:PutObject'] }],
    ['of another effect', { Effect: 'Allow' }],
    ['under a condition', { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
    ['for somebody only', { Principal: { AWS: 'arn:aws:iam::1:user/x' } }],
    ['of another bucket', { Resource: 'arn:aws:s3:::other/*' }],
  ])('that somebody made %s is no fence', (_name, change) => {
    const policy = JSON.parse(fence(undefined));
    Object.assign(policy.Statement[0], change);
    expect(policy.Statement[0].Sid).toBe(FENCE_SID);
    expect(isUp(JSON.stringify(policy))).toBe(false);
  });
});
