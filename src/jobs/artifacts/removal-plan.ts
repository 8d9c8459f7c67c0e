import { type DeletionMark, deletionNoteSchema } from '../../core/artifacts/deletions.ts';
import { mergeDiff } from '../../core/artifacts/merge-diff.ts';
import {
  isSettled,
  isUnexpired,
  type PointWindow,
  windowHolding,
  windowOf,
} from '../../core/artifacts/withheld-deletes.ts';
import type { Point } from '../../core/points/documents.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { readLogs } from '../vault/logs.ts';
import { type ReadDeletions, readMarks } from './deletion-marks.ts';
import { notesByKey } from './deletion-notes.ts';
import { type NamingList, readNames } from './naming-lists.ts';

/** What is to be done about a mark. `settle`: its versions are let go later. */
export type MarkVerdict = 'keep' | 'hide' | 'settle' | 'release' | 'bring-back' | 'drop';

/** By time alone. Notes that no listing has confirmed yet may mean that it lives again. */
function byTime(mark: DeletionMark, windows: readonly PointWindow[], noted: boolean): MarkVerdict {
  const held = noted || windowHolding(mark, windows) !== undefined;
  if (mark.backAt !== undefined) return held || mark.hiddenAt ? 'keep' : 'drop';
  if (mark.hiddenAt === undefined) return held ? 'keep' : 'hide';
  if (held) return 'bring-back';
  return isSettled(mark, windows) ? 'release' : 'settle';
}

const whenNamed: Record<MarkVerdict, MarkVerdict> = {
  keep: 'keep',
  drop: 'drop',
  hide: 'keep',
  settle: 'bring-back',
  release: 'bring-back',
  'bring-back': 'bring-back',
};
const mayChange = (verdict: MarkVerdict) => whenNamed[verdict] !== verdict;

/** Each mark with its place in their order. */
async function* placed(marks: AsyncIterable<DeletionMark[]>): AsyncIterable<{ key: string; place: number }[]> {
  let place = 0;
  for await (const page of marks) {
    yield page.map(({ key }, index) => ({ key, place: place + index }));
    place += page.length;
  }
}

/**
 * What is to be done about each mark, in their order. Memory is a word a mark; every list is read once, and none when
 * nothing is left to decide. VAULT_UNREADABLE when one of them cannot be read.
 */
export async function planRemoval(
  vault: Vault,
  read: ReadDeletions,
  points: readonly Point[],
  lists: readonly NamingList[],
): Promise<MarkVerdict[]> {
  const windows = points.filter(isUnexpired).map(windowOf);
  const logs = await vault.list(vaultKeys.deletionLogs);
  const entries = await readLogs(
    vault,
    logs.map(({ key }) => key),
    deletionNoteSchema,
  );
  const noted = notesByKey(logs, entries);
  const verdicts: MarkVerdict[] = [];
  for await (const page of readMarks(vault, read)) {
    for (const mark of page) verdicts.push(byTime(mark, windows, noted.has(mark.key)));
  }
  for (const list of lists) {
    if (!verdicts.some(mayChange)) break;
    await mergeDiff(placed(readMarks(vault, read)), readNames(vault, list), (each) => {
      if (each.side !== 'both') return;
      const { place } = each.left;
      verdicts[place] = whenNamed[verdicts[place] ?? 'keep'];
    });
  }
  return verdicts;
}
