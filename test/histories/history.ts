import { SeededRandom } from '../../sandbox/seed/random.ts';

/** What may happen over the sandbox's real parts. `pick` chooses among what there is then. */
export type Step = { do: StepName; pick: number };
const middle = [
  'upload',
  're-upload',
  'delete',
  'lose from replica',
  'corrupt in replica',
  'lose snapshot',
  'capture',
  'advance',
  'replicate',
  'reconcile',
  'readiness',
] as const;
type StepName = (typeof middle)[number] | 'failover' | 'planned failover' | 'abort' | 'protect';

/** A short history: a first point that is protected, then whatever comes, and in the end a takeover. */
export function historyOf(seed: number): Step[] {
  const random = new SeededRandom(`history ${seed}`);
  const step = (name: StepName): Step => ({ do: name, pick: random.below(1_000) });
  const steps = [step('upload'), step('protect')];
  for (let n = 0; n < 10; n += 1) steps.push(step(random.pick(middle)));
  steps.push(step('protect'), step('readiness'));
  if (random.below(4) === 0) steps.push(step('failover'), step('advance'), step('abort'));
  return [...steps, step(random.below(3) === 0 ? 'planned failover' : 'failover')];
}
