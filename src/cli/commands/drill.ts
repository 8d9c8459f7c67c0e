import type { Command } from '../command.ts';

export const drill: Command = {
  usage: 'drill',
  does: 'restore a recovery point into a scratch instance, check it, throw it away',
  options: [
    { flags: '--point <id>', does: 'which recovery point', preset: 'latest' },
    { flags: '--dry-run', does: 'print the plan only' },
    { flags: '--read-all', does: 'read every artifact again, not a sample of them' },
    { flags: '--alarm-test', does: 'plant faults in scratch copies, and fail unless they are found and told' },
  ],
  async run({ flags, site }) {
    const { ports, policy } = await site();
    const { planDrill, startDrill } = await import('../../jobs/recovery/drill.ts');
    const { planText, runText } = await import('../text/recovery.ts');
    const point = String(flags['point'] ?? 'latest');
    if (flags['dryRun']) {
      const plan = await planDrill(ports, policy, point);
      return { json: plan, text: planText(plan.point, plan.steps), healthy: plan.point !== null };
    }
    const at = ports.clock();
    const asked =
      flags['alarmTest'] === true
        ? ({ kind: 'alarm-test', point, at } as const)
        : ({ kind: 'drill', point, readAll: flags['readAll'] === true, at } as const);
    const run = await startDrill(ports, policy, asked);
    return { json: run, text: runText(run, ports.clock()), healthy: run.state !== 'failed' };
  },
};
