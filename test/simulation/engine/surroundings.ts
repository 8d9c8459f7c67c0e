import type { MemoryPorts } from '../../world/ports.ts';
import type { Actor, Fact } from '../truth.ts';
import type { Builder } from './builder.ts';

/** What a part of the simulated world knows of the rest of it. */
export type Surroundings = {
  readonly ports: MemoryPorts;
  /** The world's own time. */
  readonly clock: { now: number };
  readonly builder: Builder;
  /** In whose name things happen now. */
  readonly actor: Actor;
  tell(fact: Fact): void;
  as<T>(actor: Actor, work: () => T): T;
  /** Whether anybody can write now who could not before, or the other way round. */
  lookAtWriters(by: Actor): void;
  /** What becomes of the fence from now on is nobody's of this stack. */
  forgetFence(): void;
};
