import { DrError } from '../../errors.ts';
import type { Command } from '../command.ts';

export const drill: Command = {
  usage: 'drill',
  does: 'restore a recovery point into a scratch instance, check it, throw it away',
  options: [
    { flags: '--point <id>', does: 'which recovery point', preset: 'latest' },
    { flags: '--dry-run', does: 'print the plan, and which kind the next scheduled drill is' },
    { flags: '--real', does: "of the real thing: a failover's class and Multi-AZ" },
    { flags: '--read-all', does: 'read every artifact again, not a sample of them' },
    { flags: '--alarm-test', does: 'plant faults in scratch copies, and fail unless they are found and told' },
  ],
  async run({ flags, site }) {
    const [real, alarmTest] = [flags['real'] === true, flags['alarmTest'] === true];
    if (real && alarmTest) {
      const hint = 'An alarm test plants faults in scratch copies and measures nothing: start one or the other.';
      throw new DrError('BAD_USAGE', '--real and --alarm-test exclude each other', { hint });
    }
    const { ports, policy } = await site();
    const { planDrill, startDrill } = await import('../../jobs/recovery/drill.ts');
    const { drillPlanText, runText } = await import('../text/recovery.ts');
    const point = String(flags['point'] ?? 'latest');
    if (flags['dryRun']) {
      const plan = await planDrill(ports, policy, { point, real });
      return { json: plan, text: drillPlanText(plan), healthy: plan.point !== null };
    }
    const at = ports.clock();
    const asked = alarmTest
      ? ({ kind: 'alarm-test', point, at } as const)
      : ({ kind: 'drill', point, readAll: flags['readAll'] === true, real, at } as const);
    const run = await startDrill(ports, policy, asked);
    return { json: run, text: runText(run, ports), healthy: run.state !== 'failed' };
  },
};
