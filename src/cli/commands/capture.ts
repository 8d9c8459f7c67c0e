import type { Command } from '../command.ts';
import { pointsText } from '../text/points.ts';

export const capture: Command = {
  usage: 'capture',
  does: 'start a recovery point now',
  async run({ site }) {
    const { ports, policy } = await site();
    const job = await import('../../jobs/points/capture.ts');
    const point = await job.capture(ports, policy, { kind: 'manual', at: ports.clock() });
    return { json: point, text: pointsText([point]), healthy: true };
  },
};
