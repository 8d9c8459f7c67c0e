import type { z } from 'zod';
import { findingRules } from '../../core/findings.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { DrError, hasCode } from '../../errors.ts';
import { eachOf } from '../each-of.ts';

const ATTEMPTS = 8;
const READS_AT_ONCE = 16;

export function unreadableError(key: string, problem: string, cause?: unknown): DrError {
  const { hint } = findingRules.VAULT_UNREADABLE;
  return new DrError('VAULT_UNREADABLE', `${key}: ${problem}`, { subject: key, cause, hint });
}

/** Parses a document of the catalogue. Throws VAULT_UNREADABLE with its key; never repairs. */
export function parseDocument<T>(key: string, body: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw unreadableError(key, 'not JSON', cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const named = (value as { schema?: unknown } | null)?.schema;
  throw unreadableError(key, `does not fit (schema ${String(named)}): ${issue?.path.join('.')} ${issue?.message}`);
}

/** What was parsed of an answer, by schema: an answer that a vault gives again (`readOnce`) is parsed once. */
const parsedOf = new WeakMap<object, Map<z.ZodType, unknown>>();

function parsedOnce<T>(key: string, answer: { body: string }, schema: z.ZodType<T>): T {
  const known = parsedOf.get(answer) ?? new Map<z.ZodType, unknown>();
  // Readers share it: none may change it under another.
  if (!known.has(schema)) known.set(schema, frozen(parseDocument(key, answer.body, schema)));
  parsedOf.set(answer, known);
  return known.get(schema) as T;
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}

export async function readDocument<T>(
  vault: Pick<Vault, 'get'>,
  key: string,
  schema: z.ZodType<T>,
): Promise<{ value: T; etag: string } | undefined> {
  const found = await vault.get(key);
  return found && { value: parsedOnce(key, found, schema), etag: found.etag };
}

export type Unreadable = { key: string; problem: string };
export type ReadDocuments<T> = { found: T[]; unreadable: Unreadable[] };

/**
 * The documents right under a prefix, in the order of their keys, or the last `newest` of them. Those that do not
 * parse are named, and hide no others.
 */
export async function readAll<T>(
  vault: Pick<Vault, 'get' | 'list'>,
  prefix: string,
  schema: z.ZodType<T>,
  newest = Number.POSITIVE_INFINITY,
): Promise<ReadDocuments<T>> {
  const keys = (await vault.list(prefix)).map(({ key }) => key);
  const direct = keys.filter((key) => key.endsWith('.json') && !key.slice(prefix.length).includes('/'));
  const unreadable: Unreadable[] = [];
  const read = await eachOf(direct.slice(Math.max(0, direct.length - newest)), READS_AT_ONCE, async (key) => {
    try {
      return await readDocument(vault, key, schema);
    } catch (error) {
      if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
      unreadable.push({ key, problem: error.message });
      return undefined;
    }
  });
  return { found: read.flatMap((each) => (each ? [each.value] : [])), unreadable };
}

export function encode(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * Changes one document by compare-and-swap: reads, applies, writes, and begins again when
 * another pass was faster. `change` is pure; returning the same again writes nothing. What does not fit the schema is
 * not written: ILLEGAL_TRANSITION.
 */
export async function updateDocument<T>(
  vault: Pick<Vault, 'get' | 'put'>,
  key: string,
  schema: z.ZodType<T>,
  change: (current: T | undefined) => T | undefined,
): Promise<{ before: T | undefined; after: T | undefined }> {
  for (let attempt = 1; ; attempt += 1) {
    const read = await readDocument(vault, key, schema);
    const after = change(read?.value);
    if (after === undefined || after === read?.value) return { before: read?.value, after: read?.value };
    const body = encode(after);
    if (read && body === encode(read.value)) return { before: read.value, after: read.value };
    requireFit(key, body, schema);
    try {
      await vault.put(key, body, read?.etag);
      return { before: read?.value, after };
    } catch (error) {
      // A document that was removed since it was read is found no more, as another is not the one that was read.
      const faster = hasCode(error, 'CONFLICT') || (read !== undefined && hasCode(error, 'NOT_FOUND'));
      if (!faster || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The bytes of a document that its readers take; else ILLEGAL_TRANSITION. */
export function encodeFit<T>(key: string, document: T, schema: z.ZodType<T>): string {
  const body = encode(document);
  requireFit(key, body, schema);
  return body;
}

/** A document that nobody could read again is a defect of whoever wants to write it. */
export function requireFit(key: string, body: string, schema: z.ZodType): void {
  const [issue] = schema.safeParse(JSON.parse(body)).error?.issues ?? [];
  if (!issue) return;
  throw new DrError('ILLEGAL_TRANSITION', `${key} would not fit its schema: ${issue.path.join('.')} ${issue.message}`, {
    subject: key,
    hint: 'This is a defect in the product; the document was left as it is.',
  });
}
