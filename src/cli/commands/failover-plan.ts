import type { Command } from '../command.ts';

export const failoverPlan: Command = {
  usage: 'failover plan',
  does: 'the candidates and the steps; starts nothing',
  options: [
    { flags: '--point <id>', does: 'which recovery point', preset: 'latest' },
    { flags: '--planned', does: 'as a switchover: both sites healthy, nothing lost' },
  ],
  async run({ flags, site }) {
    const { ports, policy } = await site();
    const { planFailover } = await import('../../jobs/recovery/failover.ts');
    const { failoverPlanText } = await import('../text/recovery.ts');
    const request = { point: String(flags['point'] ?? 'latest'), planned: flags['planned'] === true };
    const plan = await planFailover(ports, policy, request);
    return { json: plan, text: failoverPlanText(plan, ports.site.configFile), healthy: plan.confirm !== null };
  },
};
