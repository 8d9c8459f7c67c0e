import { minutesBetween } from '../../core/ids.ts';
import { mustTell, recoveryMessage, toldAs } from '../../core/notices/of-recovery.ts';
import { isProduction, type Run } from '../../core/recovery/run.ts';
import type { Pass } from '../pass.ts';
import { updateRun } from '../vault/runs.ts';

/** Minutes of data that this run loses; undefined while its point is not known. */
function minutesLostBy(run: Run, { points }: Pick<Pass, 'points'>): number | undefined {
  const point = points.find((each) => each.id === run.attempts.at(-1)?.point);
  const dataAt = point && 'dataAt' in point.database ? point.database.dataAt : undefined;
  const fenced = isProduction(run) ? run.fence.database.confirmedAt : undefined;
  // What was written after the data's instant is lost; once the fence stands, nothing more is written.
  return dataAt === undefined ? undefined : Math.max(0, minutesBetween(dataAt, new Date(fenced ?? run.requestedAt)));
}

/** Tells people of the state, then records that they were told: at least once. */
export async function tell<R extends Run>(pass: Pass, run: R): Promise<R> {
  if (!mustTell(run)) return run;
  const { ports, policy } = pass;
  const { rpoTargetMinutes, rtoTargetMinutes } = policy;
  const minutesLost = minutesLostBy(run, pass);
  const facts = { site: ports.site, rpoTargetMinutes, rtoTargetMinutes, minutesLost, now: ports.clock() };
  await ports.notifier.publish(recoveryMessage(run, facts));
  return updateRun(ports, run, (current) => (mustTell(current) ? { ...current, told: toldAs(run) } : current));
}
