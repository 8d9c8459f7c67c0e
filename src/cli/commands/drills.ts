import type { Command } from '../command.ts';

export const drills: Command = {
  usage: 'drills',
  does: 'the drills: verdicts, evidence, times by phase',
  async run({ site }) {
    const { ports } = await site();
    const { isOver } = await import('../../core/recovery/lifecycle.ts');
    const { isScratch } = await import('../../core/recovery/run.ts');
    const { readRuns } = await import('../../jobs/vault/runs.ts');
    const { runsText } = await import('../text/recovery.ts');
    const { runs, unreadable } = await readRuns(ports.vault);
    const found = runs.filter(isScratch).reverse();
    const broken = unreadable.map(({ problem }) => `UNREADABLE ${problem}`);
    const text = [runsText(found, ports.clock()), ...broken].join('\n');
    const last = found.find(isOver);
    return { json: { drills: found, unreadable }, text, healthy: last?.state === 'passed' && broken.length === 0 };
  },
};
