import { divergedSnapshotName, pointIdAt } from '../../core/ids.ts';
import type { Policy } from '../../core/policy.ts';
import type { AdvancePorts, Ports } from '../../core/ports/all.ts';
import { type CurrentDirection, type Direction, hasHandedOver, turned } from '../../core/recovery/direction.ts';
import { type Failback, failbackSchema } from '../../core/recovery/documents.ts';
import { unconfirmed } from '../../core/recovery/fence.ts';
import { current } from '../../core/recovery/lifecycle.ts';
import { isProduction, type ProductionRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { advance } from '../advance.ts';
import { readDirection, swapDirection } from '../vault/direction.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';
import { readRun } from '../vault/runs.ts';
import { readReverseDirection, readReverseStatus } from './reverse.ts';

type FailbackPorts = AdvancePorts & Pick<Ports, 'reverseVault'>;

export type FailbackPlan = {
  failover: string;
  direction: Direction['direction'];
  fence: string;
  failback: Failback | null;
  /** What the other direction's stack says of itself. */
  reverse: { at: string; protecting: boolean; point: string | null } | null;
  steps: string[];
};

/** The failover in force, and which way protection flows after it. BAD_USAGE when there is none. */
async function failoverInForce(
  ports: FailbackPorts,
): Promise<{ run: ProductionRun; direction: Direction['direction'] }> {
  const { direction, failover } = await readDirection(ports.vault);
  if (direction !== 'primary→dr' && failover !== undefined) {
    const run = await readRun(ports.vault, vaultKeys.run('failovers', failover));
    if (isProduction(run)) return { run, direction };
  }
  throw new DrError(
    'BAD_USAGE',
    `protection flows ${direction}: no failover is in force, so that there is nothing to go back from`,
    {
      subject: vaultKeys.direction,
      hint: '`builder-dr failover status` shows the failovers.',
    },
  );
}

/** Where the failback is, and what comes next. Starts nothing. */
export async function planFailback(ports: FailbackPorts): Promise<FailbackPlan> {
  const { run, direction } = await failoverInForce(ports);
  const record = await readDocument(ports.vault, vaultKeys.failback(run.id), failbackSchema);
  const reverse = await readReverseStatus(ports);
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
      `Write config/<stage>-back.yml: primary is ${ports.site.drRegion}, instance ${current(run).instance} (${host}), bucket ${ports.replica.bucket}; dr is ${ports.site.primaryRegion}, replicaBucket ${ports.primaryArtifacts.bucket}, another vaultBucket, reverseVaultBucket = the vault of this stack.`,
      'npm run deploy -- --stage <stage>-back, builder-dr keys escrow, builder-dr capture, all with that configuration; set dr.reverseVaultBucket of this stage to the new vault and deploy it again.',
      'builder-dr failback start again: notes that the other direction protects this site.',
      'builder-dr failover start --planned, with the configuration of <stage>-back, when it is time to go home; then builder-dr failback start there.',
      "builder-dr failback start here: protection flows as before; set primary.database to the new instance's name and deploy.",
    ],
  };
}

/** Starts a failback or goes on with it; every call does what is due and can be repeated. */
export async function startFailback(ports: FailbackPorts, policy: Policy): Promise<FailbackPlan> {
  const { run, direction } = await failoverInForce(ports);
  const now = ports.clock();
  const begun: Failback = {
    schema: 'failback/1',
    failover: run.id,
    startedAt: now.toISOString(),
    state: 'fencing',
    snapshot: divergedSnapshotName(run.id),
    run: pointIdAt(now),
    renamedTo: `diverged-${run.id}`,
    history: [{ at: now.toISOString(), state: 'fencing', why: 'started by hand' }],
  };
  await updateDocument(ports.vault, vaultKeys.failback(run.id), failbackSchema, (found) => found ?? begun);
  await followReverse(ports, run, direction);
  if ((await readDirection(ports.vault)).direction === 'primary→dr') return returnedPlan(ports, run);
  await ports.signals.setTick(true);
  await advance(ports, policy);
  return planFailback(ports);
}

async function returnedPlan(ports: FailbackPorts, run: ProductionRun): Promise<FailbackPlan> {
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

/** When the direction changed; by the store's clock, where that of whoever cut over was ahead. */
async function changedAtOf({ vault, clock }: FailbackPorts, { changedAt = '' }: CurrentDirection): Promise<string> {
  if (changedAt <= clock().toISOString()) return changedAt;
  const [stored] = await vault.list(vaultKeys.direction);
  return stored?.lastModified.toISOString() ?? changedAt;
}

/** Changes the direction when the other stack says that it protects this site, or that it has handed over. */
async function followReverse(ports: FailbackPorts, run: ProductionRun, from: Direction['direction']): Promise<void> {
  const now = await readDirection(ports.vault);
  // Dated before it looks: what the other stack does after that look is later than this turn.
  const at = ports.clock();
  const reverse = await readReverseDirection(ports);
  const handedOver = reverse !== undefined && hasHandedOver(reverse, now);
  const status = handedOver ? undefined : await readReverseStatus(ports);
  // What it said before this cut-over it said of the site that was in force then.
  const protecting = status?.point != null && status.at > (await changedAtOf(ports, now));
  const to = handedOver ? 'primary→dr' : protecting ? 'dr→primary' : undefined;
  if (to === undefined || to === from) return;
  await swapDirection(ports, (now) => {
    if (now.schema === undefined || now.direction !== from || now.failover !== run.id) return undefined;
    return turned(now as Direction, to, reverse?.epoch ?? 0, at);
  });
  ports.log.info('the direction changed', { from, to, failover: run.id });
}
