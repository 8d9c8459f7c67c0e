import { type FindingRule, SUBJECT } from './finding-rule.ts';

/** What can be found of points, artifacts, keys and people: that new ones keep arriving, and that they can be used. */
export const protectionRules = {
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
    next: ['points', 'accept', SUBJECT],
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
  CLOCK_WRONG: {
    severity: 'warning',
    hint: 'Nothing is removed by a wrong clock. If it is a machine of yours, set its time; `builder-dr prune --dry-run` there says whether it is right again.',
    next: ['prune', '--dry-run'],
  },
  RETENTION_UNCONFIRMED: {
    severity: 'warning',
    hint: 'Read `builder-dr prune --dry-run`: it names what the edited policy removes, and the line that lets it. Until then only what the policy before removes, too, goes.',
    next: ['prune', '--dry-run'],
  },
  PRUNE_WAITS: {
    severity: 'warning',
    hint: 'What was removed from the catalogue still lies in a region, and counts against its quota. Do what each line waits for, then `builder-dr prune`.',
    next: ['prune'],
  },
  NO_SUBSCRIBER: {
    severity: 'warning',
    hint: 'Subscribe an address to the topic and confirm it: an e-mail subscription counts once its link is clicked.',
  },
} as const satisfies Record<string, FindingRule>;
