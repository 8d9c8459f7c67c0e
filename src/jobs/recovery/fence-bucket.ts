import { fencedPolicy, isFenced, isSameFence, unfencedPolicy } from '../../core/recovery/fence.ts';
import {
  type BucketHalf,
  bucketSeenOpen,
  type ProbeSeen,
  probed,
  probedBefore,
} from '../../core/recovery/fence-proof.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { DrError, describeError } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';
import type { Pass } from '../pass.ts';
import { updateRun } from '../vault/runs.ts';
import { acting, noteHalf, patch, wantingClosed } from './fence-half.ts';

/** Writes that one pass tries at a fence that is not confirmed: passes are a minute apart. */
const LOOKS = 2;
/** Tries of the write before the policy, where it is not answered. */
const TRIES = 3;

const changed = ({ ports }: Pass, run: ProductionRun, change: (half: BucketHalf) => BucketHalf) =>
  updateRun(ports, run, (now) => patch(now, 'bucket', change(now.fence.bucket)));

/** One write, and when it was begun. Only the silence of the region is thrown. */
async function probe({ ports }: Pass): Promise<{ seen: ProbeSeen; at: Date }> {
  const at = ports.clock();
  try {
    return { seen: await ports.fence.writeProbe(), at };
  } catch (error) {
    if (!(error instanceof DrError) || isDarkness(error)) throw error;
    return { seen: { result: 'unanswered', detail: describeError(error) }, at };
  }
}

/** The write before the policy is worth a few tries: without it nothing can be proven later. */
async function answered(pass: Pass): ReturnType<typeof probe> {
  let found = await probe(pass);
  for (let n = 1; n < TRIES && found.seen.result === 'unanswered'; n += 1) found = await probe(pass);
  return found;
}

/**
 * Denies writes by policy and proves that S3 denies them: it tells a policy that was put before all of its servers know
 * it. `last`: the cut-over comes next, so that a confirmed fence is tried once more.
 */
export async function closeBucket(pass: Pass, run: ProductionRun, last: boolean): Promise<ProductionRun> {
  const { ports } = pass;
  const at = ports.clock();
  const policy = await ports.fence.bucketPolicy();
  const fenced = isFenced(policy, ports.primaryArtifacts.bucket, ports.site.partition);
  const noted = await changed(pass, run, (half) => ({
    ...(fenced ? half : bucketSeenOpen(half, at)),
    originalPolicy: half.originalPolicy === undefined ? (unfencedPolicy(policy) ?? null) : half.originalPolicy,
  }));
  if (fenced) {
    if (noted.fence.bucket.confirmedAt && !last) return changed(pass, run, sure);
    return (await wantingClosed(pass, noted)) ? prove(pass, noted) : noted;
  }
  const raised = await deny(pass, noted, policy);
  return raised ? prove(pass, raised) : noted;
}

/** A fence that stands has no problem, whatever the last look ran into. */
const sure = (half: BucketHalf): BucketHalf =>
  half.confirmedAt ? { ...half, problem: undefined, waitsFor: undefined } : half;

/** Puts the policy, after a write that says whether its later denial will prove anything. */
async function deny(pass: Pass, run: ProductionRun, policy: string | undefined): Promise<ProductionRun | undefined> {
  const { fence, primaryArtifacts, site } = pass.ports;
  const { bucket } = primaryArtifacts;
  const { seen, at } = await answered(pass);
  const { refused, writtenAt } = run.fence.bucket.probe ?? {};
  await changed(pass, run, (half) => probedBefore(half, seen, at));
  if (seen.result === 'denied-by-resource-policy' && !refused && !writtenAt) {
    // The one of a fence that was lifted a moment ago would make this one unprovable: writes are denied meanwhile.
    await noteHalf(pass, run, 'bucket', {
      waitsFor: 'a policy of the bucket denies writes already: it is tried once more',
    });
    return undefined;
  }
  const current = await acting(pass, run, 'closing', () =>
    fence.setBucketPolicy(fencedPolicy(policy, bucket, site.partition)),
  );
  if (!current || pass.overtaken.has(run.id)) return undefined;
  if (isFenced(await fence.bucketPolicy(), bucket, site.partition)) return current;
  await noteHalf(pass, run, 'bucket', { waitsFor: 'the policy does not read back yet' });
  return undefined;
}

/** Tries to write, a few times a pass and never waiting: denials are counted in the record, from pass to pass. */
async function prove(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  if (pass.probed.has(run.id)) return run;
  pass.probed.add(run.id);
  const found: Awaited<ReturnType<typeof probe>>[] = [];
  const looks = run.fence.bucket.confirmedAt ? 1 : LOOKS;
  do found.push(await probe(pass));
  while (found.length < looks && found.at(-1)?.seen.result === 'denied-by-resource-policy');
  const { fenceProofSeconds } = pass.policy;
  return changed(pass, run, (half) =>
    found.reduce((now, { seen, at }) => probed(now, seen, at, fenceProofSeconds), half),
  );
}

/** Takes our statement out of the bucket's policy; the rest of it stays. */
export async function openBucket(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  if (run.fence.bucket.originalPolicy === undefined) return run;
  const policy = await ports.fence.bucketPolicy();
  if (isFenced(policy, ports.primaryArtifacts.bucket, ports.site.partition)) {
    const take = () => ports.fence.setBucketPolicy(unfencedPolicy(policy));
    if (!(await acting(pass, run, 'opening', take)) || pass.overtaken.has(run.id)) return run;
  }
  return opened(pass, run);
}

async function opened(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  await clearProbe(pass, run);
  const lifted = { originalPolicy: undefined, confirmedAt: undefined, probe: undefined };
  return updateRun(pass.ports, run, (now) =>
    isSameFence(run.fence, now.fence)
      ? patch(now, 'bucket', { problem: undefined, waitsFor: undefined, ...lifted })
      : now,
  );
}

/** What a probe may have left is no artifact: it holds up nothing, and may be denied until the old policy is gone everywhere. */
async function clearProbe({ ports }: Pass, run: ProductionRun): Promise<void> {
  if (!run.fence.bucket.probe?.writtenAt) return;
  try {
    await ports.fence.clearProbe();
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    ports.log.warn('the probe of the fence was not deleted; it is harmless', { error: describeError(error) });
  }
}

/** Takes our statement out of the bucket's policy for good: the bucket serves as a replica from now on. */
export async function handOverBucket(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const policy = await ports.fence.bucketPolicy();
  if (isFenced(policy, ports.primaryArtifacts.bucket, ports.site.partition)) {
    await ports.fence.setBucketPolicy(unfencedPolicy(policy));
  }
  return updateRun(ports, await opened(pass, run), (now) =>
    patch(now, 'bucket', {
      handedOver: true,
      confirmedAt: now.fence.bucket.confirmedAt ?? ports.clock().toISOString(),
    }),
  );
}
