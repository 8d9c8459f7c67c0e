import type { Command, OpenedSite } from '../command.ts';
import { pointsText } from '../text/points.ts';

async function archivedPoints({ vault }: OpenedSite['ports']) {
  const { readArchived } = await import('../../jobs/vault/archive.ts');
  const { pointSchema } = await import('../../core/points/documents.ts');
  const { vaultKeys } = await import('../../core/vault-layout.ts');
  return readArchived(vault, vaultKeys.points, pointSchema);
}

export const points: Command = {
  usage: 'points',
  does: 'the recovery points',
  options: [{ flags: '--all', does: 'those that were removed, too, from the archive' }],
  async run({ flags, site }) {
    const { ports } = await site();
    const { readPoints } = await import('../../jobs/vault/points.ts');
    const now = await readPoints(ports.vault);
    const archived = flags['all'] ? await archivedPoints(ports) : { found: [], unreadable: [] };
    const catalogue = {
      points: [...archived.found, ...now.points],
      unreadable: [...archived.unreadable, ...now.unreadable],
    };
    const broken = catalogue.unreadable.map(({ problem }) => `UNREADABLE ${problem}`);
    const text = [pointsText(catalogue.points), ...broken].join('\n');
    return { json: catalogue, text, healthy: broken.length === 0 };
  },
};
