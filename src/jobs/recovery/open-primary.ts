import { hasOurs, unfencedPolicy } from '../../core/recovery/fence.ts';
import { refusedChange } from '../../core/recovery/fence-proof.ts';
import type { Opening, SiteFence } from '../../core/recovery/site-fence.ts';
import { describeError, hasCode } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { acting, primaryServes } from './fence-half.ts';

const open: Opening = { open: true };

/** Gives the instance the groups back that it had before. */
export async function openDatabase(pass: Pass, fence: SiteFence | undefined): Promise<Opening> {
  const { ports } = pass;
  const group = await ports.fence.fenceGroup();
  const state = await ports.fence.database();
  const settled = state?.groups.every((each) => each.status === 'active');
  if (!state || (settled && !state.groups.some((each) => each.id === group))) return open;
  if (!settled) return { open: false, waitsFor: 'the groups of the primary instance are being changed' };
  const { groups } = fence ?? {};
  if (!groups?.length) {
    return { open: false, problem: 'the groups of before are not known: give the instance its own groups by hand' };
  }
  try {
    await acting(
      pass,
      () => primaryServes(pass),
      () => ports.fence.setGroups(groups),
    );
    return { open: false, waitsFor: 'the groups of before are given back' };
  } catch (error) {
    if (!hasCode(error, 'INVALID_STATE')) throw error;
    return { open: false, ...refusedChange(state.status, describeError(error)) };
  }
}

/** Takes our statement out of the bucket's policy; the rest of it stays. */
export async function openBucket(pass: Pass): Promise<Opening> {
  const { fence } = pass.ports;
  const policy = await fence.bucketPolicy();
  if (!hasOurs(policy)) return open;
  const taken = await acting(
    pass,
    () => primaryServes(pass),
    () => fence.setBucketPolicy(unfencedPolicy(policy)),
  );
  if (!taken || pass.overtaken) return { open: false, waitsFor: 'another failover wants it closed' };
  await clearProbe(pass);
  return open;
}

/** What a probe may have left is no artifact: it holds up nothing, and may be denied until the old policy is gone everywhere. */
export async function clearProbe({ ports: { fence, log } }: Pass): Promise<void> {
  try {
    await fence.clearProbe();
  } catch (error) {
    log.info('a probe of the fence may be left, which is no artifact', { error: describeError(error) });
  }
}
