import type { Command } from '../command.ts';
import { pointsText } from '../text/points.ts';

export const points: Command = {
  usage: 'points',
  does: 'the recovery points',
  async run({ site }) {
    const { ports } = await site();
    const { readPoints } = await import('../../jobs/vault/points.ts');
    const catalogue = await readPoints(ports.vault);
    const broken = catalogue.unreadable.map(({ problem }) => `UNREADABLE ${problem}`);
    const text = [pointsText(catalogue.points), ...broken].join('\n');
    return { json: catalogue, text, healthy: broken.length === 0 };
  },
};
