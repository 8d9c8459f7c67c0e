import type { Ports } from '../../core/ports/all.ts';
import { reportSchema } from '../../core/recovery/report.ts';
import { escrowedRevision, vaultKeys } from '../../core/vault-layout.ts';
import { describeError, hasCode } from '../../errors.ts';
import { parseBoxSecret } from '../../hart/box.ts';
import { parseDocument, readDocument } from '../vault/documents.ts';
import { readRuns } from '../vault/runs.ts';
import { envelopeSchema } from './envelope.ts';
import type { KeyFile } from './escrow.ts';

type KeyPorts = Pick<Ports, 'escrow' | 'vault'>;

/** Modes that Habitat itself writes keys with: secret ones 0400, public ones 0444. */
function modeOf(name: string, sealed: number): number {
  if (name.endsWith('.box.key')) return 0o400;
  return /^bldr-\d{14}\.pub$/.test(name) ? 0o444 : sealed;
}

async function openFile(ports: KeyPorts, key: string): Promise<KeyFile> {
  const found = await ports.vault.get(key);
  const envelope = parseDocument(key, found?.body ?? '', envelopeSchema);
  return {
    name: envelope.name,
    mode: modeOf(envelope.name, envelope.mode),
    content: await ports.escrow.open(envelope),
  };
}

/** Everything in escrow, opened: the keys by their names, the files of the nodes by their paths. */
export async function* readEscrowedFiles(ports: KeyPorts): AsyncIterable<KeyFile> {
  for (const prefix of [vaultKeys.escrow, vaultKeys.nodeFiles]) {
    for (const { key } of await ports.vault.list(prefix)) yield openFile(ports, key);
  }
}

export type KeyCheck = { name: string; ok: boolean; detail: string };

async function checkFile(ports: KeyPorts, key: string): Promise<KeyCheck> {
  try {
    const file = await openFile(ports, key);
    const secret = file.name.endsWith('.box.key');
    const parsed = secret ? parseBoxSecret(Buffer.from(file.content).toString('utf8')) : undefined;
    if (secret && parsed?.named !== file.name.replace('.box.key', '')) {
      return { name: file.name, ok: false, detail: 'it opens, and holds another key than its name says' };
    }
    return { name: file.name, ok: true, detail: `opens, ${file.content.length} bytes, mode 0${file.mode.toString(8)}` };
  } catch (error) {
    return { name: key, ok: false, detail: describeError(error) };
  }
}

/** What the newest inspection of a restored database said of the revisions that it refers to. */
async function referenced(ports: KeyPorts, escrowed: string[]): Promise<KeyCheck[]> {
  const { runs, unreadable } = await readRuns(ports.vault);
  const broken = unreadable.map(({ key, problem }) => ({ name: key, ok: false, detail: problem }));
  const last = runs.findLast((each) => each.kind === 'drill' && each.attempts.at(-1)?.inspection?.doneAt);
  const key = last?.attempts.at(-1)?.inspection?.report;
  const report = key ? await readDocument(ports.vault, key, reportSchema) : undefined;
  if (!report) {
    const detail = key ? `the report ${key} is not there` : 'no drill has tried the keys on restored rows yet';
    return [...broken, { name: 'rows', ok: false, detail }];
  }
  const found = report.value.builderKeys.map((each) => ({
    name: `bldr-${each.revision}`,
    ok: escrowed.includes(each.revision) && each.opened > 0,
    detail: `seals rows in ${Object.keys(each.rows).join(', ')}; drill ${last?.id}: ${each.detail}`,
  }));
  return [...broken, ...found];
}

/** Opens every file in escrow, and says whether the keys open what the last drill restored. Writes nothing. */
export async function checkKeys(ports: KeyPorts): Promise<KeyCheck[]> {
  const checks: KeyCheck[] = [];
  const keys = await ports.vault.list(vaultKeys.escrow);
  for (const { key } of [...keys, ...(await ports.vault.list(vaultKeys.nodeFiles))])
    checks.push(await checkFile(ports, key));
  const revisions = keys.map((each) => escrowedRevision(each.key)).filter((each) => each !== undefined);
  if (revisions.length === 0) checks.push({ name: 'bldr', ok: false, detail: 'no bldr-*.box.key is in escrow' });
  try {
    checks.push(...(await referenced(ports, revisions)));
  } catch (error) {
    if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
    checks.push({ name: 'rows', ok: false, detail: error.message });
  }
  return checks;
}
