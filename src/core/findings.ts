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
    hint: 'Find out who deleted artifacts. If it was meant: `builder-dr points accept <id>`. Until then nothing expires.',
    next: ['points', 'accept', ID],
  },
  ARTIFACT_MISSING: {
    severity: 'critical',
    hint: 'Run `builder-dr reconcile`: it queues copies from the primary while that still has them.',
    next: ['reconcile'],
  },
  ARTIFACT_CORRUPT: {
    severity: 'critical',
    hint: 'The object in the replica is wrong, and neither the primary nor what the DR site keeps has the right bytes. Look at its versions before you overwrite anything.',
  },
  PRIMARY_CORRUPT: {
    severity: 'critical',
    hint: 'Builder serves wrong bytes, and the replica has the right ones. Put the version before back at the primary, or the package from the replica; uploading the same file with --force does it too.',
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
  FAILOVER_STUCK: {
    severity: 'critical',
    hint: 'A failover waits for its operator: `builder-dr failover status` says why, what to do first, and the exact command that goes on.',
    next: ['failover', 'status'],
  },
  ENGINE_UNSUPPORTED: {
    severity: 'critical',
    hint: 'Name an RDS for PostgreSQL instance that is in no cluster as primary.database and deploy; no new point is taken of this one, and the points that exist stay.',
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
  ARTIFACT_UNCOPYABLE: {
    severity: 'warning',
    hint: "Nobody can read these objects of the primary as they are, Builder's own downloads neither: restore them from their archive class, or upload them again under the bucket's key. Each comparison of the buckets tries them again: `builder-dr reconcile`.",
    next: ['reconcile'],
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
  BACKUPS_DISABLED: {
    severity: 'warning',
    hint: 'Set a backup retention of one day or more on the primary instance.',
  },
  MULTI_AZ_OFF: {
    severity: 'warning',
    hint: 'Turn Multi-AZ on for the primary instance. A single zone takes Builder down, and each snapshot of a Single-AZ instance suspends its I/O for a moment: points more often than hourly want Multi-AZ, or policy.acceptSingleAzPauses.',
  },
  QUOTA_NEAR: {
    severity: 'warning',
    hint: 'Delete manual snapshots that nothing needs in the region that is named, or ask AWS there for a higher quota (Service Quotas, "Manual DB instance snapshots").',
  },
  QUOTA_UNKNOWN: {
    severity: 'warning',
    hint: 'Let the role of readiness call rds:DescribeAccountAttributes in both regions: deploy the stack again, and look who forbids it.',
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
