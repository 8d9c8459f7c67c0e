import type { StepOutcome } from './documents.ts';
import { move } from './lifecycle.ts';
import type { ProductionRun } from './run.ts';

/** DR is in force, and these are the outcomes of telling Builder's nodes. */
export function cutOverDone<R extends ProductionRun>(run: R, epoch: number, steps: StepOutcome[], now: Date): R {
  if (run.state !== 'cutting-over') return run;
  const cut = { ...run, cutOver: { at: now.toISOString(), epoch, steps } };
  const failed = steps.filter((each) => !each.ok).map((each) => each.name);
  const why = failed.length > 0 ? `cut over; by hand: ${failed.join(', ')}` : 'cut over';
  return move(cut, 'smoke-testing', now, why);
}

/** Steps of the cut-over that were tried once more; one that is done stays done. */
export function stepsAgain<R extends ProductionRun>(run: R, outcomes: StepOutcome[]): R {
  if (run.state !== 'smoke-testing' || !run.cutOver) return run;
  const again = (step: StepOutcome) => (step.ok ? step : (outcomes.find(({ name }) => name === step.name) ?? step));
  return { ...run, cutOver: { ...run.cutOver, steps: run.cutOver.steps.map(again) } };
}
