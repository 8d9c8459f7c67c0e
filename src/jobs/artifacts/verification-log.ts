import { type VerificationRecord, verificationSchema } from '../../core/artifacts/documents.ts';
import { SampleCounter, type Sampled } from '../../core/artifacts/merge-diff.ts';
import { isDamaged, isOf, newestByKey } from '../../core/artifacts/verification.ts';
import type { Ports } from '../../core/ports/all.ts';
import { isOfDamage, vaultKeys } from '../../core/vault-layout.ts';
import type { Unreadable } from '../vault/documents.ts';
import { brokenOf, linesOf, readLogsNaming, writeLog } from '../vault/logs.ts';

/** Log entries of wrong bytes that are read for what no merge has counted yet: the newest ones. */
const NEWEST_LOGS = 50;
/** So many artifacts are looked up; the rest is believed. */
const LOOKED_UP = 20;

/** Writes down what was read, as one entry. Its name says whether any of it was wrong: that is known at once, not after the next merge. */
export async function logVerifications(
  { vault, clock, newId }: Pick<Ports, 'clock' | 'newId' | 'vault'>,
  records: readonly VerificationRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const key = vaultKeys.verificationLog(clock(), newId(), records.some(isDamaged));
  await writeLog(vault, key, records, verificationSchema);
}

/** Whether the very bytes of a record lie there; asked by a listing, which needs no right to read them. */
async function isThere({ replica }: Pick<Ports, 'replica'>, record: VerificationRecord): Promise<boolean> {
  for await (const [first] of replica.pages(record.key)) return first?.key === record.key && isOf(record, first);
  return false;
}

/** What was read and found wrong since the last merge, and still is in its place; logs that may say more, and cannot be read. */
export async function wrongSinceMerge(
  ports: Pick<Ports, 'log' | 'replica' | 'vault'>,
): Promise<{ wrong: Sampled; unreadable: Unreadable[] }> {
  const logs = (await ports.vault.list(vaultKeys.verificationLogs)).map(({ key }) => key).filter(isOfDamage);
  const entries = await readLogsNaming(ports, logs.slice(-NEWEST_LOGS), verificationSchema);
  const found = new SampleCounter();
  const wrong = [...newestByKey(linesOf(entries)).values()].filter(isDamaged);
  for (const [index, record] of wrong.entries()) {
    if (index >= LOOKED_UP || (await isThere(ports, record))) found.add(record.key);
  }
  return { wrong: found.result, unreadable: brokenOf(entries) };
}
