import { snapshotName } from '../../core/ids.ts';
import type { Point } from '../../core/points/documents.ts';
import type { Policy } from '../../core/policy.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { SnapshotFacts } from '../../core/ports/database.ts';
import {
  type ClassesSeen,
  type ClassVerdict,
  classProblem,
  type OrderableClasses,
  restoredVersion,
} from '../../core/recovery/orderable.ts';
import { classesFor, type RestoreTarget, restoreRequest } from '../../core/recovery/restore-request.ts';
import { describeError } from '../../errors.ts';
import { eachOf } from '../each-of.ts';

/** At once: few enough for RDS's rate of calls, which the whole account shares. */
const CLASSES_AT_ONCE = 3;

/**
 * Asks RDS for every configured class whether this copy could be restored into it now: one call for the versions, one
 * for the zones, one for each class. What is asked about is the very request that a restore would make.
 */
export async function lookAtClasses(
  { offers }: Pick<Ports, 'offers'>,
  { restore }: Pick<Policy, 'restore'>,
  copy: SnapshotFacts,
  source?: Point['source'],
): Promise<OrderableClasses> {
  const { engine } = copy;
  const version = restoredVersion(copy.version, await offers.versions(engine, copy.parameterGroupFamily));
  const zones = await offers.zones(restore.subnetGroup);
  const names = [...new Set([...classesFor(restore, 'production'), ...classesFor(restore, 'scratch')])];
  const options = await eachOf(names, CLASSES_AT_ONCE, async (className) =>
    version === undefined ? [] : offers.options(engine, version, className),
  );
  const verdicts = (target: RestoreTarget): ClassVerdict[] =>
    classesFor(restore, target).map((className) => {
      const request = restoreRequest(restore, target, {
        name: 'asked-for',
        snapshot: copy.name,
        sizeGib: copy.sizeGib,
        engineLifecycleSupport: source?.engineLifecycleSupport,
        className,
        run: 'none',
      });
      return { className, problem: classProblem(request, options.flat(), zones, copy.encrypted) };
    });
  return {
    snapshot: { engine, version: copy.version },
    version,
    failover: verdicts('production'),
    drill: verdicts('scratch'),
  };
}

/** The same for a plan, which must be shown also when RDS says nothing of its classes. */
export async function classesForPlan(
  ports: Pick<Ports, 'database' | 'log' | 'offers'>,
  policy: Policy,
  point: Point | undefined,
): Promise<ClassesSeen> {
  if (!point) return { unknown: 'there is no point to ask for' };
  try {
    const copy = await ports.database.copyStatus(snapshotName(point.id));
    return copy
      ? await lookAtClasses(ports, policy, copy, point.source)
      : { unknown: `the copy of ${point.id} is gone` };
  } catch (error) {
    ports.log.warn('nobody knows which classes can be ordered', { error: describeError(error) });
    return { unknown: describeError(error) };
  }
}
