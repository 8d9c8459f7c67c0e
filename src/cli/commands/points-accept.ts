import type { Command } from '../command.ts';
import { pointsText } from '../text/points.ts';

export const pointsAccept: Command = {
  usage: 'points accept <id>',
  does: 'accept a suspect point',
  async run({ args: [id = ''], site }) {
    const { ports } = await site();
    const { acceptPoint } = await import('../../jobs/points/accept.ts');
    const point = await acceptPoint(ports, id);
    return { json: point, text: pointsText([point]), healthy: true };
  },
};
