import { readKeyFolder, readNodeFiles, writeKeyFile } from '../adapters/files/key-files.ts';
import { DrError } from '../errors.ts';
import { escrowKeys, type KeyFile } from '../jobs/keys/escrow.ts';
import { checkKeys, readEscrowedFiles } from '../jobs/keys/restore.ts';
import type { Command } from './command.ts';
import { escrowText } from './render.ts';

export const keysEscrow: Command = async ({ ports }, _args, flags) => {
  const files: KeyFile[] = [];
  for (const folder of (flags['from'] as string[] | undefined) ?? []) files.push(...(await readKeyFolder(folder)));
  if (flags['node'] !== undefined) files.push(...(await readNodeFiles(String(flags['node']))));
  if (flags['from'] === undefined && flags['node'] === undefined) {
    throw new DrError('BAD_USAGE', 'nothing to escrow', {
      hint: 'Name a folder with --from, or a node with --node /.',
    });
  }
  const report = await escrowKeys(ports, files);
  return { json: report, text: escrowText(report), healthy: true };
};

export const keysRestore: Command = async ({ ports }, _args, flags) => {
  const report: Record<'written' | 'unchanged', string[]> = { written: [], unchanged: [] };
  const folder = String(flags['to']);
  for await (const file of readEscrowedFiles(ports)) report[await writeKeyFile(folder, file)].push(file.name);
  const lines = [
    ...report.written.map((name) => `written: ${name}`),
    ...report.unchanged.map((name) => `unchanged: ${name}`),
  ];
  const none = 'Nothing is in escrow. `builder-dr keys escrow --from /hab/cache/keys` puts the keys there.';
  return { json: { to: folder, ...report }, text: lines.join('\n') || none, healthy: lines.length > 0 };
};

export const keysCheck: Command = async ({ ports }) => {
  const checks = await checkKeys(ports);
  const text = checks.map((each) => `${each.ok ? 'ok    ' : 'FAILED'}  ${each.name}: ${each.detail}`).join('\n');
  return { json: { checks }, text, healthy: checks.every((each) => each.ok) };
};
