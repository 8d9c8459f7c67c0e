import type { Command } from './command.ts';
import { advance } from './commands/advance.ts';
import { capture } from './commands/capture.ts';
import { cost } from './commands/cost.ts';
import { doctor } from './commands/doctor.ts';
import { drill } from './commands/drill.ts';
import { drills } from './commands/drills.ts';
import { failbackPlan } from './commands/failback-plan.ts';
import { failbackStart } from './commands/failback-start.ts';
import { failoverAbort } from './commands/failover-abort.ts';
import { failoverPlan } from './commands/failover-plan.ts';
import { failoverRelease } from './commands/failover-release.ts';
import { failoverStart } from './commands/failover-start.ts';
import { failoverStatus } from './commands/failover-status.ts';
import { failoverUnfence } from './commands/failover-unfence.ts';
import { keysCheck } from './commands/keys-check.ts';
import { keysEscrow } from './commands/keys-escrow.ts';
import { keysRestore } from './commands/keys-restore.ts';
import { notify } from './commands/notify.ts';
import { points } from './commands/points.ts';
import { pointsAccept } from './commands/points-accept.ts';
import { pointsHold } from './commands/points-hold.ts';
import { pointsRelease } from './commands/points-release.ts';
import { prune } from './commands/prune.ts';
import { readiness } from './commands/readiness.ts';
import { reconcile } from './commands/reconcile.ts';
import { status } from './commands/status.ts';
import { verify } from './commands/verify.ts';

/** Every command, in the order of the help. A group's own command comes before those below it. */
export const table: readonly Command[] = [
  status,
  points,
  pointsAccept,
  pointsHold,
  pointsRelease,
  prune,
  capture,
  advance,
  reconcile,
  readiness,
  drill,
  drills,
  failoverPlan,
  failoverStart,
  failoverStatus,
  failoverAbort,
  failoverUnfence,
  failoverRelease,
  failbackPlan,
  failbackStart,
  keysEscrow,
  keysRestore,
  keysCheck,
  verify,
  notify,
  cost,
  doctor,
];

/** What the words mean that are no command by themselves. */
export const groups: Record<string, string> = {
  failover: "bring Builder's data up in DR",
  failback: 'go back after a failover',
  keys: "Builder's own keys",
};
