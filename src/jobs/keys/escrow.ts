import type { Ports } from '../../core/ports/all.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { parsePublicKey } from '../../hart/keys.ts';
import { encodeFit, parseDocument } from '../vault/documents.ts';
import { envelopeSchema } from './envelope.ts';

export type KeyFile = { name: string; mode: number; content: Uint8Array };
/** Files of a node by their flat names, as an operator gathers them; a node's own tree gives them with their paths. */
const nodeNames =
  /(^|\/)(bldr\.env|user\.toml|config\.toml|pwfile|ssl-certificate\.(crt|key)|builder-github-app\.pem)$|^hab\/cache\/ssl\//;

/** `published`: public signing keys, kept in the clear for the verification of packages. */
export type EscrowReport = {
  sealed: string[];
  updated: string[];
  published: string[];
  unchanged: string[];
  ignored: string[];
};

const versions = { 'box.key': 'BOX-SEC-1', pub: 'BOX-PUB-1' } as const;
const wanted = /^(bldr-\d{14})\.(box\.key|pub)$/;

/** Refuses a file that is not the key its name says (four lines: version, name, empty, base64 of 32 bytes). */
function checkKeyFile(file: KeyFile): void {
  const [, revision = '', kind = ''] = wanted.exec(file.name) ?? [];
  const lines = Buffer.from(file.content).toString('utf8').split(/\r?\n/);
  const expected = versions[kind as keyof typeof versions];
  const material = Buffer.from(lines[3]?.trim() ?? '', 'base64');
  const problem =
    (lines[0] !== expected && `its first line is not ${expected}`) ||
    (lines[1] !== revision && `it names another key than ${revision}`) ||
    (material.length !== 32 && `it holds ${material.length} bytes of key, not 32`);
  if (!problem) return;
  throw new DrError('KEY_FILE_INVALID', `${file.name}: ${problem}`, {
    hint: 'Take the files from /hab/cache/keys or /hab/svc/builder-api/files of a working Builder node.',
  });
}

type EscrowPorts = Pick<Ports, 'clock' | 'escrow' | 'vault'>;

/**
 * Seals Builder's key files and the settings of its nodes into the vault. All files are checked before the first is written;
 * the same file again changes nothing, another content under the same name is refused.
 */
export async function escrowKeys(ports: EscrowPorts, files: KeyFile[]): Promise<EscrowReport> {
  const keys = files.filter((file) => wanted.test(file.name));
  const signing = files.filter((file) => !wanted.test(file.name) && isSigningKey(file));
  const node = files.filter((file) => nodeNames.test(file.name));
  const known = new Set([...keys, ...signing, ...node]);
  const ignored = files.filter((file) => !known.has(file)).map((file) => file.name);
  const hasKeys = (await ports.vault.list(vaultKeys.escrow)).length > 0;
  if (!keys.some((file) => file.name.endsWith('.box.key')) && (node.length === 0 || !hasKeys)) {
    throw new DrError('KEY_FILE_INVALID', `no bldr-*.box.key among ${files.length} files`, {
      hint: 'Name the folder that holds them: /hab/cache/keys, or /hab/svc/builder-api/files on a frontend.',
    });
  }
  for (const file of keys) checkKeyFile(file);
  const report: EscrowReport = { sealed: [], updated: [], published: [], unchanged: [], ignored };
  for (const file of keys) report[await sealFile(ports, file)].push(file.name);
  for (const file of signing) report[await publishKey(ports, file)].push(file.name);
  for (const file of node) report[await sealNodeFile(ports, file)].push(file.name);
  return report;
}

function isSigningKey(file: KeyFile): boolean {
  return file.name.endsWith('.pub') && 'named' in parsePublicKey(Buffer.from(file.content).toString('utf8'));
}

async function publishKey(ports: EscrowPorts, file: KeyFile): Promise<'published' | 'unchanged'> {
  const key = vaultKeys.publicKey(file.name);
  const text = Buffer.from(file.content).toString('utf8');
  const found = await ports.vault.get(key);
  if (found?.body === text) return 'unchanged';
  if (found) {
    throw new DrError('CONFLICT', `the vault holds another key under the name ${file.name}`, {
      hint: 'One revision has one key. Find out which file is the right one before you remove anything from the vault.',
    });
  }
  await ports.vault.put(key, text, undefined);
  return 'published';
}

/** Settings change, unlike keys: the newest content counts, and the bucket keeps the versions before. */
async function sealNodeFile(ports: EscrowPorts, file: KeyFile): Promise<'sealed' | 'updated' | 'unchanged'> {
  const key = vaultKeys.nodeFile(file.name);
  const found = await ports.vault.get(key);
  if (found) {
    const envelope = parseDocument(key, found.body, envelopeSchema);
    const same = Buffer.from(await ports.escrow.open(envelope)).equals(file.content);
    if (same && envelope.mode === file.mode) return 'unchanged';
  }
  await ports.vault.put(key, encodeFit(key, await ports.escrow.seal(file, ports.clock()), envelopeSchema), found?.etag);
  return found ? 'updated' : 'sealed';
}

async function sealFile(ports: EscrowPorts, file: KeyFile): Promise<'sealed' | 'unchanged'> {
  const key = vaultKeys.escrowed(file.name);
  const found = await ports.vault.get(key);
  if (found) {
    const content = await ports.escrow.open(parseDocument(key, found.body, envelopeSchema));
    if (Buffer.from(content).equals(file.content)) return 'unchanged';
    throw new DrError('CONFLICT', `escrow holds another content under the name ${file.name}`, {
      hint: 'One revision has one key. Find out which file is the right one before you remove anything from the vault.',
    });
  }
  await ports.vault.put(key, encodeFit(key, await ports.escrow.seal(file, ports.clock()), envelopeSchema), undefined);
  return 'sealed';
}
