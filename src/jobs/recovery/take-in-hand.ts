import { type InHand, standingOf, startingAgain, taking } from '../../core/recovery/direction.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { readDirectionAgain, requireFlow, swapDirection } from '../vault/direction.ts';
import { recordInHand } from './release.ts';

const ATTEMPTS = 8;

/**
 * Takes a failover that is about to begin in hand, or answers the one that was faster. A field that names no record, or
 * one that is over, binds nobody: whoever wrote it has died, or sees that it was overtaken. `epoch`: of the other stack's
 * direction, which this one's passes, too.
 */
export async function takeInHand(
  pass: Pass,
  id: string,
  epoch: number,
): Promise<{ inHand: InHand } | { other: ProductionRun }> {
  const { ports } = pass;
  for (let tries = 1; tries <= ATTEMPTS; tries += 1) {
    const direction = await readDirectionAgain(ports.vault);
    requireFlow(direction, 'primary→dr');
    const { inHand: held } = direction;
    const other = held && held.run !== id ? await recordInHand(ports, held) : undefined;
    if (other) return { other };
    const { inHand } = await swapDirection(ports, (now) => {
      if (now.direction !== 'primary→dr' || now.inHand?.run !== held?.run || now.inHand?.attempt !== held?.attempt)
        return undefined;
      return held?.run === id
        ? undefined
        : taking(now, { run: id, epoch: Math.max(now.epoch, epoch) + 1, attempt: 1 }, ports.clock());
    });
    if (inHand?.run === id) return { inHand };
  }
  throw new DrError('CONFLICT', 'others change who is in hand all the time', {
    subject: vaultKeys.direction,
    hint: '`builder-dr failover status` shows the failovers; start it again.',
  });
}

/** One more start of a failover in hand: as which the direction has it from now on. CONFLICT when it no longer is. */
export async function takeAgain(pass: Pass, run: ProductionRun): Promise<NonNullable<ProductionRun['taken']>> {
  const { ports } = pass;
  const { inHand } = await swapDirection(ports, (now) => {
    const standing = standingOf(now, run);
    if (standing === 'unclaimed') return taking(now, { run: run.id, epoch: now.epoch + 1, attempt: 1 }, ports.clock());
    return run.state === 'blocked' ? startingAgain(now, run, ports.clock()) : undefined;
  });
  if (inHand?.run === run.id) return { epoch: inHand.epoch, attempt: inHand.attempt };
  throw new DrError('CONFLICT', `failover ${run.id} is no longer in hand: somebody called it off meanwhile`, {
    subject: run.id,
    hint: '`builder-dr failover status` shows what became of it; `builder-dr failover plan` what a new one would take.',
  });
}
