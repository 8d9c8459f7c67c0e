import type { VerificationRecord } from '../../core/artifacts/documents.ts';
import { mergeDiff } from '../../core/artifacts/merge-diff.ts';
import { stillHolds } from '../../core/artifacts/verification.ts';
import { excusedOf } from '../../core/points/excused.ts';
import type { AdvancePorts } from '../../core/ports/all.ts';
import type { ArtifactStore } from '../../core/ports/artifacts.ts';
import { current } from '../../core/recovery/lifecycle.ts';
import { type InspectionReport, reportSchema } from '../../core/recovery/report.ts';
import {
  type KnownObject,
  type PackageRow,
  RowComparison,
  rollingSample,
  type ToRead,
} from '../../core/recovery/row-comparison.ts';
import { isScratch, type Run } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, hasCode } from '../../errors.ts';
import { HartVerifier } from '../../hart/verify.ts';
import { readLines } from '../artifacts/inventory.ts';
import { knownObjects } from '../artifacts/known-objects.ts';
import { mergeVerifications } from '../artifacts/merge-verifications.ts';
import { logVerifications } from '../artifacts/verification-log.ts';
import { eachOf } from '../each-of.ts';
import { readKeyRing } from '../keys/key-ring.ts';
import type { Pass } from '../pass.ts';
import { readDocument } from '../vault/documents.ts';
import { runKey } from '../vault/runs.ts';
import { pointOf } from './restore.ts';

const OBJECTS_AT_ONCE = 4;

async function* nothing<T>(): AsyncIterable<T[]> {}

/** The objects of the replica, each with the record of its bytes where there is one that still holds. */
async function* heldObjects(ports: AdvancePorts, replica: ArtifactStore): AsyncIterable<KnownObject[]> {
  const published = await ports.vault.list(vaultKeys.publicKeys);
  const keysChangedAt = new Date(Math.max(0, ...published.map((each) => each.lastModified.getTime())));
  for await (const batch of knownObjects(ports.vault, replica)) {
    yield batch.map((each) => {
      const { record, ...entry } = each;
      return record && stillHolds(record, entry, keysChangedAt) ? each : entry;
    });
  }
}

/** The report of the inspection that belongs to the current attempt. */
export async function readReport(ports: AdvancePorts, run: Run): Promise<InspectionReport> {
  const key = current(run).inspection?.report ?? '';
  const found = await readDocument(ports.vault, key, reportSchema);
  if (found) return found.value;
  throw new DrError('NOT_FOUND', `the report ${key} left the vault`, { hint: 'Start again.' });
}

/** Reads objects from the replica now, some at a time. */
async function readNow(
  ports: AdvancePorts,
  replica: ArtifactStore,
  seen: RowComparison,
): Promise<VerificationRecord[]> {
  const records: VerificationRecord[] = [];
  const ring = await readKeyRing(ports);
  const readOne = async ({ entry, checksum }: ToRead): Promise<void> => {
    const verifier = new HartVerifier(ring, await ports.hashEngine());
    try {
      for await (const chunk of await replica.open(entry.key, entry.etag)) verifier.update(chunk);
    } catch (error) {
      // Gone or overwritten since it was listed: the next comparison sees what is there then.
      if (!hasCode(error, 'NOT_FOUND', 'CONFLICT')) throw error;
      seen.unread(entry.key);
      return;
    }
    const found = verifier.finish();
    seen.reread();
    seen.judge(entry.key, checksum, found);
    const { key, size, etag, versionId = null } = entry;
    records.push({ schema: 'verified/1', key, versionId, etag, size, at: ports.clock().toISOString(), ...found });
  };
  await eachOf(seen.toRead, OBJECTS_AT_ONCE, readOne);
  return records;
}

/** What was read now is known from now on: the next pass, and everybody else, need not read it. */
async function keepRecords(ports: AdvancePorts, records: VerificationRecord[]): Promise<void> {
  if (records.length === 0) return;
  await logVerifications(ports, records);
  await mergeVerifications(ports);
}

/** One more than that of any other run; undefined before one was recorded. Old runs are archived, so they are not counted. */
function nextSerial({ runs }: Pass, run: Run): number | undefined {
  const others = runs.filter((each) => runKey(each) !== runKey(run));
  const known = others.flatMap((each) => each.attempts.map(({ comparison }) => comparison?.serial));
  const serials = known.filter((each) => each !== undefined);
  return serials.length > 0 ? Math.max(...serials) + 1 : undefined;
}

/** Holds the rows of the restored database against `replica`, and reads again what this run's share is. `isPlanted`: what is none of its objects. */
export async function compareRows(
  pass: Pass,
  run: Run,
  replica: ArtifactStore,
  isPlanted: (record: VerificationRecord) => boolean = () => false,
): Promise<RowComparison> {
  const { ports, policy } = pass;
  const report = await readReport(ports, run);
  const { deleted, uncopyable } = excusedOf(pointOf(pass, run));
  const serial = nextSerial(pass, run) ?? (await ports.vault.list(vaultKeys.drills)).length;
  const samples = isScratch(run) ? policy.rereadSamples : 0;
  const seen = new RowComparison({
    signers: new Set(report.signers),
    excused: deleted,
    uncopyable,
    ...rollingSample(report.packages?.count ?? 0, samples, serial),
    readSince: run.kind === 'drill' && run.readAll ? run.requestedAt : undefined,
    serial,
  });
  const rows = report.packages ? readLines<PackageRow>(ports.vault, report.packages.key) : nothing<PackageRow>();
  await mergeDiff(rows, heldObjects(ports, replica), (difference) => seen.visit(difference));
  const records = await readNow(ports, replica, seen);
  await keepRecords(
    ports,
    records.filter((each) => !isPlanted(each)),
  );
  return seen;
}
