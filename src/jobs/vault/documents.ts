import type { z } from 'zod';
import { type Point, pointSchema } from '../../core/points/documents.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { type Direction, directionSchema } from '../../core/recovery/direction.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, hasCode } from '../../errors.ts';

const ATTEMPTS = 8;
const READS_AT_ONCE = 16;

/** Parses a document of the catalogue. Throws VAULT_UNREADABLE with its key; never repairs. */
export function parseDocument<T>(key: string, body: string, schema: z.ZodType<T>): T {
  const unreadable = (problem: string, cause?: unknown) =>
    new DrError('VAULT_UNREADABLE', `${key}: ${problem}`, {
      cause,
      hint: 'Restore the previous version of this object in the vault bucket; it was not overwritten.',
    });
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw unreadable('not JSON', cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const named = (value as { schema?: unknown } | null)?.schema;
  throw unreadable(`does not fit (schema ${String(named)}): ${issue?.path.join('.')} ${issue?.message}`);
}

export async function readDocument<T>(
  vault: Vault,
  key: string,
  schema: z.ZodType<T>,
): Promise<{ value: T; etag: string } | undefined> {
  const found = await vault.get(key);
  return found && { value: parseDocument(key, found.body, schema), etag: found.etag };
}

export function encode(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * Changes one document by compare-and-swap: reads, applies, writes, and begins again when
 * another run was faster. `change` is pure; returning its argument writes nothing.
 */
export async function updateDocument<T>(
  vault: Vault,
  key: string,
  schema: z.ZodType<T>,
  change: (current: T | undefined) => T | undefined,
): Promise<{ before: T | undefined; after: T | undefined }> {
  for (let attempt = 1; ; attempt += 1) {
    const read = await readDocument(vault, key, schema);
    const after = change(read?.value);
    if (after === undefined || after === read?.value) return { before: read?.value, after: read?.value };
    try {
      await vault.put(key, encode(after), read?.etag);
      return { before: read?.value, after };
    } catch (error) {
      if (!hasCode(error, 'CONFLICT') || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Changes a point that must exist, and says so on the bus when its state changed. */
export async function updatePoint(
  ports: Pick<Ports, 'log' | 'signals' | 'vault'>,
  id: string,
  change: (point: Point) => Point,
): Promise<Point> {
  const { before, after } = await updateDocument(
    ports.vault,
    vaultKeys.point(id),
    pointSchema,
    (current) => current && change(current),
  );
  if (!after) {
    throw new DrError('POINT_UNKNOWN', `no recovery point ${id}`, { hint: '`builder-dr points` lists them.' });
  }
  if (before?.state !== after.state) await announcePoint(ports, after);
  return after;
}

export async function announcePoint(ports: Pick<Ports, 'log' | 'signals'>, point: Point): Promise<void> {
  const why = point.history.at(-1)?.why;
  ports.log.info('point changed state', { point: point.id, state: point.state, why });
  await ports.signals.emit('recovery-point.state-changed', { id: point.id, kind: point.kind, state: point.state, why });
}

export type Catalogue = { points: Point[]; unreadable: { key: string; problem: string }[] };

/** All points, oldest first; documents that do not parse are named, and hide no others. */
export async function readPoints(vault: Vault): Promise<Catalogue> {
  const catalogue: Catalogue = { points: [], unreadable: [] };
  const read = async ({ key }: { key: string }): Promise<void> => {
    try {
      const found = await readDocument(vault, key, pointSchema);
      if (found) catalogue.points.push(found.value);
    } catch (error) {
      if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
      catalogue.unreadable.push({ key, problem: error.message });
    }
  };
  const entries = await vault.list(vaultKeys.points);
  for (let start = 0; start < entries.length; start += READS_AT_ONCE) {
    await Promise.all(entries.slice(start, start + READS_AT_ONCE).map(read));
  }
  catalogue.points.sort((a, b) => (a.requestedAt < b.requestedAt ? -1 : 1));
  return catalogue;
}

/** Which way protection flows. Without a document it flows from primary to DR. */
export async function readDirection(vault: Vault): Promise<Pick<Direction, 'direction' | 'epoch' | 'failover'>> {
  const found = await readDocument(vault, vaultKeys.direction, directionSchema);
  return found?.value ?? { direction: 'primary→dr', epoch: 0 };
}

/** Refuses to work when protection flows another way. */
export async function requireDirection(vault: Vault, wanted: Direction['direction']): Promise<void> {
  const current = await readDirection(vault);
  if (current.direction === wanted) return;
  throw new DrError(
    'WRONG_DIRECTION',
    `protection flows ${current.direction} (epoch ${current.epoch}), not ${wanted}`,
    {
      hint: 'This stack is not the active one; nothing was done.',
    },
  );
}
