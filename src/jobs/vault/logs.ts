import type { z } from 'zod';
import type { VerifiedIndex } from '../../core/artifacts/documents.ts';
import { SampleCounter } from '../../core/artifacts/merge-diff.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { isOfDamage } from '../../core/vault-layout.ts';
import { type DrError, hasCode } from '../../errors.ts';
import { eachOf } from '../each-of.ts';
import { parseDocument, requireFit, type Unreadable, unreadableError } from './documents.ts';

const READS_AT_ONCE = 16;

/** An entry of a log as it was read. One that is gone has no lines: somebody merged it. `broken`: it is not what was written. */
export type LogEntry<T> = { key: string; lines: T[]; broken: DrError | undefined };

/** Writes an entry, once. What its reader would not take is not written: ILLEGAL_TRANSITION. */
export async function writeLog<T>(
  vault: Pick<Vault, 'put'>,
  key: string,
  lines: readonly T[],
  schema: z.ZodType<T>,
): Promise<void> {
  const texts = lines.map((line) => JSON.stringify(line));
  for (const text of texts) requireFit(key, text, schema);
  await vault.put(key, texts.map((text) => `${text}\n`).join(''), undefined);
}

/** An entry is written at once, with a line at least and a newline after each: whatever else it is by now, it was cut or damaged. */
function entryOf<T>(key: string, body: string, schema: z.ZodType<T>): LogEntry<T> {
  const texts = body.split('\n');
  const rest = texts.pop();
  let broken: DrError | undefined;
  if (texts.length === 0) broken = unreadableError(key, rest === '' ? 'it is empty' : 'it has no whole line');
  else if (rest !== '') broken = unreadableError(key, 'its last line has no end');
  const lines: T[] = [];
  for (const text of texts) {
    try {
      lines.push(parseDocument(key, text, schema));
    } catch (error) {
      if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
      broken ??= error;
    }
  }
  return { key, lines, broken };
}

/** These entries, in the order they are named. VAULT_UNREADABLE when one is not what was written. */
export function readLogs<T>(
  vault: Pick<Vault, 'get'>,
  keys: readonly string[],
  schema: z.ZodType<T>,
): Promise<LogEntry<T>[]> {
  return eachOf(keys, READS_AT_ONCE, async (key) => {
    const entry = await readEntry(vault, key, schema);
    if (entry.broken) throw entry.broken;
    return entry;
  });
}

async function readEntry<T>(vault: Pick<Vault, 'get'>, key: string, schema: z.ZodType<T>): Promise<LogEntry<T>> {
  const found = await vault.get(key);
  return found ? entryOf(key, found.body, schema) : { key, lines: [], broken: undefined };
}

/** The same, where one that is broken stops nobody: it is named, and those of its lines that fit count. */
export async function readLogsNaming<T>(
  { vault, log }: Pick<Ports, 'log'> & { vault: Pick<Vault, 'get'> },
  keys: readonly string[],
  schema: z.ZodType<T>,
): Promise<LogEntry<T>[]> {
  const entries = await eachOf(keys, READS_AT_ONCE, (key) => readEntry(vault, key, schema));
  for (const { key, broken } of entries) {
    if (broken) log.warn('a log cannot be read; lines of it that fit count', { key, error: broken.message });
  }
  return entries;
}

export const linesOf = <T>(entries: readonly LogEntry<T>[]): T[] => entries.flatMap(({ lines }) => lines);

export const brokenOf = (entries: readonly LogEntry<unknown>[]): Unreadable[] =>
  entries.flatMap(({ key, broken }) => (broken ? [{ key, problem: broken.message }] : []));

/** The names of those that cannot be read, for who reads what became of a merge; those that may say of wrong bytes first. */
export function namedBroken(entries: readonly LogEntry<unknown>[]): Pick<VerifiedIndex, 'unreadableLogs'> {
  const broken = entries.filter((each) => each.broken).map(({ key }) => key);
  if (broken.length === 0) return {};
  const named = new SampleCounter();
  for (const key of broken.toSorted((a, b) => Number(isOfDamage(b)) - Number(isOfDamage(a)))) named.add(key);
  return { unreadableLogs: named.result };
}

/** Takes what was merged out of the log. What could not be read stays. */
export async function removeWhole(vault: Pick<Vault, 'remove'>, entries: readonly LogEntry<unknown>[]): Promise<void> {
  for (const { key, broken } of entries) if (!broken) await vault.remove(key);
}
