import { type Difference, differences, mergeDiff, SampleCounter } from '../../core/artifacts/merge-diff.ts';
import type { ObjectEntry } from '../../core/ports/artifacts.ts';
import { type Failback, failbackSchema } from '../../core/recovery/documents.ts';
import { current, move, withAttempt } from '../../core/recovery/lifecycle.ts';
import type { PackageRow } from '../../core/recovery/row-comparison.ts';
import type { Run, RunOf } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { packed, readLines } from '../artifacts/inventory.ts';
import type { Pass } from '../pass.ts';
import { updateDocument } from '../vault/documents.ts';
import { readRun, updateRun } from '../vault/runs.ts';
import { readReport } from './compare.ts';

type Side = { key: string; row: boolean; hart: boolean };

/** Rows of the left-behind database that the failover did not take, or took with other bytes. */
async function* newRows(pass: Pass, left: Run, taken: Run): AsyncIterable<{ key: string }[]> {
  const there = (await readReport(pass.ports, left)).packages?.key;
  const here = (await readReport(pass.ports, taken)).packages?.key;
  if (!there || !here)
    throw new DrError('NOT_FOUND', 'a package inventory is missing, so that nothing can be compared');
  const rows = (key: string) => readLines<PackageRow>(pass.ports.vault, key);
  const isNew = (each: Difference<PackageRow, PackageRow>) => {
    if (each.side === 'left') return [{ key: each.left.key }];
    return each.side === 'both' && each.left.checksum !== each.right.checksum ? [{ key: each.left.key }] : [];
  };
  for await (const batch of differences(rows(there), rows(here))) yield batch.flatMap(isNew);
}

/** Objects of the old primary bucket that the replica does not have, or has in another size. */
async function* newHarts({ ports }: Pass): AsyncIterable<{ key: string }[]> {
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
async function listDivergence(pass: Pass, left: Run, taken: Run): Promise<NonNullable<Failback['diverged']>> {
  const { vault } = pass.ports;
  const key = vaultKeys.divergence(taken.id);
  async function* lines() {
    for await (const batch of differences(newRows(pass, left, taken), newHarts(pass))) {
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
export async function stepDiverged(pass: Pass, run: RunOf<'look-back'>): Promise<Run> {
  const { ports } = pass;
  const { failover } = run;
  const taken = await readRun(ports.vault, vaultKeys.run('failovers', failover));
  const diverged = await listDivergence(pass, run, taken);
  await updateDocument(ports.vault, vaultKeys.failback(failover), failbackSchema, (now) => now && { ...now, diverged });
  const why = `${diverged.rows.count} rows and ${diverged.harts.count} harts were written after point ${current(taken).point}`;
  return updateRun(ports, run, (now) =>
    now.state === 'verifying'
      ? move(withAttempt(now, { outcome: 'accepted', why }), 'cleaning-up', ports.clock(), why)
      : now,
  );
}
