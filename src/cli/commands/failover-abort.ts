import type { Command } from '../command.ts';

export const failoverAbort: Command = {
  usage: 'failover abort',
  does: 'call it off, before the cut-over only',
  async run({ site }) {
    const { ports, policy } = await site();
    const { abortFailover } = await import('../../jobs/recovery/call-off.ts');
    const { abortText } = await import('../text/recovery.ts');
    const report = await abortFailover(ports, policy);
    return { json: report, text: abortText(report, ports), healthy: report.problems.length === 0 };
  },
};
