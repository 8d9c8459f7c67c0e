import type { Violation } from '../truth.ts';
import type { Action, History } from './history.ts';
import { type Outcome, type PlayOptions, play } from './play.ts';

/** What is kept while a history is made smaller: an invariant, and how it was said to be broken, without names and numbers. */
export type Wanted = Pick<Violation, 'invariant'> & { said?: string };

/** What was said, without what differs from one history to the next. */
export const kindOf = ({ invariant, said }: Pick<Violation, 'invariant' | 'said'>): string =>
  `${invariant}: ${said.replace(/[0-9]{8}t[0-9]{6}z/g, 'ID').replace(/[0-9]+/g, 'N')}`;

export type Shrunk = { history: History; outcome: Outcome; plays: number };

const MOST_PLAYS = 600;

class Shrinker {
  plays = 0;
  readonly #options: PlayOptions;
  readonly #breaks: (outcome: Outcome) => boolean;

  constructor(options: PlayOptions, breaks: (outcome: Outcome) => boolean) {
    this.#options = options;
    this.#breaks = breaks;
  }

  /** Whether this history still breaks the same; one that cannot be played does not. */
  async #stillBreaks(history: History): Promise<boolean> {
    if (this.plays >= MOST_PLAYS) return false;
    this.plays += 1;
    try {
      return this.#breaks(await play(history, this.#options));
    } catch {
      return false;
    }
  }

  /** Drops stretches of actions: halves first, then smaller ones, then single ones. */
  async dropActions(begun: History): Promise<History> {
    let history = begun;
    for (let size = Math.ceil(history.actions.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = history.actions.length - size; at > -size; at -= size) {
        const from = Math.max(0, at);
        const actions = [...history.actions.slice(0, from), ...history.actions.slice(at + size)];
        const smaller = { ...history, actions };
        if (await this.#stillBreaks(smaller)) history = smaller;
      }
    }
    return history;
  }

  async #replaceEach(begun: History, simpler: (action: Action) => Action[]): Promise<History> {
    let history = begun;
    for (let n = history.actions.length - 1; n >= 0; n -= 1) {
      const action = history.actions[n];
      for (const each of action ? simpler(action) : []) {
        const smaller = { ...history, actions: history.actions.with(n, each) };
        if (!(await this.#stillBreaks(smaller))) continue;
        history = smaller;
        break;
      }
    }
    return history;
  }

  /** Drops faults and skewed clocks, and lets runs go on to their ends. */
  simplify(history: History): Promise<History> {
    return this.#replaceEach(history, (action) => {
      if (action.do === 'work') return action.steps < 5_000 ? [{ ...action, steps: 5_000 }] : [];
      if (action.do !== 'run') return [];
      const straight = action.skewMs === 0 ? [] : [{ ...action, skewMs: 0 }];
      const without = action.faults.map((_each, n) => ({ ...action, faults: action.faults.toSpliced(n, 1) }));
      return [...(action.faults.length > 1 ? [{ ...action, faults: [] }] : []), ...without, ...straight];
    });
  }
}

/** Makes a history smaller as long as it breaks the same invariant in the same words. */
export async function shrink(history: History, wanted: Wanted, options: PlayOptions): Promise<Shrunk> {
  const same = (each: Violation): boolean =>
    each.invariant === wanted.invariant && (wanted.said === undefined || kindOf(each) === wanted.said);
  const shrinker = new Shrinker({ ...options, until: same }, (outcome) => outcome.violations.some(same));
  let smallest = history;
  for (let round = 0, before = -1; round < 4 && before !== JSON.stringify(smallest).length; round += 1) {
    before = JSON.stringify(smallest).length;
    smallest = await shrinker.simplify(await shrinker.dropActions(smallest));
  }
  const outcome = await play(smallest, { ...options, until: same, keepLog: true });
  return { history: smallest, outcome, plays: shrinker.plays };
}
