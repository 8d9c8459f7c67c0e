import type { Command } from '../command.ts';

export const failoverRelease: Command = {
  usage: 'failover release',
  does: 'take the one in hand out of it, also when its record cannot be read',
  options: [{ flags: '--confirm <id>', does: 'the failover that is in hand, as `failover plan` names it' }],
  async run({ flags, site }) {
    const { ports, policy } = await site();
    const { releaseFailover } = await import('../../jobs/recovery/release.ts');
    const { releaseText } = await import('../text/recovery.ts');
    const confirm = flags['confirm'] === undefined ? undefined : String(flags['confirm']);
    const report = await releaseFailover(ports, policy, confirm);
    return { json: report, text: releaseText(report, ports), healthy: report.unreadable === null };
  },
};
