import { DrError } from '../../errors.ts';
import type { EscrowReport, KeyFile } from '../../jobs/keys/escrow.ts';
import type { Command, Flags } from '../command.ts';

function escrowText(report: EscrowReport): string {
  const line = (word: string, names: string[]) => (names.length > 0 ? [`${word}: ${names.join(', ')}`] : []);
  return [
    ...line('sealed', report.sealed),
    ...line('updated', report.updated),
    ...line('published', report.published),
    ...line('unchanged', report.unchanged),
    ...line('ignored', report.ignored),
  ].join('\n');
}

async function namedFiles({ from: folders, node }: Flags): Promise<KeyFile[]> {
  const { readKeyFolder, readNodeFiles } = await import('../../adapters/files/key-files.ts');
  const files: KeyFile[] = [];
  for (const folder of (folders as string[] | undefined) ?? []) files.push(...(await readKeyFolder(folder)));
  if (node !== undefined) files.push(...(await readNodeFiles(String(node))));
  if (folders === undefined && node === undefined) {
    throw new DrError('BAD_USAGE', 'nothing to escrow', {
      hint: 'Name a folder with --from, or a node with --node /.',
    });
  }
  return files;
}

export const keysEscrow: Command = {
  usage: 'keys escrow',
  does: "seal Builder's keys and the settings of its nodes into the vault",
  options: [
    {
      flags: '--from <folder>',
      does: 'a folder of keys or settings, such as /hab/cache/keys; may be repeated',
      repeated: true,
    },
    { flags: '--node <root>', does: "the root of a Builder node's file system: / on the node itself" },
  ],
  async run({ flags, site }) {
    const { ports } = await site();
    const { escrowKeys } = await import('../../jobs/keys/escrow.ts');
    const report = await escrowKeys(ports, await namedFiles(flags));
    return { json: report, text: escrowText(report), healthy: true };
  },
};
