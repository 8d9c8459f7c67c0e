import { instancePrice } from '../../cost/instance.ts';
import { PRICES } from '../../cost/prices.ts';
import { type Finding, finding } from '../findings.ts';
import type { RestoredInstance } from '../ports/recovery.ts';
import { vaultKeys } from '../vault-layout.ts';
import type { Direction } from './direction.ts';
import { kinds, titleOf } from './kinds.ts';
import { isOver } from './lifecycle.ts';
import { DRILL_PREFIX, ROLE_TAG, RUN_TAG } from './restore-request.ts';
import { isProduction, type ProductionRun, type Run } from './run.ts';

/** An instance that a run left behind, and that nobody deletes but a person. */
export type Leftover = {
  instance: string;
  run: string;
  className: string;
  storageGib: number;
  multiAz: boolean;
  /** What became of it. */
  why: string;
  since: string;
  dollarsADay: number;
  /** The class whose price was taken, where the list of prices has none of its own. */
  pricedAs: string | undefined;
  /** Lines to paste, in their order. Each is refused by AWS when it is cut: nothing else is deleted by half of one. */
  remove: string[];
};

/** The run that changed the direction last, and which way it flows. */
export type InForce = Pick<Direction, 'direction' | 'failover'>;

/** The lines that delete an instance, its deletion protection off first. */
export function removal(name: string, region: string, deletionProtection: boolean): string[] {
  const named = `--region ${region} --db-instance-identifier ${name}`;
  return [
    ...(deletionProtection ? [`aws rds modify-db-instance ${named} --no-deletion-protection --apply-immediately`] : []),
    `aws rds delete-db-instance ${named} --skip-final-snapshot`,
  ];
}

/** Whether it serves, or can still come to serve without being restored again. */
function mayServe(run: ProductionRun, instance: string, inForce: InForce): boolean {
  const attempt = run.attempts.find((each) => each.instance === instance);
  const current = attempt !== undefined && attempt === run.attempts.at(-1);
  if (current && inForce.direction !== 'primary→dr' && inForce.failover === run.id) return true;
  if (run.state === 'aborted' || run.state === 'failed') return false;
  if (isOver(run)) return current;
  if (run.state !== 'blocked') return true;
  // Started again, it may take a point that was looked into as it is; one that was rejected before is restored anew.
  return !attempt || current || attempt.outcome !== 'rejected' || attempt.inspection?.doneAt !== undefined;
}

/** What became of an instance that its run left behind; undefined when it is none of that. */
function leftBy(run: Run, { name, tags, deletionProtection }: RestoredInstance, inForce: InForce): string | undefined {
  if (isProduction(run)) {
    // Another name is what somebody gave it on purpose, such as that of an old primary that was set aside.
    if (!name.startsWith(`hbdr-failover-${run.id}`) || mayServe(run, name, inForce)) return undefined;
    return `${titleOf(run)} ${run.id} is ${run.state}`;
  }
  // Without its protection a drill's is deleted by us.
  const kept = isOver(run) && name.startsWith(DRILL_PREFIX) && tags[ROLE_TAG] === 'drill' && deletionProtection;
  return kept ? `${titleOf(run)} ${run.id} is over, and its deletion protection was turned on` : undefined;
}

/**
 * The instances that runs left behind and that no role of ours may delete. Judged by what is in force, and by what the
 * run may still do; never by tags alone. `inForce` undefined: nobody knows what serves, and nothing is named.
 */
export function leftoversOf(
  instances: RestoredInstance[],
  runs: Run[],
  inForce: InForce | undefined,
  region: string,
): Leftover[] {
  if (!inForce) return [];
  const byKey = new Map(runs.map((run) => [vaultKeys.run(kinds[run.kind].folder, run.id), run]));
  return instances.flatMap((instance) => {
    const run = byKey.get(instance.tags[RUN_TAG] ?? '');
    const why = run && instance.status !== 'deleting' ? leftBy(run, instance, inForce) : undefined;
    if (!run || why === undefined) return [];
    const { name, className, storageGib, multiAz, deletionProtection } = instance;
    const { dollarsAnHour, countedAs } = instancePrice(className, storageGib, multiAz);
    return {
      instance: name,
      run: run.id,
      className,
      storageGib,
      multiAz,
      why,
      since: run.history.at(-1)?.at ?? run.requestedAt,
      dollarsADay: Number((24 * dollarsAnHour).toFixed(2)),
      pricedAs: countedAs,
      remove: removal(name, region, deletionProtection),
    };
  });
}

/** In words, without the lines to paste. */
export function leftoverText({ className, storageGib, multiAz, why, since, dollarsADay, pricedAs }: Leftover): string {
  const priced = pricedAs ? `, priced as ${pricedAs}` : '';
  const what = `${className}${multiAz ? ', Multi-AZ' : ''}, ${storageGib} GiB`;
  return `${why} since ${since}, and its instance is still there: ${what}, $${dollarsADay.toFixed(2)} a day at list prices of ${PRICES.region} (${PRICES.asOf}${priced})`;
}

export function leftoverFindings(leftovers: Leftover[]): Finding[] {
  return leftovers.map((each) =>
    finding('LEFTOVER_INSTANCE', each.instance, leftoverText(each), { samples: each.remove }),
  );
}
