import type { Point, ReconcileRecord, StatusRecord, VerifiedIndex } from './documents.ts';
import { type Finding, type FindingCode, finding } from './findings.ts';
import { minutesBetween, slotStart, snapshotName } from './ids.ts';
import type { Sampled } from './inventory.ts';
import type { Policy } from './policy.ts';
import type { InstanceFacts, SnapshotFacts } from './ports.ts';
import { copyIdleMinutes, isProtected, newestFirst } from './recovery-point.ts';

/** What was seen of the world, most of it at the DR site only. */
export type Observations = {
  points: Point[];
  unreadable: { key: string; problem: string }[];
  copies: SnapshotFacts[];
  /** The replica against the inventory of the point that a failover would take. */
  replica: { pointId: string; missing: Sampled; differing: Sampled } | undefined;
  escrowedRevisions: string[];
  unusableKeys: { keyId: string; reason: string }[];
  primary: { region: string; facts: InstanceFacts } | { region: string; unreachable: string };
  subscribers: number;
  reconcile: ReconcileRecord | undefined;
  verified: VerifiedIndex | undefined;
  previous: StatusRecord | undefined;
};

export type Assessment = Pick<
  StatusRecord,
  'status' | 'recoverable' | 'protecting' | 'rpoMinutes' | 'rpoTargetMinutes' | 'point' | 'primaryUnreachableSince'
> & { findings: Finding[] };

/** Findings that say that new points and artifacts do not keep arriving in time. */
const stopsProtecting: readonly FindingCode[] = [
  'RPO_EXCEEDED',
  'PRIMARY_UNREACHABLE',
  'INVENTORY_SHRANK',
  'CAPTURE_MISSED',
  'CAPTURE_FAILED',
  'COPY_STUCK',
  'COPY_FAILED',
  'REPLICATION_LAGGING',
  'RELAY_SILENT',
];

/** What follows from an unreachable primary, and is said once with it. */
const consequences: readonly FindingCode[] = [
  'RPO_EXCEEDED',
  'CAPTURE_MISSED',
  'CAPTURE_FAILED',
  'COPY_STUCK',
  'REPLICATION_LAGGING',
  'RELAY_SILENT',
];

/** The newest protected point whose copy is there: what a failover started now would take. */
export function failoverPoint(points: Point[], copies: SnapshotFacts[]): Point | undefined {
  const available = new Set(copies.filter((copy) => copy.status === 'available').map((copy) => copy.name));
  return newestFirst(points.filter(isProtected)).find((point) => available.has(snapshotName(point.id)));
}

function rpoMinutesOf(point: Point | undefined, now: Date): number | null {
  return point && 'dataAt' in point.database ? minutesBetween(point.database.dataAt, now) : null;
}

function recoveryFindings(seen: Observations, point: Point | undefined, policy: Policy, now: Date): Finding[] {
  const found: Finding[] = [];
  const rpo = rpoMinutesOf(point, now);
  if (!point) {
    found.push(
      finding('NO_PROTECTED_POINT', 'points', `none of ${seen.points.length} recovery points can be restored`),
    );
  } else if (rpo !== null && rpo > policy.rpoTargetMinutes) {
    const text = `a failover now would lose ${Math.round(rpo)} minutes; the target is ${policy.rpoTargetMinutes}`;
    found.push(finding('RPO_EXCEEDED', 'database', text));
  }
  if (seen.replica && seen.replica.missing.count > 0) {
    const text = `${seen.replica.missing.count} artifacts of point ${seen.replica.pointId} are not in the replica`;
    found.push(finding('ARTIFACT_MISSING', 'replica', text, seen.replica.missing));
  }
  if (seen.replica && seen.replica.differing.count > 0) {
    const text = `${seen.replica.differing.count} artifacts of point ${seen.replica.pointId} differ in size in the replica`;
    found.push(finding('ARTIFACT_CORRUPT', 'replica', text, seen.replica.differing));
  }
  found.push(...verificationFindings(seen.verified));
  for (const { key, problem } of seen.unreadable) found.push(finding('VAULT_UNREADABLE', key, problem));
  for (const { keyId, reason } of seen.unusableKeys) found.push(finding('DR_KMS_UNUSABLE', keyId, reason));
  return [...found, ...keyFindings(seen)];
}

function verificationFindings(verified: VerifiedIndex | undefined): Finding[] {
  const found: Finding[] = [];
  if (verified && verified.damaged.count > 0) {
    const text = `${verified.damaged.count} artifacts in the replica have wrong bytes: signature or hash does not fit`;
    found.push(finding('ARTIFACT_CORRUPT', 'signatures', text, verified.damaged));
  }
  if (verified && verified.unknownSigner.count > 0) {
    const text = `${verified.unknownSigner.count} artifacts are signed by keys that the vault does not have`;
    found.push(finding('SIGNER_UNKNOWN', 'signatures', text, verified.unknownSigner));
  }
  return found;
}

function keyFindings(seen: Observations): Finding[] {
  if (seen.escrowedRevisions.length === 0) {
    return [finding('BUILDER_KEY_MISSING', 'bldr', 'no bldr-*.box.key is in escrow')];
  }
  const needed = new Set(
    seen.points.filter(isProtected).flatMap((point) => (point.keys.state === 'escrowed' ? point.keys.revisions : [])),
  );
  return [...needed]
    .filter((revision) => !seen.escrowedRevisions.includes(revision))
    .map((revision) =>
      finding('BUILDER_KEY_MISSING', `bldr-${revision}`, `bldr-${revision}.box.key is no longer in escrow`),
    );
}

function captureFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const found: Finding[] = [];
  const due = slotStart(new Date(now.getTime() - policy.captureGraceMinutes * 60_000), policy.captureIntervalMinutes);
  const scheduled = newestFirst(seen.points.filter((point) => point.kind === 'scheduled'))[0];
  const first = newestFirst(seen.points).at(-1);
  const began = first && new Date(first.requestedAt).getTime() < due.getTime();
  if (began && (!scheduled || new Date(scheduled.requestedAt).getTime() < due.getTime())) {
    const last = scheduled ? `the last one is ${scheduled.id}` : 'there has been none';
    found.push(
      finding('CAPTURE_MISSED', 'schedule', `no scheduled point for the slot of ${due.toISOString()}; ${last}`),
    );
  }
  for (const point of unresolved(seen.points).filter((each) => each.state === 'failed')) {
    const code = point.database.state === 'capturing' ? 'CAPTURE_FAILED' : 'COPY_FAILED';
    found.push(finding(code, point.id, `point ${point.id} failed: ${point.failure?.message ?? 'no reason recorded'}`));
  }
  return found;
}

/** Points newer than the newest protected one: older failures are cured by it. */
function unresolved(points: Point[]): Point[] {
  const cured = newestFirst(points.filter(isProtected))[0];
  return points.filter((point) => !cured || point.requestedAt > cured.requestedAt);
}

function pointFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const found: Finding[] = [];
  for (const point of seen.points) {
    if (point.state === 'suspect') {
      found.push(finding('INVENTORY_SHRANK', point.id, `point ${point.id}: ${point.history.at(-1)?.why}`));
    }
    const idle = copyIdleMinutes(point, now);
    const { database } = point;
    const limit = database.state === 'copying' ? policy.copyStuckMinutes : policy.copyOverdueMinutes;
    if (idle !== undefined && idle > limit) {
      const waiting = database.state === 'captured' && database.waiting ? `: ${database.waiting.message}` : '';
      found.push(
        finding(
          'COPY_STUCK',
          point.id,
          `the copy of ${point.id} has not moved for ${Math.round(idle)} minutes${waiting}`,
        ),
      );
    }
    if (database.state === 'captured' && database.waiting?.code === 'KMS_UNUSABLE') {
      found.push(finding('DR_KMS_UNUSABLE', `copy of ${point.id}`, database.waiting.message));
    }
  }
  const available = new Set(seen.copies.map((copy) => copy.name));
  for (const point of seen.points.filter(isProtected)) {
    if (!available.has(snapshotName(point.id))) {
      found.push(finding('COPY_FAILED', point.id, `the copy of ${point.id} is gone from the DR region`));
    }
  }
  return found;
}

function flowFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const found: Finding[] = [];
  const record = seen.reconcile;
  if (record) {
    const lag = record.oldestMissingAt ? minutesBetween(record.oldestMissingAt, now) : 0;
    const stale = minutesBetween(record.at, now);
    if (lag > policy.replicationLagMinutes && minutesBetween(record.firstAt, now) > policy.replicationLagMinutes) {
      const text = `${record.missing.count} artifacts wait for their copy, the oldest for ${Math.round(lag)} minutes`;
      found.push(finding('REPLICATION_LAGGING', 'artifacts', text, record.missing));
    } else if (stale > policy.reconcileStaleMinutes) {
      found.push(
        finding('REPLICATION_LAGGING', 'artifacts', `the buckets were last compared ${Math.round(stale)} minutes ago`),
      );
    }
    if (record.eventless.count > 0) {
      const text = `${record.eventless.count} artifacts were uploaded without an event reaching the DR region`;
      found.push(finding('RELAY_SILENT', 'events', text, record.eventless));
    }
  }
  if ('facts' in seen.primary) {
    if (!seen.primary.facts.multiAz)
      found.push(finding('MULTI_AZ_OFF', 'database', 'the primary instance runs in a single zone'));
    if (seen.primary.facts.backupRetentionDays === 0) {
      found.push(finding('BACKUPS_DISABLED', 'database', 'automated backups of the primary instance are off'));
    }
  }
  if (seen.copies.length >= policy.snapshotQuota * 0.9) {
    const text = `${seen.copies.length} snapshots of ours in the DR region; the quota is ${policy.snapshotQuota}`;
    found.push(finding('QUOTA_NEAR', 'snapshots', text));
  }
  if (seen.subscribers === 0) found.push(finding('NO_SUBSCRIBER', 'topic', 'nobody hears these messages'));
  return found;
}

function foldPrimary(findings: Finding[], seen: Observations, rpo: number | null, since: string): Finding[] {
  if ('facts' in seen.primary) return findings;
  const loss =
    rpo === null ? 'there is no point to fail over to' : `a failover now loses ${Math.round(rpo)} minutes of data`;
  const folded = findings.filter((each) => consequences.includes(each.code)).map((each) => each.code);
  const also = folded.length > 0 ? `; hence also ${[...new Set(folded)].join(', ')}` : '';
  const text = `${seen.primary.region} does not answer since ${since} (${seen.primary.unreachable}); ${loss}${also}`;
  const rest = findings.filter((each) => !consequences.includes(each.code));
  return [finding('PRIMARY_UNREACHABLE', seen.primary.region, text), ...rest];
}

const recoveryBlockers: readonly FindingCode[] = [
  'NO_PROTECTED_POINT',
  'ARTIFACT_MISSING',
  'ARTIFACT_CORRUPT',
  'BUILDER_KEY_MISSING',
  'DR_KMS_UNUSABLE',
];

/** Two verdicts and a word, from what was seen. Pure: the same observations give the same answer. */
export function assessReadiness(seen: Observations, policy: Policy, now: Date): Assessment {
  const point = failoverPoint(seen.points, seen.copies);
  const rpoMinutes = rpoMinutesOf(point, now);
  const unreachable = 'unreachable' in seen.primary;
  const since = seen.previous?.primaryUnreachableSince ?? now.toISOString();
  const all = [
    ...recoveryFindings(seen, point, policy, now),
    ...captureFindings(seen, policy, now),
    ...pointFindings(seen, policy, now),
    ...flowFindings(seen, policy, now),
  ];
  const findings = foldPrimary(all, seen, rpoMinutes, since);
  const critical = findings.some((each) => each.severity === 'critical');
  const worrying = findings.some((each) => each.severity !== 'info');
  return {
    status: critical ? 'NOT_READY' : worrying ? 'DEGRADED' : 'READY',
    recoverable: point !== undefined && !findings.some((each) => recoveryBlockers.includes(each.code)),
    protecting: !findings.some((each) => stopsProtecting.includes(each.code)),
    rpoMinutes,
    rpoTargetMinutes: policy.rpoTargetMinutes,
    point: point?.id ?? null,
    findings,
    ...(unreachable ? { primaryUnreachableSince: since } : {}),
  };
}
