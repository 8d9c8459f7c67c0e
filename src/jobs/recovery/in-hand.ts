import { type CurrentDirection, type InHand, lettingGo, standingOf, taking } from '../../core/recovery/direction.ts';
import { abort, isMoving, isOver } from '../../core/recovery/lifecycle.ts';
import { isProduction, type ProductionRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { attempt, directionOf, type Pass } from '../pass.ts';
import { readDirectionAgain, swapDirection } from '../vault/direction.ts';
import { recordOf, updateRun } from '../vault/runs.ts';

export type WhoIsInHand = {
  /** Undefined where it cannot be read, which the pass has noted. */
  direction: CurrentDirection | undefined;
  /** The failover that may act: of the field of the direction, and not over. */
  run: ProductionRun | undefined;
};

const failoverKey = (id: string) => vaultKeys.run('failovers', id);

/** The failover that may act, as the direction says that this pass has read last; nothing else elects one. */
export async function whoIsInHand(pass: Pass): Promise<WhoIsInHand> {
  const direction = await directionOf(pass);
  if (!direction) return { direction, run: undefined };
  return { direction, run: await runInHand(pass, direction) };
}

/** VAULT_UNREADABLE where its record is, and the pass has not noted that. */
async function runInHand(pass: Pass, direction: CurrentDirection): Promise<ProductionRun | undefined> {
  const failovers = pass.runs.filter(isProduction);
  const { inHand } = direction;
  if (!inHand) return failovers.find((run) => !isOver(run) && standingOf(direction, run) === 'unclaimed');
  const key = failoverKey(inHand.run);
  const unreadable = pass.errors.some(({ id }) => id === key);
  // One that was started since this pass read the catalogue.
  const run =
    failovers.find(({ id }) => id === inHand.run) ?? (unreadable ? undefined : await recordOf(pass.ports.vault, key));
  return run && isProduction(run) && !isOver(run) && standingOf(direction, run) !== 'overtaken' ? run : undefined;
}

/** Notes a change of a run in the pass, too. */
async function change(
  pass: Pass,
  run: ProductionRun,
  how: (run: ProductionRun) => ProductionRun,
): Promise<ProductionRun> {
  const changed = await updateRun(pass.ports, run, how);
  pass.runs = pass.runs.map((each) => (each.id === run.id && isProduction(each) ? changed : each));
  return changed;
}

/** What is done with the field of a run that ended, or of none, and with runs that are not in hand. The first thing of a pass. */
export async function settleHand(pass: Pass): Promise<void> {
  const { direction, run } = await whoIsInHand(pass);
  if (!direction) return;
  if (run) await keepInHand(pass, direction, run);
  else if (direction.inHand) await releaseField(pass, direction.inHand);
  for (const other of pass.runs.filter(isProduction)) {
    if (!isOver(other) && other.id !== run?.id) await attempt(pass, other.id, () => endOvertaken(pass, other));
  }
}

/** The direction and the record say the same of it: what version 0.1 began is taken in hand, a start that died goes on. */
async function keepInHand(pass: Pass, direction: CurrentDirection, run: ProductionRun): Promise<void> {
  const begun = { run: run.id, epoch: direction.epoch + 1, attempt: 1 };
  const { inHand } = direction.inHand
    ? direction
    : await swapDirection(pass.ports, (now) =>
        standingOf(now, run) === 'unclaimed' ? taking(now, begun, pass.ports.clock()) : undefined,
      );
  if (inHand?.run !== run.id || !isMoving(run)) return;
  const { epoch, attempt } = inHand;
  if (run.taken?.attempt === attempt && run.taken.epoch === epoch) return;
  await change(pass, run, (now) => ({ ...now, taken: { epoch, attempt } }));
}

/** Of a run that is over it is given back. Of one without a record only when two passes have not seen it: a start may be about to write it. */
async function releaseField(pass: Pass, seen: InHand): Promise<void> {
  const key = failoverKey(seen.run);
  // Of a record that cannot be read nobody knows: an operator releases it.
  if (pass.errors.some(({ id }) => id === key)) return;
  const there = await recordOf(pass.ports.vault, key);
  if (there && !isOver(there)) return;
  const at = pass.ports.clock();
  await swapDirection(pass.ports, (now) => {
    if (now.inHand?.run !== seen.run || now.inHand.attempt !== seen.attempt) return undefined;
    if (there || seen.unseen) return lettingGo(now, seen.run, at);
    return taking(now, { ...now.inHand, unseen: true }, at);
  });
  pass.ports.log.info('the direction names a failover in hand that is none', {
    failover: seen.run,
    record: there?.state,
  });
}

/**
 * The run as it stands by the direction of this moment: one that is not in hand ends, whatever its state, unless its own
 * cut-over stands. Asked before it acts.
 */
export async function endOvertaken(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const direction = await readDirectionAgain(pass.ports.vault);
  if (run.cutOver || standingOf(direction, run) !== 'overtaken') return run;
  const by = direction.inHand
    ? `failover ${direction.inHand.run} is`
    : `protection flows ${direction.direction}, epoch ${direction.epoch}`;
  const why = `it is not in hand: ${by}`;
  return change(pass, run, (now) => (isOver(now) || now.cutOver ? now : abort(now, pass.ports.clock(), why)));
}

/** Gives the field back, if it is this run's: at once when it is over, although its fence may still have to go. */
export async function giveBack(pass: Pass, run: ProductionRun): Promise<void> {
  await swapDirection(pass.ports, (now) =>
    now.inHand?.run === run.id ? lettingGo(now, run.id, pass.ports.clock()) : undefined,
  );
}
