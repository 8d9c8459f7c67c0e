import type { FindingRule } from './finding-rule.ts';

/** What can be found of restores, drills, failovers and the DR site's own preparation. */
export const recoveryRules = {
  DATABASE_EMPTY: {
    severity: 'critical',
    hint: 'The capture holds a migrated but empty database. Look at the primary database; take an older point.',
  },
  DATABASE_OWNER_WRONG: {
    severity: 'critical',
    hint: "Builder cannot start: give the named tables and functions to Builder's role (ALTER ... OWNER TO).",
  },
  ROWS_FELL: {
    severity: 'critical',
    hint: 'Find out who deleted rows at the primary before older points expire. If it was meant: `builder-dr points accept ID`, with the point that was restored, then `builder-dr drill`.',
  },
  DRILL_FAILED: {
    severity: 'critical',
    hint: 'Run `builder-dr drills` for its findings and errors, mend them, then `builder-dr drill`.',
    next: ['drills'],
  },
  POINT_REJECTED: {
    severity: 'warning',
    hint: 'Run `builder-dr drills` for what was found. Once it is mended, a drill of that very point takes it back in: `builder-dr drill --point ID`. Rows that were meant to fall are accepted: `builder-dr points accept ID`. A failover takes it all the same when it is named: `--point ID`.',
    next: ['drills'],
  },
  BUILDER_KEY_USELESS: {
    severity: 'critical',
    hint: 'The file in escrow is not the key that sealed the rows. Find the right bldr-*.box.key on a Builder node, remove the wrong one from the vault, and escrow it again.',
  },
  BUILDER_CREDENTIALS_UNUSABLE: {
    severity: 'critical',
    hint: "Builder could not log in as itself. Look at the references in `builder:` of the configuration, the role's password and the S3 user's policy in DR.",
  },
  DR_NETWORK_MISSING: {
    severity: 'critical',
    hint: 'Make the subnet group that restore.subnetGroup names in the DR region.',
  },
  FENCE_UNCONFIRMED: {
    severity: 'critical',
    hint: 'Nobody knows whether the primary still takes writes. Take its traffic away by hand; every run of advance tries the fence again.',
  },
  FENCE_STRAY: {
    severity: 'critical',
    hint: 'The primary takes no writes, and no failover wants that. `builder-dr failover unfence` takes the fence away; find out who raised it.',
    next: ['failover', 'unfence'],
  },
  FENCE_UNSEEN: {
    severity: 'warning',
    hint: 'Nobody would hear of a fence that somebody has left at the primary. The message names the call that was refused: give the role its right back (deploy the stack again), or make again what is not there.',
  },
  TWO_WRITERS: {
    severity: 'critical',
    hint: 'The old primary answers and is not fenced. Stop builder-api there now; every run of advance tries the fence again.',
  },
  UNPROTECTED: {
    severity: 'critical',
    hint: 'Deploy the stack for the other direction (docs/runbook.md, "Failback"): until then nothing protects the new site.',
  },
  FAILOVER_STUCK: {
    severity: 'critical',
    hint: 'A failover waits for its operator: `builder-dr failover status` says why, what to do first, and the exact command that goes on.',
    next: ['failover', 'status'],
  },
  DRILL_OVERDUE: {
    severity: 'warning',
    hint: 'Run `builder-dr drill`, and look at the drill schedule.',
    next: ['drill'],
  },
  RTO_EXCEEDED: {
    severity: 'warning',
    hint: 'Look at the phases of the last drills: `builder-dr drills`.',
    next: ['drills'],
  },
  DR_PARAMETER_GROUP_MISSING: {
    severity: 'critical',
    hint: 'Make the parameter group that restore.parameterGroup names in the DR region, of the family of the database.',
  },
  ENGINE_UPGRADED: {
    severity: 'warning',
    hint: 'RDS no longer offers the version of the snapshot and restores it into a newer one. Upgrade the primary to that version, so that what is drilled is what runs.',
  },
  CLASS_UNORDERABLE: {
    severity: 'critical',
    hint: 'Name a class in restore.classes that RDS offers in the DR region as the message needs it, and deploy. Orderable is not capacity: name more than one.',
  },
  LEFTOVER_INSTANCE: {
    severity: 'warning',
    hint: 'It is paid for, and no role of ours may delete it. `builder-dr failover status` says whether it is still so; when nobody needs it, paste the lines in their order.',
    next: ['failover', 'status'],
  },
  CLASS_LOST: {
    severity: 'warning',
    hint: 'Name another class in its place, and deploy. Orderable is not capacity: keep more than one, of more than one family.',
  },
} as const satisfies Record<string, FindingRule>;
