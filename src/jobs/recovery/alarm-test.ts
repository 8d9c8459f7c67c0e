import type { ArtifactStore, ObjectEntry } from '../../core/ports/artifacts.ts';
import type { PackageRow } from '../../core/recovery/row-comparison.ts';
import type { Run } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { readLines } from '../artifacts/inventory.ts';
import type { Pass } from '../pass.ts';
import { readReport } from './compare.ts';

const PLANTED_ETAG = '"planted-by-an-alarm-test"';

/** The content with its last byte flipped, as it streams. */
async function* flipped(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let last: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (last) yield last;
    last = chunk;
  }
  if (!last) return;
  const bad = Uint8Array.from(last);
  bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 0xff;
  yield bad;
}

/** Whether this is of the scratch copy: no record of the replica. What else an alarm test reads is as true as any other reading. */
export const isPlanted = ({ etag }: Pick<ObjectEntry, 'etag'>): boolean => etag === PLANTED_ETAG;

async function firstRows(pass: Pass, run: Run): Promise<PackageRow[]> {
  const report = await readReport(pass.ports, run);
  if (report.packages) {
    for await (const batch of readLines<PackageRow>(pass.ports.vault, report.packages.key)) {
      if (batch.length >= 2) return batch;
    }
  }
  throw new DrError('INVALID_STATE', 'an alarm test needs two packages to plant its faults in');
}

/**
 * The replica as an alarm test shows it: one object is a scratch copy with a flipped byte, another is not there.
 * Nothing in the replica itself is touched; the scratch copy lies in the vault until the test is cleaned up.
 */
export async function plantedReplica(pass: Pass, run: Run): Promise<ArtifactStore> {
  const { replica, vault } = pass.ports;
  const [bad, gone] = (await firstRows(pass, run)).map((each) => each.key);
  const scratch = vaultKeys.scratch(run.id, 'flipped.hart');
  await vault.putStream(scratch, flipped(await replica.open(bad ?? '')));
  const shown = (entry: ObjectEntry): ObjectEntry => (entry.key === bad ? { ...entry, etag: PLANTED_ETAG } : entry);
  async function* pages(prefix?: string): AsyncIterable<ObjectEntry[]> {
    for await (const page of replica.pages(prefix)) yield page.filter((each) => each.key !== gone).map(shown);
  }
  return {
    ...replica,
    pages,
    open: (key, etag) => (key === bad ? vault.openStream(scratch) : replica.open(key, etag)),
  };
}
