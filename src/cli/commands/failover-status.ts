import { DrError } from '../../errors.ts';
import type { Command } from '../command.ts';

export const failoverStatus: Command = {
  usage: 'failover status',
  does: 'how far the failover is',
  async run({ site }) {
    const { ports } = await site();
    const job = await import('../../jobs/recovery/leftovers.ts');
    const { failoverStatusText } = await import('../text/recovery.ts');
    const runs = await job.failoverStatus(ports);
    const [last] = runs;
    if (!last)
      throw new DrError('RUN_UNKNOWN', 'there was no failover', {
        hint: '`builder-dr failover plan` shows what one would do.',
      });
    return { json: runs, text: failoverStatusText(runs, ports), healthy: last.state === 'done' };
  },
};
