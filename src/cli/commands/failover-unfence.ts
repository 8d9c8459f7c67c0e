import type { Command } from '../command.ts';

export const failoverUnfence: Command = {
  usage: 'failover unfence',
  does: 'take the fence of a called-off failover away',
  async run({ site }) {
    const { ports, policy } = await site();
    const { unfence } = await import('../../jobs/recovery/call-off.ts');
    const { runText } = await import('../text/recovery.ts');
    const { run } = await unfence(ports, policy);
    return { json: run, text: runText(run, ports), healthy: true };
  },
};
