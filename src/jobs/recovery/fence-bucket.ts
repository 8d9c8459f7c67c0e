import { fencedPolicy, hasOurs, isFenced, unfencedPolicy } from '../../core/recovery/fence.ts';
import {
  type BucketHalf,
  bucketSeenOpen,
  type ProbeSeen,
  probed,
  probedBefore,
  provableSince,
} from '../../core/recovery/fence-proof.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { givenAway } from '../../core/recovery/site-fence.ts';
import { DrError, describeError } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';
import type { Pass } from '../pass.ts';
import { updateRun } from '../vault/runs.ts';
import { acting, looking, noteHalf, patch, wantsClosed } from './fence-half.ts';
import { clearProbe } from './open-primary.ts';
import { noteRaising, noteWritten, updateSiteFence, writtenBefore } from './site-fence.ts';

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
  if (fenced && run.fence.bucket.confirmedAt && !last) return changed(pass, run, sure);
  if (!run.fence.bucket.confirmedAt || !fenced) await noteRaising(pass, run, !fenced);
  if (fenced) return (await looking(() => wantsClosed(pass, run))) ? prove(pass, run) : run;
  const noted = await changed(pass, run, (half) => bucketSeenOpen(half, at));
  const denied = await deny(pass, noted, policy);
  return denied ? prove(pass, denied) : noted;
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
  if (seen.result === 'written') await noteWritten(pass, run, at);
  else await changed(pass, run, (half) => probedBefore(half, seen, at));
  if (seen.result === 'denied-by-resource-policy' && !refused && !writtenAt) {
    // The one of a fence that was lifted a moment ago would make this one unprovable: writes are denied meanwhile.
    await noteHalf(pass, run, 'bucket', {
      waitsFor: 'a policy of the bucket denies writes already: it is tried once more',
    });
    return undefined;
  }
  const put = () => fence.setBucketPolicy(fencedPolicy(policy, bucket, site.partition));
  if (!(await acting(pass, () => wantsClosed(pass, run), put)) || pass.overtaken) return undefined;
  if (isFenced(await fence.bucketPolicy(), bucket, site.partition)) return run;
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
  const written = await writtenBefore(pass);
  return changed(pass, run, (half) =>
    found.reduce((now, { seen, at }) => probed(now, seen, at, fenceProofSeconds), provableSince(half, written)),
  );
}

/** Takes our statement out of the bucket's policy for good: the bucket serves as a replica from now on. */
export async function handOverBucket(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const { ports } = pass;
  const policy = await ports.fence.bucketPolicy();
  if (hasOurs(policy)) await ports.fence.setBucketPolicy(unfencedPolicy(policy));
  await clearProbe(pass);
  const at = ports.clock();
  await updateSiteFence(pass, (now) => now && givenAway(now, at));
  return updateRun(ports, run, (now) =>
    patch(now, 'bucket', {
      handedOver: true,
      confirmedAt: now.fence.bucket.confirmedAt ?? at.toISOString(),
      problem: undefined,
      waitsFor: undefined,
      originalPolicy: undefined,
      probe: undefined,
    }),
  );
}
