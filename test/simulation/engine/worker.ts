import { parentPort } from 'node:worker_threads';
import { judgeOf } from '../oracle/judge.ts';
import { historyOf } from './generate.ts';
import { type Outcome, play } from './play.ts';

/** What a thread tells of one seed. */
export type SeedReport = Pick<Outcome, 'seed' | 'calls' | 'violations' | 'passes' | 'messages'> & {
  faults: [string, number][];
  /** It could not be played to its end. */
  broke: string | undefined;
};

export async function playSeed(seed: number): Promise<SeedReport> {
  try {
    const { calls, violations, passes, messages, faults } = await play(historyOf(seed), { judge: judgeOf });
    return { seed, calls, violations, passes, messages, faults: [...faults], broke: undefined };
  } catch (error) {
    const broke = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, calls: 0, violations: [], passes: 0, messages: 0, faults: [], broke };
  }
}

parentPort?.on('message', async (seed: number) => {
  parentPort?.postMessage(await playSeed(seed));
});
