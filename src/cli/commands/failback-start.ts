import type { Command } from '../command.ts';

export const failbackStart: Command = {
  usage: 'failback start',
  does: 'start a failback, or go on with it; every call does what is due',
  async run({ site }) {
    const { ports, policy } = await site();
    const { startFailback } = await import('../../jobs/recovery/failback.ts');
    const { failbackText } = await import('../text/recovery.ts');
    const plan = await startFailback(ports, policy);
    return { json: plan, text: failbackText(plan), healthy: plan.failback?.problem === undefined };
  },
};
