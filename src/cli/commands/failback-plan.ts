import type { Command } from '../command.ts';

export const failbackPlan: Command = {
  usage: 'failback plan',
  does: 'where the failback is, and what comes next',
  async run({ site }) {
    const { ports } = await site();
    const { planFailback } = await import('../../jobs/recovery/failback.ts');
    const { failbackText } = await import('../text/recovery.ts');
    const plan = await planFailback(ports);
    return { json: plan, text: failbackText(plan), healthy: true };
  },
};
