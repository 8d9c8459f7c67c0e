import { type Difference, differences, mergeDiff, SampleCounter } from '../../core/artifacts/merge-diff.ts';
import type { ObjectEntry } from '../../core/ports/artifacts.ts';
import { type Failback, failbackSchema, type Recovery, recoverySchema } from '../../core/recovery/documents.ts';
import type { PackageRow } from '../../core/recovery/row-comparison.ts';
import { current, move, withAttempt } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { packed, readLines } from '../artifacts/inventory.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';
import { reportOf } from './compare.ts';
import { type RunContext, updateRun } from './runs.ts';

type Side = { key: string; row: boolean; hart: boolean };

/** Rows of the left-behind database that the failover did not take, or took with other bytes. */
async function* newRows(context: RunContext, left: Recovery, taken: Recovery): AsyncIterable<{ key: string }[]> {
  const there = (await reportOf(context.ports, left)).packages?.key;
  const here = (await reportOf(context.ports, taken)).packages?.key;
  if (!there || !here)
    throw new DrError('NOT_FOUND', 'a package inventory is missing, so that nothing can be compared');
  const rows = (key: string) => readLines<PackageRow>(context.ports.vault, key);
  const isNew = (each: Difference<PackageRow, PackageRow>) => {
    if (each.side === 'left') return [{ key: each.left.key }];
    return each.side === 'both' && each.left.checksum !== each.right.checksum ? [{ key: each.left.key }] : [];
  };
  for await (const batch of differences(rows(there), rows(here))) yield batch.flatMap(isNew);
}

/** Objects of the old primary bucket that the replica does not have, or has in another size. */
async function* newHarts({ ports }: RunContext): AsyncIterable<{ key: string }[]> {
  const isNew = (each: Difference<ObjectEntry, ObjectEntry>) => {
    if (each.side === 'left') return [{ key: each.left.key }];
    return each.side === 'both' && each.left.size !== each.right.size ? [{ key: each.left.key }] : [];
  };
  for await (const batch of differences(ports.primaryArtifacts.pages(), ports.replica.pages())) {
    yield batch.flatMap(isNew);
  }
}

const sideOf = (each: Difference<{ key: string }, { key: string }>): Side => ({
  key: each.side === 'right' ? each.right.key : each.left.key,
  row: each.side !== 'right',
  hart: each.side !== 'left',
});

/** Lists what was written at the old primary after the restored point, for `hab pkg upload`. */
async function listDivergence(
  context: RunContext,
  left: Recovery,
  taken: Recovery,
): Promise<NonNullable<Failback['diverged']>> {
  const { vault } = context.ports;
  const key = vaultKeys.divergence(taken.id);
  async function* lines() {
    for await (const batch of differences(newRows(context, left, taken), newHarts(context))) {
      yield batch.map((each) => `${JSON.stringify(sideOf(each))}\n`).join('');
    }
  }
  await vault.putStream(key, packed(lines()));
  const rows = new SampleCounter();
  const harts = new SampleCounter();
  const nothing: AsyncIterable<Side[]> = (async function* () {})();
  await mergeDiff(readLines<Side>(vault, key), nothing, (each) => {
    if (each.side !== 'left') return;
    if (each.left.row) rows.add(each.left.key);
    if (each.left.hart) harts.add(each.left.key);
  });
  return { key, rows: rows.result, harts: harts.result };
}

/** The last step of looking into a left-behind database: the list, instead of a verdict. */
export async function stepDiverged(context: RunContext, run: Recovery): Promise<Recovery> {
  const { ports } = context;
  const failover = run.wanted.diverged ?? '';
  const taken = await readDocument(ports.vault, vaultKeys.run('failover/1', failover), recoverySchema);
  if (!taken) throw new DrError('RUN_UNKNOWN', `no failover ${failover}`);
  const diverged = await listDivergence(context, run, taken.value);
  await updateDocument(ports.vault, vaultKeys.failback(failover), failbackSchema, (now) => now && { ...now, diverged });
  const why = `${diverged.rows.count} rows and ${diverged.harts.count} harts were written after point ${current(taken.value).point}`;
  return updateRun(ports, run, (now) =>
    now.state === 'verifying'
      ? move(withAttempt(now, { outcome: 'accepted', why }), 'cleaning-up', ports.clock(), why)
      : now,
  );
}
