import * as z from 'zod';
import type { CommandArguments } from './command-line.ts';

const severities = ['critical', 'warning', 'info'] as const;

type Severity = (typeof severities)[number];

/** `next`: the command to type first, where the next step is one. */
type Rule = { severity: Severity; hint: string; next?: CommandArguments };

/** Stands in a rule's `next` for the subject of the finding: a point's id. */
const ID = '<id>';

/** The closed list of what readiness can find, with what to do about it. */
export const findingRules = {
  NO_PROTECTED_POINT: {
    severity: 'critical',
    hint: 'Run `builder-dr capture`, then `builder-dr points` to see which part is late.',
    next: ['capture'],
  },
  RPO_EXCEEDED: {
    severity: 'critical',
    hint: 'Run `builder-dr points`: the newest point that is not protected says what it waits for.',
    next: ['points'],
  },
  PRIMARY_UNREACHABLE: {
    severity: 'critical',
    hint: 'If the primary region is lost: `builder-dr failover plan`, then `builder-dr failover start --confirm <point>`. If not, check the network and the roles of the functions.',
    next: ['failover', 'plan'],
  },
  INVENTORY_SHRANK: {
    severity: 'critical',
    hint: 'Find out who deleted artifacts. If it was meant: `builder-dr points accept <id>`. Until then nothing expires, and nothing leaves the replica.',
    next: ['points', 'accept', ID],
  },
  ARTIFACT_MISSING: {
    severity: 'critical',
    hint: 'Run `builder-dr reconcile`: it queues copies from the primary while that still has them.',
    next: ['reconcile'],
  },
  ARTIFACT_CORRUPT: {
    severity: 'critical',
    hint: 'The object in the replica differs from the inventory. Look at its versions before you overwrite anything.',
  },
  SIGNER_UNKNOWN: {
    severity: 'warning',
    hint: 'Put the public keys of these signers (.pub) into a folder and run `builder-dr keys escrow --from <folder>`.',
  },
  BUILDER_KEY_MISSING: {
    severity: 'critical',
    hint: 'On a Builder node: `builder-dr keys escrow --from /hab/cache/keys`. Without bldr-*.box.key every token is void.',
    next: ['keys', 'escrow', '--from', '/hab/cache/keys'],
  },
  CHECKSUM_MISMATCH: {
    severity: 'critical',
    hint: 'The object is not the file that Builder recorded. Look at its versions in both buckets before you overwrite anything.',
  },
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
    hint: 'Find out who deleted rows at the primary before older points expire.',
  },
  DRILL_FAILED: {
    severity: 'critical',
    hint: 'Run `builder-dr drills` for its findings and errors, mend them, then `builder-dr drill`.',
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
  TWO_WRITERS: {
    severity: 'critical',
    hint: 'The old primary answers and is not fenced. Stop builder-api there now; every run of advance tries the fence again.',
  },
  UNPROTECTED: {
    severity: 'critical',
    hint: 'Deploy the stack for the other direction (docs/runbook.md, "Failback"): until then nothing protects the new site.',
  },
  RIGHT_MISSING: {
    severity: 'critical',
    hint: 'The role of a function lacks the action that the message names: deploy the stack again, and look who changed the role.',
  },
  REPLICA_MISSING: {
    severity: 'critical',
    hint: 'The replica bucket is not there, and with it every artifact of a failover. Make it again (deploy the stack, or restore it under the same name): `builder-dr reconcile` then fills it from the primary.',
    next: ['reconcile'],
  },
  DR_KMS_UNUSABLE: {
    severity: 'critical',
    hint: 'Enable the key in the DR region, cancel its deletion, and let the functions use it in the key policy.',
  },
  VAULT_UNREADABLE: {
    severity: 'critical',
    hint: 'Restore the previous version of this object in the vault bucket; it was not overwritten.',
  },
  CAPTURE_MISSED: {
    severity: 'warning',
    hint: 'Check the capture schedule and the errors of the capture function, then `builder-dr capture`.',
    next: ['capture'],
  },
  CAPTURE_FAILED: {
    severity: 'warning',
    hint: 'Look at the state of the database instance, then `builder-dr capture`.',
    next: ['capture'],
  },
  COPY_STUCK: {
    severity: 'warning',
    hint: 'Look at the copy in the DR region: quota, queued copies of the same instance, and the KMS key.',
  },
  COPY_FAILED: {
    severity: 'warning',
    hint: 'The next point starts a new copy; `builder-dr capture` starts one now.',
    next: ['capture'],
  },
  REPLICATION_LAGGING: {
    severity: 'warning',
    hint: 'Look at the replicate function and its dead-letter queue, then `builder-dr reconcile`.',
    next: ['reconcile'],
  },
  RELAY_SILENT: {
    severity: 'warning',
    hint: "Check that the primary bucket sends events to EventBridge, and the relay stack's rules and their role.",
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
  NODE_CONFIG_MISSING: {
    severity: 'warning',
    hint: 'On a Builder node: `builder-dr keys escrow --from /hab/cache/keys --node /` and --from the folder of bldr.env.',
    next: ['keys', 'escrow', '--from', '/hab/cache/keys', '--node', '/'],
  },
  ARTIFACT_UNVERIFIABLE: {
    severity: 'warning',
    hint: 'These objects have no record of their bytes yet: `builder-dr reconcile` queues their verification.',
    next: ['reconcile'],
  },
  DR_PARAMETER_GROUP_MISSING: {
    severity: 'critical',
    hint: 'Make the parameter group that restore.parameterGroup names in the DR region, of the family of the database.',
  },
  BACKUPS_DISABLED: {
    severity: 'warning',
    hint: 'Set a backup retention of one day or more on the primary instance.',
  },
  MULTI_AZ_OFF: {
    severity: 'warning',
    hint: 'Turn Multi-AZ on for the primary instance. A single zone takes Builder down, and each snapshot of a Single-AZ instance suspends its I/O for a moment.',
  },
  QUOTA_NEAR: {
    severity: 'warning',
    hint: 'Delete manual snapshots that nothing needs in the DR region, or ask AWS for a higher quota.',
  },
  NO_SUBSCRIBER: {
    severity: 'warning',
    hint: 'Subscribe an address to the topic and confirm it: an e-mail subscription counts once its link is clicked.',
  },
} as const satisfies Record<string, Rule>;

export type FindingCode = keyof typeof findingRules;

/** One finding; with the subject (a point, a key, a bucket) the code is its identity. */
export const findingSchema = z.strictObject({
  // A document of another version may know a code or a command that this one does not: it is read all the same.
  code: z.custom<FindingCode>((value) => typeof value === 'string'),
  severity: z.enum(severities),
  subject: z.string(),
  text: z.string(),
  hint: z.string(),
  next: z.custom<CommandArguments>((value) => z.array(z.string()).nonempty().safeParse(value).success).optional(),
  count: z.int().nonnegative().optional(),
  samples: z.array(z.string()).optional(),
});

export type Finding = z.infer<typeof findingSchema>;

export function finding(
  code: FindingCode,
  subject: string,
  text: string,
  many: { count?: number; samples?: string[] } = {},
): Finding {
  const { severity, hint, next }: Rule = findingRules[code];
  return { code, subject, text, severity, hint, ...(next ? { next: about(subject, next) } : {}), ...many };
}

function about(subject: string, next: CommandArguments): CommandArguments {
  const words: readonly string[] = next.map((word) => (word === ID ? subject : word));
  return words as CommandArguments;
}

/** The critical ones first; among equals the order stays. */
export function mostUrgentFirst<F extends Pick<Finding, 'severity'>>(findings: F[]): F[] {
  return findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}
