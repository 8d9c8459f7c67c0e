import { FENCE_PROBE_KEY } from '../artifacts/reserved.ts';
import type { ProbeOutcome } from '../ports/recovery.ts';
import type { Fence } from './documents.ts';
import { FENCE_SID } from './fence.ts';

export type BucketHalf = Fence['bucket'];
type DatabaseHalf = Fence['database'];

/** A probe that was not answered, or was throttled, says nothing. */
export type ProbeSeen = ProbeOutcome | { result: 'unanswered'; detail: string };

/** Denials in unbroken succession that prove that the policy is enforced, not merely stored. */
const PROOF_DENIALS = 4;

/**
 * No run lives for so long. What is further from what was noted before is not told late: the clock of one of them is wrong,
 * and neither says anything of the other.
 */
const LATE_MS = 20 * 60_000;

/** Whether what began at `at` is told late, after what was noted of `noted`. */
function isLate(at: string, noted: string | undefined): boolean {
  const ms = noted === undefined ? 0 : Date.parse(noted) - Date.parse(at);
  return ms > 0 && ms <= LATE_MS;
}

type Looks = { times: number; since: string; last: string };

/** With one look more; told out of order too. One too far from the others begins anew. */
function oneMore(before: Looks | undefined, at: string): Looks {
  const [ms, from, to] = [at, before?.since ?? at, before?.last ?? at].map(Date.parse) as [number, number, number];
  if (!before || ms < from - LATE_MS || ms > to + LATE_MS) return { times: 1, since: at, last: at };
  const { times, since, last } = before;
  return { times: times + 1, since: at < since ? at : since, last: at > last ? at : last };
}

const secondsOf = ({ since, last }: Looks): number => (Date.parse(last) - Date.parse(since)) / 1000;

/** What is known so far was of a policy that no longer stands, or of none: the bucket was open at this instant. */
export function bucketSeenOpen(half: BucketHalf, at: Date): BucketHalf {
  const { denied, ...probe } = half.probe ?? {};
  if (isLate(at.toISOString(), denied?.since)) return half;
  return { ...half, confirmedAt: undefined, probe: { ...probe, openAt: at.toISOString() } };
}

/** The write right before the policy: without one that succeeded a later denial proves nothing. */
export function probedBefore(half: BucketHalf, seen: ProbeSeen, at: Date): BucketHalf {
  const { refused: _before, ...probe } = half.probe ?? {};
  if (seen.result === 'written') return { ...half, probe: { ...probe, writtenAt: at.toISOString() } };
  if (probe.writtenAt) return half;
  const refused = seen.result === 'denied-by-resource-policy' ? 'a policy of the bucket denies it' : seen.detail;
  return { ...half, probe: { ...probe, refused } };
}

/** The bucket could be written before the fence that stands, whoever raised it. */
export function provableSince(half: BucketHalf, writtenAt: string | undefined): BucketHalf {
  if (!writtenAt || half.probe?.writtenAt) return half;
  const { refused: _before, ...probe } = half.probe ?? {};
  return { ...half, probe: { ...probe, writtenAt } };
}

function unprovable({ refused }: NonNullable<BucketHalf['probe']>): string {
  const before =
    refused === undefined ? 'nobody wrote it before the fence' : `it could not be written before: ${refused}`;
  return `writes of ${FENCE_PROBE_KEY} are denied, which proves nothing, for ${before}. Once it can be written, take ${FENCE_SID} out of the bucket's policy: the next pass writes it and puts the policy back`;
}

function seenWritten(half: BucketHalf, at: Date): BucketHalf {
  const { writtenAt = at.toISOString(), denied } = half.probe ?? {};
  // It was begun before the first denial of those that count.
  if (isLate(at.toISOString(), denied?.since)) return half;
  return {
    ...bucketSeenOpen(half, at),
    problem: undefined,
    waitsFor: `a write still succeeded at ${at.toISOString()}: the policy is not enforced everywhere yet`,
    probe: { writtenAt, openAt: at.toISOString() },
  };
}

function seenDenied(half: BucketHalf, at: string, proofSeconds: number): BucketHalf {
  const { probe = {}, ...rest } = half;
  if (half.confirmedAt) return { ...half, problem: undefined, waitsFor: undefined };
  if (isLate(at, probe.openAt)) return half;
  if (!probe.writtenAt) return { ...half, problem: unprovable(probe), waitsFor: undefined };
  const denied = oneMore(probe.denied, at);
  const next = { ...rest, problem: undefined, waitsFor: undefined, probe: { ...probe, denied } };
  const seconds = secondsOf(denied);
  if (denied.times >= PROOF_DENIALS && seconds >= proofSeconds) return { ...next, confirmedAt: denied.last };
  const waitsFor = `writes were denied ${denied.times} times over ${Math.floor(seconds)} s; ${PROOF_DENIALS} times over ${proofSeconds} s prove it`;
  return { ...next, waitsFor };
}

/**
 * What one probe of the fenced bucket says, begun at `at`. A write un-confirms, denials by a policy of the bucket confirm,
 * anything else does neither. May be told late and out of order: what was overtaken changes nothing.
 */
export function probed(half: BucketHalf, seen: ProbeSeen, at: Date, proofSeconds: number): BucketHalf {
  if (seen.result === 'written') return seenWritten(half, at);
  if (seen.result === 'denied-by-resource-policy') return seenDenied(half, at.toISOString(), proofSeconds);
  if (half.confirmedAt) return half;
  if (seen.result === 'unanswered') {
    return {
      ...half,
      problem: undefined,
      waitsFor: `the write of ${FENCE_PROBE_KEY} was not answered: ${seen.detail}`,
    };
  }
  return {
    ...half,
    waitsFor: undefined,
    problem: `the write of ${FENCE_PROBE_KEY} is denied, but not by the fence: ${seen.detail}`,
  };
}

/** Looks that show an instance up, and over how long: by then RDS has shown the reboot that was asked for, or is over with it. */
const UP_LOOKS = 3;
const UP_SECONDS = 60;

/**
 * What a look at the fenced instance says of the reboot that was asked for at `askedAt`: over is what was seen to happen, or
 * would have been by now. A look that is about another reboot, or about none, says nothing.
 */
export function rebootLooked(half: DatabaseHalf, askedAt: string, status: string, now: Date): DatabaseHalf {
  if (half.rebootAskedAt !== askedAt || half.confirmedAt) return half;
  const at = now.toISOString();
  const solved = { ...half, problem: undefined };
  if (status === 'rebooting') {
    return { ...solved, waitsFor: undefined, reboot: { seenAt: half.reboot?.seenAt ?? at } };
  }
  if (half.reboot?.seenAt) return { ...solved, waitsFor: undefined, confirmedAt: at };
  const up = oneMore(half.reboot?.up, at);
  if (up.times >= UP_LOOKS && secondsOf(up) >= UP_SECONDS) return { ...solved, waitsFor: undefined, confirmedAt: at };
  return { ...solved, waitsFor: 'RDS does not show the reboot yet that ends its connections', reboot: { up } };
}

/** What is noted of an instance that RDS refuses to change in its state: some states are waited for, some do not end. */
export function refusedChange(status: string, why: string): Pick<Fence['database'], 'problem' | 'waitsFor'> {
  const lasting = LASTING[status];
  if (lasting) return { problem: `the primary instance is ${status}: ${lasting} (${why})`, waitsFor: undefined };
  return { problem: undefined, waitsFor: `the primary instance is ${status}, and RDS refuses for now (${why})` };
}

const LASTING: Record<string, string> = {
  stopped:
    'it takes no writes now, but RDS starts it again after seven days: start it, so that it can be fenced, or delete it',
  failed: 'RDS cannot recover it and takes no change of it: delete it, or make sure that nobody reaches it',
  'inaccessible-encryption-credentials': 'its KMS key is gone and RDS takes no change of it: delete it',
  'inaccessible-encryption-credentials-recoverable':
    'its KMS key cannot be used: RDS stops it, and it serves again once the key is back',
};
