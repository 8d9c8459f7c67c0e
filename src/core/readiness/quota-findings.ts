import { type Finding, finding } from '../findings.ts';
import { captureIntervalMinutes } from '../points/primary.ts';
import type { Policy } from '../policy.ts';
import type { Observations } from './observations.ts';

/** From this share on it is said: what is left must last until somebody has answered a request for more. */
const NEAR = 0.9;
const MINUTES_A_DAY = 24 * 60;

/** How near the account is to the manual snapshots that it may have: each point needs one in either region. */
export function quotaFindings(seen: Observations, policy: Policy): Finding[] {
  const interval = captureIntervalMinutes(policy, 'facts' in seen.primary ? seen.primary.facts : undefined);
  return seen.quotas.flatMap((each) => {
    const { region } = each;
    if ('unknown' in each) {
      const text = `nobody knows how many snapshots this account may still have in ${region}: ${each.unknown}`;
      return [finding('QUOTA_UNKNOWN', region, text)];
    }
    const { used, allowed, ours } = each;
    if (used < allowed * NEAR) return [];
    const whose = ours === undefined ? '' : `, ${ours} of them ours`;
    const days = ((allowed - used) * interval) / MINUTES_A_DAY;
    const pace =
      used >= allowed
        ? 'no new point can be taken'
        : `with a point every ${interval} minutes, and none deleted, new points stop in ${days.toFixed(1)} days`;
    const text = `${used} of the ${allowed} manual snapshots that this account may have in ${region} are used${whose}; ${pace}`;
    return [finding('QUOTA_NEAR', region, text)];
  });
}
