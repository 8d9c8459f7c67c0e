import type { Policy } from '../../core/policy.ts';
import type { AdvancePorts } from '../../core/ports/all.ts';
import type { RestoredInstance } from '../../core/ports/recovery.ts';
import { lettingGo, standingOf } from '../../core/recovery/direction.ts';
import { removal } from '../../core/recovery/leftovers.ts';
import { abort, failoversInOrder, isCutOver, isOver } from '../../core/recovery/lifecycle.ts';
import { ROLE_TAG, RUN_TAG } from '../../core/recovery/restore-request.ts';
import { isProduction, type ProductionRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { beginPass, problemsOf } from '../pass.ts';
import { readDirection, readDirectionAgain, swapDirection } from '../vault/direction.ts';
import { readRunAgain, readRuns, runKey, updateRun } from '../vault/runs.ts';
import { unpinPoints } from './advance-run.ts';
import { type Opened, settleFence } from './fencing.ts';
import { recordInHand } from './release.ts';
import { tell } from './tell.ts';

/** The one in hand, else the newest. */
async function failoverMeant(ports: AdvancePorts): Promise<ProductionRun> {
  const direction = await readDirection(ports.vault);
  const { runs, unreadable } = await readRuns(ports.vault);
  const { inHand } = direction;
  // Another one than the one in hand is never meant: where that cannot be read, this says so.
  if (inHand && unreadable.some(({ key }) => key === vaultKeys.run('failovers', inHand.run))) {
    await recordInHand(ports, inHand);
  }
  const unclaimed = runs
    .filter(isProduction)
    .find((each) => !isOver(each) && standingOf(direction, each) === 'unclaimed');
  const [run] = failoversInOrder(runs, inHand?.run ?? unclaimed?.id);
  if (run) return run;
  throw new DrError('RUN_UNKNOWN', 'there is no failover', {
    hint: '`builder-dr failover plan` shows what one would do.',
  });
}

/** `problems`: what of the site could not be read or done meanwhile; the failover is called off all the same. */
export type AbortReport = { run: ProductionRun; kept: string[]; remove: string[]; problems: string[] };

/** What serves is neither called off nor named to be removed. */
function requireNotCutOver(run: ProductionRun, inForce = isCutOver(run)): void {
  if (!inForce) return;
  throw new DrError('BAD_USAGE', `failover ${run.id} is ${run.state}: one is called off before its cut-over only`, {
    subject: run.id,
    hint: 'Going back is a failback: `builder-dr failback plan`.',
  });
}

/** Calls a failover off, before the cut-over only: takes the fence away and keeps what was restored. */
export async function abortFailover(ports: AdvancePorts, policy: Policy): Promise<AbortReport> {
  const run = await failoverMeant(ports);
  requireNotCutOver(run);
  // The decision: whoever swaps the direction first. After it nothing of this failover cuts over, whatever its record says.
  const direction = await swapDirection(ports, (now) =>
    standingOf(now, run) === 'in-force' ? undefined : lettingGo(now, run.id, ports.clock()),
  );
  if (standingOf(direction, run) === 'in-force') requireNotCutOver(await readRunAgain(ports.vault, run), true);
  const aborted = await updateRun(ports, run, (now) =>
    isOver(now) || now.cutOver ? now : abort(now, ports.clock(), 'called off by the operator'),
  );
  requireNotCutOver(aborted);
  const kept = await tagKept(ports, aborted);
  const pass = await beginPass(ports, policy);
  await settleFence(pass);
  const lifted = await tell(pass, await readRunAgain(ports.vault, aborted));
  await unpinPoints(pass, lifted);
  await ports.signals.setTick(true);
  const { drRegion } = ports.site;
  const remove = kept.map((each) => removal(each.name, drRegion, each.deletionProtection).join(' && '));
  return { run: lifted, kept: kept.map((each) => each.name), remove, problems: problemsOf(pass) };
}

async function tagKept(ports: AdvancePorts, run: ProductionRun): Promise<RestoredInstance[]> {
  const kept: RestoredInstance[] = [];
  for (const { instance } of run.attempts) {
    const found = await ports.instances.status(instance);
    if (found?.tags[RUN_TAG] !== runKey(run)) continue;
    await ports.instances.tag(found.arn, { [ROLE_TAG]: 'aborted' });
    kept.push(found);
  }
  return kept;
}

export type UnfenceReport = {
  /** How each half of the primary stands; what is on its way is carried on by every pass. */
  fence: Opened;
  /** The newest failover, where there is one. */
  run: ProductionRun | undefined;
  /** What of the site could not be read meanwhile. */
  problems: string[];
};

/**
 * Takes the fence away while no failover is in hand or in force, again until it is gone: also one that nobody can explain,
 * and without any failover's record.
 */
export async function unfence(ports: AdvancePorts, policy: Policy): Promise<UnfenceReport> {
  const pass = await beginPass(ports, policy);
  const direction = await readDirectionAgain(pass.ports.vault);
  const [newest] = failoversInOrder(pass.runs, direction.inHand?.run);
  const begun = newest && !isOver(newest) && standingOf(direction, newest) !== 'overtaken';
  const fence = begun ? undefined : await settleFence(pass, { byHand: true });
  if (!fence) throw wanted(direction.inHand?.run ?? direction.failover ?? newest?.id ?? vaultKeys.direction);
  if (!fence.database.open || !fence.bucket.open) await ports.signals.setTick(true);
  return { fence, run: newest && (await readRunAgain(ports.vault, newest)), problems: problemsOf(pass) };
}

const wanted = (failover: string): DrError =>
  new DrError('BAD_USAGE', `failover ${failover} wants the fence: it keeps two sites from taking writes`, {
    subject: failover,
    hint: 'Call it off first (`builder-dr failover abort`), or go back by `builder-dr failback plan`.',
  });
