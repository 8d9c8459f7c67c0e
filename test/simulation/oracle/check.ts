import type { Fact, Truth, Violation } from '../truth.ts';
import type { Memory } from './memory.ts';

/** What is judged: the world as it is, and what is remembered of how it came to be so (the fact itself included). */
export type Scene = { truth: Truth; memory: Memory };

type FactOf<W extends Fact['what']> = Extract<Fact, { what: W }>;

/** By the kind of fact after which something is judged; `rest` once all has come to rest. */
export type Check = { [W in Fact['what']]?: (scene: Scene, fact: FactOf<W>) => Violation[] } & {
  rest?: (scene: Scene, passes: { passes: number; messages: number }) => Violation[];
};

export const none: Violation[] = [];
export const minutes = (ms: number): number => Math.round(ms / 6_000) / 10;
export const MINUTE_MS = 60_000;
