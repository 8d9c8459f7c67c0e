import type { Ports } from '../../core/ports/all.ts';
import { drillLeaseSchema } from '../../core/recovery/drill-lease.ts';
import { isOver } from '../../core/recovery/lifecycle.ts';
import { type Run, type RunOf, runSchema } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';
import { announceRun, recordOf, runKey } from '../vault/runs.ts';

type LeasePorts = Pick<Ports, 'log' | 'signals' | 'vault'>;

export type Rehearsal = RunOf<'drill' | 'alarm-test'>;
export const isRehearsal = (run: Run): run is Rehearsal => run.kind === 'drill' || run.kind === 'alarm-test';

/** Others that begin and end meanwhile; against so many there is something else wrong. */
const ATTEMPTS = 8;

/** Writes the record of a planned drill, unless it is there, and notes that it was. */
async function record(ports: LeasePorts, run: Rehearsal): Promise<Rehearsal> {
  const key = runKey(run);
  const { before, after } = await updateDocument<Run>(ports.vault, key, runSchema, (now) => now ?? run);
  if (!before) await announceRun(ports, run);
  await updateDocument(ports.vault, vaultKeys.drillLease, drillLeaseSchema, (now) =>
    now && runKey(now.run) === key ? { ...now, recorded: true } : now,
  );
  return after && isRehearsal(after) ? after : run;
}

/** The drill that has the lease, while it is at work. One whose process died before its record is recorded by whoever comes. */
async function holder(ports: LeasePorts): Promise<{ seen: string | undefined; atWork: Rehearsal | undefined }> {
  const lease = (await readDocument(ports.vault, vaultKeys.drillLease, drillLeaseSchema))?.value;
  if (!lease || !isRehearsal(lease.run)) return { seen: undefined, atWork: undefined };
  const seen = runKey(lease.run);
  const found = await recordOf(ports.vault, seen);
  const now = found ?? (lease.recorded ? undefined : await record(ports, lease.run));
  return { seen, atWork: now && isRehearsal(now) && !isOver(now) ? now : undefined };
}

/**
 * At most one drill is at work: of those that begin at once, the one whose swap of the lease stands. Answers it, recorded:
 * this one, or the other.
 */
export async function beginAlone(ports: LeasePorts, run: Rehearsal): Promise<Rehearsal> {
  const key = runKey(run);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { seen, atWork } = await holder(ports);
    if (atWork) return atWork;
    const lease = { schema: 'lease/1', run, recorded: false } as const;
    const { after } = await updateDocument(ports.vault, vaultKeys.drillLease, drillLeaseSchema, (now) =>
      (now && runKey(now.run)) === seen ? lease : now,
    );
    if (after && runKey(after.run) === key) return record(ports, run);
  }
  throw new DrError('CONFLICT', `other drills began and ended while ${run.id} was to begin`, {
    subject: run.id,
    hint: 'Run `builder-dr drills`, and start it again.',
  });
}
