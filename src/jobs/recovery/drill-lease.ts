import { minutesBetween } from '../../core/ids.ts';
import type { Ports } from '../../core/ports/all.ts';
import { drillLeaseSchema } from '../../core/recovery/drill-lease.ts';
import { isOver } from '../../core/recovery/lifecycle.ts';
import { type Run, type RunOf, runSchema } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, hasCode } from '../../errors.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';
import { announceRun, recordOf, runKey } from '../vault/runs.ts';
import { updateOrMakeAnew } from '../vault/set-aside.ts';

type LeasePorts = Pick<Ports, 'clock' | 'log' | 'signals' | 'vault'>;

export type Rehearsal = RunOf<'drill' | 'alarm-test'>;
export const isRehearsal = (run: Run): run is Rehearsal => run.kind === 'drill' || run.kind === 'alarm-test';

/** Others that begin and end meanwhile; against so many there is something else wrong. */
const ATTEMPTS = 8;
/** Whoever took the lease has recorded its drill, or died, long before: its record says whether it is at work. */
const RECORDED_MINUTES = 30;

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

/**
 * The lease; none where it cannot be read and is old enough: then the records of drills alone say who is at work, and the
 * next one sets it aside. VAULT_UNREADABLE with the way out before that.
 */
async function readLease({ vault, clock, log }: LeasePorts) {
  const key = vaultKeys.drillLease;
  try {
    return (await readDocument(vault, key, drillLeaseSchema))?.value;
  } catch (cause) {
    if (!hasCode(cause, 'VAULT_UNREADABLE')) throw cause;
    const written = (await vault.list(key)).find((each) => each.key === key)?.lastModified;
    if (written && minutesBetween(written, clock()) > RECORDED_MINUTES) {
      log.warn('nobody can read which drill began last; none of the records is at work', { key, error: cause.message });
      return undefined;
    }
    throw new DrError('VAULT_UNREADABLE', `${cause.message}: a drill may be about to begin`, {
      subject: key,
      cause,
      hint: `Start the drill again ${RECORDED_MINUTES} minutes after it was written: then it is set aside, and the drill begins.`,
    });
  }
}

/** The drill that has the lease, while it is at work. One whose process died before its record is recorded by whoever comes. */
async function holder(ports: LeasePorts): Promise<{ seen: string | undefined; atWork: Rehearsal | undefined }> {
  const lease = await readLease(ports);
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
    const { after } = await updateOrMakeAnew(ports, vaultKeys.drillLease, drillLeaseSchema, (now) =>
      (now && runKey(now.run)) === seen ? lease : now,
    );
    if (after && runKey(after.run) === key) return record(ports, run);
  }
  throw new DrError('CONFLICT', `other drills began and ended while ${run.id} was to begin`, {
    subject: run.id,
    hint: 'Run `builder-dr drills`, and start it again.',
  });
}
