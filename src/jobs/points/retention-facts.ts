import type { z } from 'zod';
import { snapshotName } from '../../core/ids.ts';
import { type Point, pointSchema } from '../../core/points/documents.ts';
import { newestFirst } from '../../core/points/point.ts';
import type { RetentionFacts } from '../../core/points/retention.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { isOver } from '../../core/recovery/lifecycle.ts';
import { type Run, runSchema } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';
import { eachOf } from '../each-of.ts';
import { readAvailableCopies } from '../recovery/candidates.ts';
import { readDirectionAgain } from '../vault/direction.ts';
import { readDocument, type Unreadable } from '../vault/documents.ts';

const READS_AT_ONCE = 16;

type ListedDocuments<T> = { found: Map<string, T>; unreadable: Unreadable[]; writtenAt: Date[] };

/** The facts that a retention is decided by, and what they were read from. */
export type CatalogueFacts = RetentionFacts & { byKey: { points: Map<string, Point>; runs: Map<string, Run> } };

/** What a later look need not read again: it changes in ways only that concern no other document. */
const settledPoint = ({ state }: Point) => ['protected', 'proven', 'failed'].includes(state);

async function readListed<T>(
  vault: Pick<Vault, 'get' | 'list'>,
  prefix: string,
  schema: z.ZodType<T>,
  known: (key: string) => T | undefined,
): Promise<ListedDocuments<T>> {
  const entries = await vault.list(prefix);
  const keys = entries.flatMap(({ key }) =>
    key.endsWith('.json') && !key.slice(prefix.length).includes('/') ? [key] : [],
  );
  const listed: ListedDocuments<T> = {
    found: new Map(),
    unreadable: [],
    writtenAt: entries.map((each) => each.lastModified),
  };
  const unknown = keys.filter((key) => known(key) === undefined);
  const read = await eachOf(unknown, READS_AT_ONCE, async (key): Promise<[string, T | undefined]> => {
    try {
      return [key, (await readDocument(vault, key, schema))?.value];
    } catch (error) {
      if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
      listed.unreadable.push({ key, problem: error.message });
      return [key, undefined];
    }
  });
  const fresh = new Map(read);
  for (const key of keys) {
    const value = known(key) ?? fresh.get(key);
    if (value !== undefined) listed.found.set(key, value);
  }
  return listed;
}

/** How the primary fails to answer, if it does. */
async function silenceOf(database: Ports['database'], points: Point[]): Promise<string | undefined> {
  const [newest] = newestFirst(points);
  if (!newest) return undefined;
  try {
    await database.status(snapshotName(newest.id));
    return undefined;
  } catch (error) {
    if (!isDarkness(error)) throw error;
    return error.message;
  }
}

/**
 * The whole catalogue, all runs included, and whether the primary answers. After `before`, only what may say something
 * else by now: what is new, in flight, suspect or not over. Right before something is removed.
 */
export async function readRetentionFacts(
  { vault, database }: Pick<Ports, 'vault' | 'database'>,
  before?: CatalogueFacts,
): Promise<CatalogueFacts> {
  const knownPoint = (key: string) => {
    const point = before?.byKey.points.get(key);
    return point && settledPoint(point) ? point : undefined;
  };
  const knownRun = (key: string) => {
    const run = before?.byKey.runs.get(key);
    return run && isOver(run) ? run : undefined;
  };
  const points = await readListed(vault, vaultKeys.points, pointSchema, knownPoint);
  const drills = await readListed(vault, vaultKeys.drills, runSchema, knownRun);
  const failovers = await readListed(vault, vaultKeys.failovers, runSchema, knownRun);
  const others = [...(await vault.list(vaultKeys.status)), ...(await vault.list(vaultKeys.prune))];
  const { direction } = await readDirectionAgain(vault as Vault);
  const written = [points, drills, failovers].flatMap((each) => each.writtenAt);
  const newest = Math.max(...[...written, ...others.map((each) => each.lastModified)].map((each) => each.getTime()));
  const runs = new Map([...drills.found, ...failovers.found]);
  const all = [...points.found.values()];
  return {
    points: all,
    copies: await readAvailableCopies({ database }),
    runs: [...runs.values()],
    unreadable: [...points.unreadable, ...drills.unreadable, ...failovers.unreadable],
    direction,
    primarySilent: before?.primarySilent ?? (await silenceOf(database, all)),
    newestWrittenAt: Number.isFinite(newest) ? new Date(newest) : undefined,
    byKey: { points: points.found, runs },
  };
}
