import type { VerificationRecord } from '../../core/artifacts/documents.ts';
import { SampleCounter, type Sampled } from '../../core/artifacts/merge-diff.ts';
import { isDamaged, isOf, newestByKey } from '../../core/artifacts/verification.ts';
import type { Ports } from '../../core/ports/all.ts';
import { isOfDamage, vaultKeys } from '../../core/vault-layout.ts';
import { readLogs } from './known-objects.ts';

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
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  await vault.put(vaultKeys.verificationLog(clock(), newId(), records.some(isDamaged)), lines, undefined);
}

/** Whether the very bytes of a record lie there; asked by a listing, which needs no right to read them. */
async function isThere({ replica }: Pick<Ports, 'replica'>, record: VerificationRecord): Promise<boolean> {
  for await (const [first] of replica.pages(record.key)) return first?.key === record.key && isOf(record, first);
  return false;
}

/** What was read and found wrong since the last merge, and still is in its place. */
export async function wrongSinceMerge(ports: Pick<Ports, 'replica' | 'vault'>): Promise<Sampled> {
  const logs = (await ports.vault.list(vaultKeys.verificationLogs)).map(({ key }) => key).filter(isOfDamage);
  const found = new SampleCounter();
  const wrong = [...newestByKey(await readLogs(ports.vault, logs.slice(-NEWEST_LOGS))).values()].filter(isDamaged);
  for (const [index, record] of wrong.entries()) {
    if (index >= LOOKED_UP || (await isThere(ports, record))) found.add(record.key);
  }
  return found.result;
}
