import type { Command, OpenedSite } from '../command.ts';

async function archivedDrills({ vault }: OpenedSite['ports']) {
  const { readArchived } = await import('../../jobs/vault/archive.ts');
  const { runSchema } = await import('../../core/recovery/run.ts');
  const { vaultKeys } = await import('../../core/vault-layout.ts');
  return readArchived(vault, vaultKeys.drills, runSchema);
}

export const drills: Command = {
  usage: 'drills',
  does: 'the drills: verdicts, evidence, times by phase',
  options: [{ flags: '--all', does: 'old ones, too, from the archive' }],
  async run({ flags, site }) {
    const { ports } = await site();
    const { isOver } = await import('../../core/recovery/lifecycle.ts');
    const { isScratch } = await import('../../core/recovery/run.ts');
    const { readRuns } = await import('../../jobs/vault/runs.ts');
    const { runsText } = await import('../text/recovery.ts');
    const now = await readRuns(ports.vault);
    const archived = flags['all'] ? await archivedDrills(ports) : { found: [], unreadable: [] };
    const unreadable = [...archived.unreadable, ...now.unreadable];
    const found = [...archived.found, ...now.runs].filter(isScratch).reverse();
    const broken = unreadable.map(({ problem }) => `UNREADABLE ${problem}`);
    const text = [runsText(found, ports), ...broken].join('\n');
    const last = found.find(isOver);
    return { json: { drills: found, unreadable }, text, healthy: last?.state === 'passed' && broken.length === 0 };
  },
};
