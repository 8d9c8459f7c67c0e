import type { Command } from '../command.ts';

export const prune: Command = {
  usage: 'prune',
  does: 'remove the recovery points that the retention does not keep',
  options: [
    { flags: '--dry-run', does: 'print what is kept and what goes, with the reasons; change nothing' },
    { flags: '--confirm <id>', does: 'let an edited policy go on with the plan that `prune --dry-run` names' },
  ],
  async run({ flags, site }) {
    const { ports, policy } = await site();
    const jobs = await import('../../jobs/points/prune.ts');
    const { pruneText, retentionText } = await import('../text/retention.ts');
    if (flags['dryRun']) {
      const plan = await jobs.planPrune(ports, policy);
      return { json: plan, text: retentionText(plan, plan.unconfirmed), healthy: true };
    }
    const confirm = flags['confirm'] === undefined ? undefined : String(flags['confirm']);
    const report = await jobs.prune(ports, policy, confirm);
    return { json: report, text: pruneText(report), healthy: report.waits.length === 0 && !report.unconfirmed };
  },
};
