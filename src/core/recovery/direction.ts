import * as z from 'zod';
import { count, instant } from '../schema.ts';
import type { ProductionRun } from './run.ts';

/** The failover that may act: no other one is started, and only this one may swap the direction. */
const inHandSchema = z.strictObject({
  run: z.string(),
  /** What the direction's epoch becomes when it cuts over. */
  epoch: count,
  /** Starts of this run, the first one and those that resumed it: a pass of an earlier one does not cut over. */
  attempt: count,
  /** A pass found no record of this run: its start died, or is about to write it. */
  unseen: z.boolean().optional(),
});

/** Which way protection flows, and who is about to change it: `direction.json`. */
export const directionSchema = z.strictObject({
  /** The first form, which had nobody in hand, is read; what is written is the second. */
  schema: z.enum(['direction/1', 'direction/2']),
  direction: z.enum(['primary→dr', 'dr→primary', 'none']),
  epoch: count,
  changedAt: instant,
  /** The failover that changed it last. */
  failover: z.string().optional(),
  inHand: inHandSchema.optional(),
});

export type Direction = z.infer<typeof directionSchema>;
export type InHand = z.infer<typeof inHandSchema>;
/** The document, or what holds where there is none yet. */
export type CurrentDirection = Pick<Direction, 'direction' | 'epoch'> & Partial<Direction>;

export const NO_DIRECTION: CurrentDirection = { direction: 'primary→dr', epoch: 0 };

/** Whether this failover changed the direction, and nobody has turned it back since. */
const isInForce = (now: CurrentDirection, run: Pick<ProductionRun, 'id'>): boolean =>
  now.direction !== 'primary→dr' && now.failover === run.id;

/**
 * What the direction says of a failover that is not over. `unclaimed`: begun by version 0.1, which knew nobody in hand.
 * `overtaken`: called off, or another one is in hand or was; before its own cut-over it ends, whatever its state.
 */
export type Standing = 'in-force' | 'in-hand' | 'unclaimed' | 'overtaken';

export function standingOf(now: CurrentDirection, run: ProductionRun): Standing {
  if (isInForce(now, run)) return 'in-force';
  const { inHand } = now;
  if (inHand) return inHand.run === run.id && inHand.epoch > now.epoch ? 'in-hand' : 'overtaken';
  // Only a document of that version, or none, leaves it open; one that the direction has changed since is history.
  const before = run.taken === undefined && now.schema !== 'direction/2' && now.direction === 'primary→dr';
  return before && run.requestedAt >= (now.changedAt ?? '') ? 'unclaimed' : 'overtaken';
}

/** Whether the primary serves and nobody is about to change that: then it is to be open. */
export const isPrimaryServing = ({ direction, inHand }: CurrentDirection): boolean =>
  direction === 'primary→dr' && inHand === undefined;

function written(now: CurrentDirection, change: Partial<Direction>, at: Date): Direction {
  return { changedAt: at.toISOString(), ...now, ...change, schema: 'direction/2' };
}

/** With this failover in hand. */
export const taking = (now: CurrentDirection, inHand: InHand, at: Date): Direction => written(now, { inHand }, at);

/** As one more start of the one in hand: what an earlier one is about to do no longer cuts over. Nothing for any other. */
export function startingAgain(now: CurrentDirection, run: ProductionRun, at: Date): Direction | undefined {
  if (standingOf(now, run) !== 'in-hand' || !now.inHand) return undefined;
  return taking(now, { ...now.inHand, attempt: now.inHand.attempt + 1 }, at);
}

/** With nobody in hand, as far as it was this one; of version 0.1's form nobody is taken in hand any more. */
export function lettingGo(now: CurrentDirection, run: string, at: Date): Direction {
  if (now.inHand ? now.inHand.run !== run : now.schema === 'direction/2') return now as Direction;
  const { inHand: _back, ...rest } = now;
  return written(rest, {}, at);
}

/** Cut over by this run, if it is in hand by this very start of it; else as it was. Done twice it changes nothing. */
export function cuttingOver(now: CurrentDirection, run: ProductionRun, at: Date): Direction {
  const { inHand } = now;
  const stands = standingOf(now, run) === 'in-hand' && inHand?.attempt === run.taken?.attempt;
  if (!inHand || !stands || now.direction !== 'primary→dr') return now as Direction;
  const change = { direction: 'none', epoch: inHand.epoch, failover: run.id } as const;
  return written(now, { ...change, changedAt: at.toISOString() }, at);
}

/**
 * Whether the other stack's direction says that it has cut over since this one changed last. Its failover passes this epoch;
 * that of version 0.1, or of a stack that does not know this one's vault, counted its own, and is told by its time. What an
 * earlier return left there is behind in both, and says nothing of this one. A turn that notes its protection passes what had
 * been read of that stack: where both are even, the other one cut over after that was read.
 */
export function hasHandedOver(other: Direction, now: CurrentDirection): boolean {
  if (other.direction !== 'none' || other.failover === undefined) return false;
  const passes = now.direction === 'dr→primary' ? other.epoch >= now.epoch : other.epoch > now.epoch;
  return passes || other.changedAt > (now.changedAt ?? '');
}

/** Turned by a failback. `other`: the epoch of the other stack's direction, which this one passes. */
export function turned(now: Direction, to: Direction['direction'], other: number, at: Date): Direction {
  const epoch = Math.max(now.epoch, other) + 1;
  const change = { direction: to, epoch, changedAt: at.toISOString() };
  if (to !== 'primary→dr') return written(now, change, at);
  const { failover: _left, inHand: _back, ...rest } = now;
  return written(rest, change, at);
}
