import type { Judge, Truth, Violation } from '../truth.ts';
import { doInWorld } from './deeds.ts';
import { packOnThisThread } from './gzip.ts';
import type { Action, History, RunAction } from './history.ts';
import { beginRun } from './jobs.ts';
import { Random } from './random.ts';
import { comeToRest } from './rest.ts';
import type { Step } from './scheduler.ts';
import { SimWorld } from './world.ts';

packOnThisThread();

export type Outcome = {
  seed: number;
  /** Of every call, in its order: the same history has the same one. */
  digest: string;
  calls: number;
  faults: Map<string, number>;
  violations: (Violation & { step: number })[];
  passes: number;
  messages: number;
  /** How the jobs that began ended: by job, code of the error. */
  endings: Map<string, number>;
  log: Step[];
};

type JudgeMaker = (truth: Truth) => Judge;
export type PlayOptions = {
  judge?: JudgeMaker | undefined;
  keepLog?: boolean;
  /** Stop at the first of these violations. */
  until?: ((violation: Violation) => boolean) | undefined;
};

/** Plays a history from its beginning; the same history plays the same way. */
export async function play(history: History, options: PlayOptions = {}): Promise<Outcome> {
  const world = new SimWorld(options.keepLog ?? false);
  try {
    world.judge = options.judge?.(world.truth);
    await world.prepare();
    const { until } = options;
    const found = (): boolean => until !== undefined && world.violations.some(until);
    for (const action of history.actions) {
      if (found()) break;
      await act(world, action);
    }
    const rest = found() ? { passes: 0, messages: 0 } : await comeToRest(world);
    return {
      seed: history.seed,
      digest: world.scheduler.digest(),
      calls: world.scheduler.steps,
      faults: world.scheduler.faults,
      violations: world.violations,
      ...rest,
      endings: world.endings,
      log: world.scheduler.log,
    };
  } finally {
    world.dispose();
  }
}

/** One action of a history. */
async function act(world: SimWorld, action: Action): Promise<void> {
  if (action.do === 'run') {
    beginRun(world, action satisfies RunAction);
    await world.scheduler.settle();
  } else if (action.do === 'work') {
    await world.scheduler.work(action.steps, new Random(action.order));
  } else {
    doInWorld(world, action);
  }
}
