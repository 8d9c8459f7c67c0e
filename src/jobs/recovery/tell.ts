import { minutesBetween, notAhead } from '../../core/ids.ts';
import { mustTell, recoveryMessage, toldAs } from '../../core/notices/of-recovery.ts';
import { isProduction, type Run } from '../../core/recovery/run.ts';
import type { Pass } from '../pass.ts';
import { updateRun } from '../vault/runs.ts';

/**
 * Minutes of data that this run loses; undefined while its point is not known. What Builder wrote after the data's instant
 * is lost: of a failover until the primary's database was closed, and until now while it is not; of a drill, as if it had
 * been one when it was asked for.
 */
function minutesLostBy(run: Run, { points }: Pick<Pass, 'points'>, now: Date): number | undefined {
  const point = points.find((each) => each.id === run.attempts.at(-1)?.point);
  const dataAt = point && 'dataAt' in point.database ? point.database.dataAt : undefined;
  const until = isProduction(run) ? run.fence.database.confirmedAt : run.requestedAt;
  const end = until === undefined ? now : new Date(notAhead(until, now));
  return dataAt === undefined ? undefined : Math.max(0, minutesBetween(dataAt, end));
}

/** Tells people of the state, then records that they were told: at least once. */
export async function tell<R extends Run>(pass: Pass, run: R): Promise<R> {
  if (!mustTell(run)) return run;
  const { ports, policy } = pass;
  const { rpoTargetMinutes, rtoTargetMinutes } = policy;
  const now = ports.clock();
  const minutesLost = minutesLostBy(run, pass, now);
  const facts = { site: ports.site, rpoTargetMinutes, rtoTargetMinutes, minutesLost, now };
  await ports.notifier.publish(recoveryMessage(run, facts));
  return updateRun(ports, run, (current) => (mustTell(current) ? { ...current, told: toldAs(run) } : current));
}
