import type { Command } from '../command.ts';
import { statusText } from '../text/status.ts';

export const readiness: Command = {
  usage: 'readiness',
  does: 'assess readiness, publish it, write the status',
  async run({ site }) {
    const { ports, policy } = await site();
    const job = await import('../../jobs/readiness.ts');
    const found = await job.readiness(ports, policy);
    return { json: found, text: statusText(found), healthy: found.status === 'READY' };
  },
};
