import type { Command } from '../command.ts';
import { pointsText } from '../text/points.ts';

export const pointsRelease: Command = {
  usage: 'points release <id>',
  does: 'let the retention decide on a held point again',
  async run({ args: [id = ''], site }) {
    const { ports } = await site();
    const { releasePoint } = await import('../../jobs/points/hold.ts');
    const point = await releasePoint(ports, id);
    return { json: point, text: pointsText([point]), healthy: true };
  },
};
