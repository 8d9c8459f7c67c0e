import { isUnexpired } from '../../core/artifacts/withheld-deletes.ts';
import type { Point } from '../../core/points/documents.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { failoverNotOver } from '../../core/recovery/lifecycle.ts';
import { reportSchema } from '../../core/recovery/report.ts';
import { runSchema } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { readDirectionAgain } from '../vault/direction.ts';
import { readAll, readDocument } from '../vault/documents.ts';
import { readLines } from './inventory.ts';

/** A list of the vault that says which artifacts a point needs: its inventory, or the rows of its database. */
export type NamingList = { point: string; key: string; count: number };

const unreadable = (key: string, problem: string, cause?: unknown) =>
  new DrError('VAULT_UNREADABLE', `${key}: ${problem}`, { subject: key, cause });

/**
 * Every list of every unexpired point, the oldest point first: what is kept longest names most of what is withheld.
 * VAULT_UNREADABLE when one of the documents that name them cannot be read.
 */
export async function namingLists(vault: Vault, points: readonly Point[]): Promise<NamingList[]> {
  const kept = new Set(points.filter(isUnexpired).map(({ id }) => id));
  const inventories = points.filter(isUnexpired).flatMap(({ id, artifacts }): NamingList[] => {
    return artifacts.state === 'pending' ? [] : [{ point: id, key: artifacts.key, count: artifacts.count }];
  });
  const rows: NamingList[] = [];
  for (const folder of [vaultKeys.drills, vaultKeys.failovers]) {
    const { found, unreadable: broken } = await readAll(vault, folder, runSchema);
    for (const { key, problem } of broken) throw unreadable(key, problem);
    for (const { point, inspection } of found.flatMap((run) => run.attempts)) {
      if (!inspection?.doneAt || !kept.has(point)) continue;
      const report = await readDocument(vault, inspection.report, reportSchema);
      if (!report) throw unreadable(inspection.report, `the report on point ${point} is not there`);
      if (report.value.packages) rows.push({ point, ...report.value.packages });
    }
  }
  return [...inventories, ...rows];
}

/** The failover that the direction has in hand, or one that is not over. VAULT_UNREADABLE when nobody can say. */
export async function readFailoverInHand(vault: Vault): Promise<string | undefined> {
  const { inHand } = await readDirectionAgain(vault);
  if (inHand) return inHand.run;
  const { found, unreadable: broken } = await readAll(vault, vaultKeys.failovers, runSchema);
  for (const { key, problem } of broken) throw unreadable(key, problem);
  return failoverNotOver(found)?.id;
}

/** The keys of a list, in their order. VAULT_UNREADABLE when it is not there, broken, or shorter than it was written. */
export async function* readNames(vault: Vault, { point, key, count }: NamingList): AsyncIterable<{ key: string }[]> {
  let seen = 0;
  try {
    for await (const page of readLines<{ key: string }>(vault, key)) {
      seen += page.length;
      yield page;
    }
  } catch (error) {
    if (error instanceof DrError && !hasCode(error, 'NOT_FOUND', 'VAULT_UNREADABLE')) throw error;
    throw unreadable(key, `a list of point ${point} cannot be read: ${describeError(error)}`, error);
  }
  if (seen !== count) throw unreadable(key, `a list of point ${point} has ${seen} lines, and had ${count}`);
}
