import type { Command } from '../command.ts';

export const failoverUnfence: Command = {
  usage: 'failover unfence',
  does: 'take the fence away while no failover is in hand or in force',
  async run({ site }) {
    const { ports, policy } = await site();
    const { unfence } = await import('../../jobs/recovery/call-off.ts');
    const { unfenceText } = await import('../text/recovery.ts');
    const report = await unfence(ports, policy);
    const { database, bucket } = report.fence;
    const healthy = !database.problem && !bucket.problem && report.problems.length === 0;
    return { json: report, text: unfenceText(report), healthy };
  },
};
