import type { Command } from '../command.ts';
import { pointsText } from '../text/points.ts';

export const pointsAccept: Command = {
  usage: 'points accept <id>',
  does: 'accept a suspect point, rows that a drill missed in a point, or a mass deletion that status names',
  async run({ args: [id = ''], site }) {
    const { ports } = await site();
    const { acceptMassDeletion, isMassDeletion } = await import('../../jobs/artifacts/accept-deletions.ts');
    if (isMassDeletion(id)) {
      const mass = await acceptMassDeletion(ports, id);
      const text = `${mass.count} deletions of ${mass.from} to ${mass.to} are accepted: prune removes them from the replica once no point needs them.`;
      return { json: mass, text, healthy: true };
    }
    const { acceptPoint } = await import('../../jobs/points/accept.ts');
    const point = await acceptPoint(ports, id);
    return { json: point, text: pointsText([point]), healthy: true };
  },
};
