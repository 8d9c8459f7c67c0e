import type { Command } from '../command.ts';

export const keysRestore: Command = {
  usage: 'keys restore',
  does: 'write what is in escrow back, with its names and modes',
  options: [{ flags: '--to <folder>', does: 'where to write it', required: true }],
  async run({ flags, site }) {
    const { ports } = await site();
    const { readEscrowedFiles } = await import('../../jobs/keys/restore.ts');
    const { writeKeyFile } = await import('../../adapters/files/key-files.ts');
    const report: Record<'written' | 'unchanged', string[]> = { written: [], unchanged: [] };
    const folder = String(flags['to']);
    for await (const file of readEscrowedFiles(ports)) report[await writeKeyFile(folder, file)].push(file.name);
    const lines = [
      ...report.written.map((name) => `written: ${name}`),
      ...report.unchanged.map((name) => `unchanged: ${name}`),
    ];
    const none = 'Nothing is in escrow. `builder-dr keys escrow --from /hab/cache/keys` puts the keys there.';
    return { json: { to: folder, ...report }, text: lines.join('\n') || none, healthy: lines.length > 0 };
  },
};
