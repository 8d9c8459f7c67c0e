import type { Command } from '../command.ts';

export const failoverStart: Command = {
  usage: 'failover start',
  does: 'start a failover, or resume the one in hand',
  options: [
    { flags: '--confirm <id>', does: 'the point that `failover plan` names' },
    { flags: '--point <id>', does: 'which recovery point', preset: 'latest' },
    { flags: '--planned', does: 'as a switchover: fence, take a final point, cut over' },
    { flags: '--accept-unfenced', does: 'cut over although the primary may still take writes' },
    { flags: '--accept-findings', does: 'take the point although its verification found faults' },
  ],
  async run({ flags, site }) {
    const { ports, policy } = await site();
    const { startFailover } = await import('../../jobs/recovery/failover.ts');
    const { runText } = await import('../text/recovery.ts');
    const run = await startFailover(ports, policy, {
      point: String(flags['point'] ?? 'latest'),
      confirm: flags['confirm'] === undefined ? undefined : String(flags['confirm']),
      planned: flags['planned'] === true,
      acceptUnfenced: flags['acceptUnfenced'] === true,
      acceptFindings: flags['acceptFindings'] === true,
    });
    return { json: run, text: runText(run, ports), healthy: !['blocked', 'failed'].includes(run.state) };
  },
};
