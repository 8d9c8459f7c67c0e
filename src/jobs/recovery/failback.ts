import { divergedSnapshotName } from '../../core/ids.ts';
import type { Policy } from '../../core/policy.ts';
import type { Ports, RecoveryPorts } from '../../core/ports/all.ts';
import { type Direction, directionSchema } from '../../core/recovery/direction.ts';
import { type Failback, failbackSchema, type Recovery, recoverySchema } from '../../core/recovery/documents.ts';
import { unconfirmed } from '../../core/recovery/fence.ts';
import { current, plannedRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { advance } from '../advance.ts';
import { parseDocument, readDirection, readDocument, updateDocument } from '../vault/documents.ts';
import { lookInto } from './left-behind.ts';
import { reverseStatus } from './reverse.ts';

type FailbackPorts = RecoveryPorts & Pick<Ports, 'reverseVault'>;

export type FailbackPlan = {
  failover: string;
  direction: Direction['direction'];
  fence: string;
  failback: Failback | null;
  /** What the other direction's stack says of itself. */
  reverse: { at: string; protecting: boolean; point: string | null } | null;
  steps: string[];
};

async function truth(ports: FailbackPorts): Promise<{ run: Recovery; direction: Direction['direction'] }> {
  const { direction, failover } = await readDirection(ports.vault);
  const found = failover
    ? await readDocument(ports.vault, vaultKeys.run('failover/1', failover), recoverySchema)
    : undefined;
  if (direction !== 'primary→dr' && found) return { run: found.value, direction };
  throw new DrError(
    'BAD_USAGE',
    `protection flows ${direction}: no failover is the truth, so that there is nothing to go back from`,
    {
      hint: '`builder-dr failover status` shows the failovers.',
    },
  );
}

/** Where the failback is, and what comes next. Starts nothing. */
export async function planFailback(ports: FailbackPorts): Promise<FailbackPlan> {
  const { run, direction } = await truth(ports);
  const record = await readDocument(ports.vault, vaultKeys.failback(run.id), failbackSchema);
  const reverse = await reverseStatus(ports);
  const { host } = current(run).available ?? { host: 'unknown' };
  return {
    failover: run.id,
    direction,
    fence: unconfirmed(run.fence) || 'confirmed',
    failback: record?.value ?? null,
    reverse: reverse ? { at: reverse.at, protecting: reverse.protecting, point: reverse.point } : null,
    steps: [
      'builder-dr failback start: fences the old primary, takes a final snapshot of its database, lists what was written there after the restored point, renames the instance (nothing is deleted), and gives its bucket free as a replica.',
      'Upload what the list names, if it is wanted: hab pkg upload, against the new site.',
      `Write config/<stage>-back.yml: primary is ${ports.drRegion}, instance ${current(run).instance} (${host}), bucket ${ports.replica.bucket}; dr is ${ports.primaryRegion}, replicaBucket ${ports.primaryArtifacts.bucket}, another vaultBucket, reverseVaultBucket = the vault of this stack.`,
      'npm run deploy -- --stage <stage>-back, builder-dr keys escrow, builder-dr capture, all with that configuration; set dr.reverseVaultBucket of this stage to the new vault and deploy it again.',
      'builder-dr failback start again: notes that the other direction protects this site.',
      'builder-dr failover start --planned, with the configuration of <stage>-back, when it is time to go home; then builder-dr failback start there.',
      "builder-dr failback start here: protection flows as before; set primary.database to the new instance's name and deploy.",
    ],
  };
}

/** Starts a failback or goes on with it; every call does what is due and can be repeated. */
export async function startFailback(ports: FailbackPorts, policy: Policy): Promise<FailbackPlan> {
  const { run, direction } = await truth(ports);
  const now = ports.clock();
  const begun: Failback = {
    schema: 'failback/1',
    failover: run.id,
    startedAt: now.toISOString(),
    state: 'fencing',
    snapshot: divergedSnapshotName(run.id),
    run: plannedRun('drill', now, lookInto(run), [], policy).id,
    renamedTo: `diverged-${run.id}`,
    history: [{ at: now.toISOString(), state: 'fencing', why: 'started by hand' }],
  };
  await updateDocument(ports.vault, vaultKeys.failback(run.id), failbackSchema, (found) => found ?? begun);
  await turn(ports, run, direction);
  if ((await readDirection(ports.vault)).direction === 'primary→dr') return home(ports, run);
  await ports.signals.setTick(true);
  await advance(ports, policy);
  return planFailback(ports);
}

async function home(ports: FailbackPorts, run: Recovery): Promise<FailbackPlan> {
  const record = await readDocument(ports.vault, vaultKeys.failback(run.id), failbackSchema);
  const steps = ["Set primary.database to the new instance's name and deploy: protection flows as before."];
  return {
    failover: run.id,
    direction: 'primary→dr',
    fence: 'not wanted',
    failback: record?.value ?? null,
    reverse: null,
    steps,
  };
}

/** Changes the direction when the other stack says that it protects this site, or that it has handed over. */
async function turn(ports: FailbackPorts, run: Recovery, from: Direction['direction']): Promise<void> {
  const found = await ports.reverseVault?.get(vaultKeys.direction);
  const reverse = found && parseDocument(vaultKeys.direction, found.body, directionSchema);
  const handedOver = reverse?.direction === 'none' && reverse.failover !== undefined;
  const protecting = !handedOver && (await reverseStatus(ports))?.point != null;
  const to = handedOver ? 'primary→dr' : protecting ? 'dr→primary' : undefined;
  if (to === undefined || to === from) return;
  await updateDocument(ports.vault, vaultKeys.direction, directionSchema, (now) => {
    if (!now || now.direction !== from || now.failover !== run.id) return now;
    const { failover, ...rest } = now;
    const changed = { ...rest, direction: to, epoch: now.epoch + 1, changedAt: ports.clock().toISOString() } as const;
    return to === 'primary→dr' ? changed : { ...changed, failover };
  });
  ports.log.info('the direction changed', { from, to, failover: run.id });
}
