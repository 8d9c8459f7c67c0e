import { gunzipSync } from 'node:zlib';
import type * as z from 'zod';
import {
  displacedSchema,
  reconcileSchema,
  uncopyableSchema,
  unfinishedCopySchema,
  verifiedSchema,
} from '../../../src/core/artifacts/documents.ts';
import { pointSchema } from '../../../src/core/points/documents.ts';
import { statusSchema } from '../../../src/core/readiness/documents.ts';
import { directionSchema } from '../../../src/core/recovery/direction.ts';
import { failbackSchema } from '../../../src/core/recovery/documents.ts';
import { drillLeaseSchema } from '../../../src/core/recovery/drill-lease.ts';
import { runSchema } from '../../../src/core/recovery/run.ts';

/** What a document says, or why nobody can read it. */
export type Reading = { ok: true; value: unknown } | { ok: false; why: string };

const schemas: [RegExp, z.ZodType][] = [
  [/^direction\.json$/, directionSchema],
  [/^status\.json$/, statusSchema],
  [/^points\/[^/]+\.json$/, pointSchema],
  [/^(drills|failovers)\/[^/]+\.json$/, runSchema],
  [/^leases\/drill\.json$/, drillLeaseSchema],
  [/^failbacks\/[^/]+\.json$/, failbackSchema],
  [/^verified\.json$/, verifiedSchema],
  [/^reconcile\.json$/, reconcileSchema],
  [/^uncopyable\.json$/, uncopyableSchema],
  [/^copies\/.+\.json$/, unfinishedCopySchema],
  [/^displaced\/[0-9a-f]+\.json$/, displacedSchema],
];

/** Documents that a person or a job changes, and those that only say what they are by their name. */
const isJson = (key: string): boolean => key.endsWith('.json');
const isPacked = (key: string): boolean => key.endsWith('.ndjson.gz');

/** Reads a document as its name says; undefined for what is no document: bytes displaced or set aside, pages, logs. */
export function readingOf(key: string, body: Uint8Array): Reading | undefined {
  if (key.startsWith('unreadable/')) return undefined;
  if (isPacked(key)) return unpacked(body);
  if (!isJson(key)) return undefined;
  const parsed = parsedJson(body);
  if (!parsed.ok) return parsed;
  const schema = schemas.find(([pattern]) => pattern.test(key))?.[1];
  if (!schema) return named(parsed.value);
  const { success, data, error } = schema.safeParse(parsed.value);
  if (success) return { ok: true, value: data };
  const [issue] = error.issues;
  return { ok: false, why: `${issue?.path.join('.')}: ${issue?.message}` };
}

function parsedJson(body: Uint8Array): Reading {
  try {
    return { ok: true, value: JSON.parse(Buffer.from(body).toString('utf8')) as unknown };
  } catch (error) {
    return { ok: false, why: `no JSON: ${String(error).slice(0, 80)}` };
  }
}

/** Every document says what it is. */
function named(value: unknown): Reading {
  const schema = (value as { schema?: unknown } | null)?.schema;
  const ok = typeof schema === 'string' && /^[a-z-]+\/\d+$/.test(schema);
  return ok ? { ok, value } : { ok: false, why: `schema is ${JSON.stringify(schema)}` };
}

function unpacked(body: Uint8Array): Reading {
  try {
    const lines = gunzipSync(body).toString('utf8').split('\n');
    return { ok: true, value: lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown) };
  } catch (error) {
    return { ok: false, why: `does not unpack: ${String(error).slice(0, 80)}` };
  }
}

/** The keys that a packed list names. */
export function keysOf(reading: Reading | undefined): Set<string> | undefined {
  if (!reading?.ok || !Array.isArray(reading.value)) return undefined;
  return new Set(reading.value.map((line) => (line as { key?: unknown }).key).filter((key) => typeof key === 'string'));
}
