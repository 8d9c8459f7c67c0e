import { isDeepStrictEqual } from 'node:util';
import {
  type VerificationRecord,
  type VerifiedIndex,
  verificationSchema,
  verifiedSchema,
} from '../../core/artifacts/documents.ts';
import { compareKeys, type Difference, differences } from '../../core/artifacts/merge-diff.ts';
import { isOf, isWork, newestByKey, succeeding, VerifiedCount } from '../../core/artifacts/verification.ts';
import { minutesBetween } from '../../core/ids.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { ObjectEntry } from '../../core/ports/artifacts.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { encodeFit, readDocument } from '../vault/documents.ts';
import { linesOf, namedBroken, readLogsNaming, removeWhole } from '../vault/logs.ts';
import { packed, readLines } from './inventory.ts';

type MergePorts = Pick<Ports, 'clock' | 'log' | 'newId' | 'replica' | 'vault'>;

/** Log entries that one run merges; the rest waits for the next. Each holds a batch of ten at most. */
const LOGS_PER_PASS = 2_000;
/** No run takes as long as this: what it left is nobody's. */
const STALE_MINUTES = 24 * 60;
const KEYS_PER_PASS = 10_000;

/** A log that a killed run merged already says nothing new. */
function isSuperseded(next: VerificationRecord, old: VerificationRecord): boolean {
  if (old.at !== next.at) return old.at > next.at;
  return isDeepStrictEqual({ ...old, tries: 0 }, { ...succeeding(old, next), tries: 0 });
}

/** The old records with the new ones over them, sorted by key. */
async function* merged(old: AsyncIterable<VerificationRecord[]>, added: VerificationRecord[]) {
  async function* sorted() {
    yield [...newestByKey(added).values()].sort((a, b) => compareKeys(a.key, b.key));
  }
  for await (const batch of differences(old, sorted())) {
    yield batch.map((each) => {
      if (each.side === 'right') return each.right;
      return each.side === 'left' || isSuperseded(each.right, each.left)
        ? each.left
        : succeeding(each.left, each.right);
    });
  }
}

async function* nothing(): AsyncIterable<VerificationRecord[]> {}

type Merge = { key: string; index: VerifiedIndex; work: string[] };

/** A record of bytes that are no longer there says that somebody wrote over them, until a newer one follows. */
function outlived(record: VerificationRecord, { lastModified }: ObjectEntry): VerificationRecord {
  const written = lastModified.toISOString();
  return record.at < written ? record : { ...record, at: written };
}

/** Writes the new file: what still holds counts, the rest is work. */
async function writeMerged(ports: MergePorts, records: AsyncIterable<VerificationRecord[]>): Promise<Merge> {
  const { vault, replica } = ports;
  const now = ports.clock();
  const published = await vault.list(vaultKeys.publicKeys);
  const keysChangedAt = new Date(Math.max(0, ...published.map((entry) => entry.lastModified.getTime())));
  const counted = new VerifiedCount();
  const work: string[] = [];
  const take = (each: Difference<ObjectEntry, VerificationRecord>): string => {
    if (each.side === 'right') return '';
    const last = each.side === 'both' ? each.right : undefined;
    const record = last && isOf(last, each.left) ? last : undefined;
    if (record) counted.holds(record);
    else counted.unverified(each.left);
    if ((!record || isWork(record, each.left, keysChangedAt)) && work.length < KEYS_PER_PASS) work.push(each.left.key);
    return last ? `${JSON.stringify(record ?? outlived(last, each.left))}\n` : '';
  };
  async function* lines() {
    for await (const batch of differences(replica.pages(), records)) yield batch.map(take).join('');
  }
  const key = vaultKeys.verifiedFile(now, ports.newId());
  await vault.putStream(key, packed(lines()));
  return { key, index: counted.result(key, now), work };
}

/** Files of runs that died before they were the current one. */
async function removeStale({ vault, clock }: MergePorts, current: string): Promise<void> {
  for (const { key, lastModified } of await vault.list(vaultKeys.verifiedFiles)) {
    if (key !== current && minutesBetween(lastModified, clock()) > STALE_MINUTES) await vault.remove(key);
  }
}

/**
 * Merges the log of verifications into one sorted file, holds it against the replica's listing (another ETag or
 * size voids a record) and counts. Needs the DR site only. Dying anywhere leaves the logs to be merged again; of
 * two runs at once one gives way. Answers the keys to be verified: without a record, or damaged and to be repaired.
 */
export async function mergeVerifications(ports: MergePorts): Promise<string[]> {
  const { vault } = ports;
  const before = await readDocument(vault, vaultKeys.verified, verifiedSchema);
  const logs = (await vault.list(vaultKeys.verificationLogs)).slice(0, LOGS_PER_PASS).map((entry) => entry.key);
  const old = before ? readLines<VerificationRecord>(vault, before.value.key) : nothing();
  const entries = await readLogsNaming(ports, logs, verificationSchema);
  try {
    const { key, index, work } = await writeMerged(ports, merged(old, linesOf(entries)));
    const next = { ...index, ...namedBroken(entries) };
    await vault.put(vaultKeys.verified, encodeFit(vaultKeys.verified, next, verifiedSchema), before?.etag);
    await removeWhole(vault, entries);
    if (before && before.value.key !== key) await vault.remove(before.value.key);
    await removeStale(ports, key);
    return work;
  } catch (error) {
    const current = await readDocument(vault, vaultKeys.verified, verifiedSchema);
    if (!hasCode(error, 'CONFLICT', 'NOT_FOUND') || current?.etag === before?.etag) throw error;
    ports.log.info('another run merged the verifications');
    return [];
  }
}
