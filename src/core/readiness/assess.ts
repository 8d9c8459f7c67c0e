import type { VerifiedIndex } from '../artifacts/documents.ts';
import { type Finding, type FindingCode, finding } from '../findings.ts';
import { minutesBetween, notAhead, snapshotName } from '../ids.ts';
import type { Point } from '../points/documents.ts';
import { isProtected, newestFirst } from '../points/point.ts';
import type { Policy } from '../policy.ts';
import { rejectedPoints, rejectedText, rejectionFindings } from '../recovery/rejected.ts';
import { isOfDamage, vaultKeys } from '../vault-layout.ts';
import { deletionFindings } from './deletion-findings.ts';
import type { StatusRecord } from './documents.ts';
import type { Observations } from './observations.ts';
import { captureFindings, flowFindings, pointFindings } from './protection-findings.ts';
import { fenceUnseenSince, recoveryFindings } from './recovery-findings.ts';
import { retentionFindings } from './retention-findings.ts';

export type Assessment = Pick<
  StatusRecord,
  | 'status'
  | 'recoverable'
  | 'protecting'
  | 'rpoMinutes'
  | 'rpoTargetMinutes'
  | 'point'
  | 'primaryUnreachableSince'
  | 'fenceUnseenSince'
> & { findings: Finding[] };

/** Findings that say that new points and artifacts do not keep arriving in time. */
const stopsProtecting: readonly FindingCode[] = [
  'RIGHT_MISSING',
  'ENGINE_UNSUPPORTED',
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

type ChosenBy = Pick<Observations, 'points' | 'copies' | 'unlisted' | 'runs'>;

/** Protected points whose copy is there, and whose inventory can be read, the newest first. */
function restorablePoints({ points, copies, unlisted }: ChosenBy): Point[] {
  const available = new Set(copies.filter((copy) => copy.status === 'available').map((copy) => copy.name));
  const listed = points.filter(({ id }) => !unlisted.includes(id));
  return newestFirst(listed.filter(isProtected)).filter((point) => available.has(snapshotName(point.id)));
}

/** What a failover started now would take: the newest that can be restored, and that no run has found to be no good. */
export function failoverPoint(seen: ChosenBy, now: Date): Point | undefined {
  const rejections = rejectedPoints(seen.points, seen.runs, now);
  return restorablePoints(seen).find(({ id }) => !rejections.has(id));
}

/** That no point can be taken, or that the newest ones are not. */
function choiceFindings(seen: Observations, point: Point | undefined, now: Date): Finding[] {
  const rejections = rejectedPoints(seen.points, seen.runs, now);
  const restorable = restorablePoints(seen).map(({ id }) => id);
  if (point) return rejectionFindings(restorable.slice(0, restorable.indexOf(point.id)), point, rejections);
  const rejected = restorable.length > 0 ? `: rejected were ${rejectedText(restorable, rejections)}` : '';
  const text = `none of ${seen.points.length} recovery points can be restored${rejected}`;
  return [finding('NO_PROTECTED_POINT', 'points', text), ...rejectionFindings(restorable, undefined, rejections)];
}

function rpoMinutesOf(point: Point | undefined, now: Date): number | null {
  return point && 'dataAt' in point.database ? Math.max(0, minutesBetween(point.database.dataAt, now)) : null;
}

function restorabilityFindings(seen: Observations, point: Point | undefined, policy: Policy, now: Date): Finding[] {
  const found = choiceFindings(seen, point, now);
  const rpo = rpoMinutesOf(point, now);
  if (rpo !== null && rpo > policy.rpoTargetMinutes) {
    const text = `a failover now would lose ${Math.round(rpo)} minutes; the target is ${policy.rpoTargetMinutes}`;
    found.push(finding('RPO_EXCEEDED', 'database', text));
  }
  if (seen.replicaMissing)
    found.push(finding('REPLICA_MISSING', seen.replicaMissing.bucket, seen.replicaMissing.problem));
  if (seen.replica && seen.replica.missing.count > 0) {
    const text = `${seen.replica.missing.count} artifacts of point ${seen.replica.pointId} are not in the replica`;
    found.push(finding('ARTIFACT_MISSING', 'replica', text, seen.replica.missing));
  }
  if (seen.replica && seen.replica.differing.count > 0) {
    const text = `${seen.replica.differing.count} artifacts of point ${seen.replica.pointId} are not the listed ones in the replica, nor kept aside`;
    found.push(finding('ARTIFACT_CORRUPT', 'replica', text, seen.replica.differing));
  }
  found.push(...damageFindings(seen), ...verificationFindings(seen.verified, policy, now));
  for (const { key, problem } of seen.unreadable) found.push(finding('VAULT_UNREADABLE', key, problem));
  for (const { keyId, reason } of seen.unusableKeys) found.push(finding('DR_KMS_UNUSABLE', keyId, reason));
  return [...found, ...escrowFindings(seen)];
}

/** What the last merge has counted, and what was read since. */
function damageFindings({ verified, readWrong }: Observations): Finding[] {
  const counted = verified?.damaged ?? { count: 0, samples: [] };
  const since = readWrong?.samples.filter((key) => !counted.samples.includes(key)) ?? [];
  const repeated = (readWrong?.samples.length ?? 0) - since.length;
  const count = counted.count + (readWrong?.count ?? 0) - repeated;
  if (count === 0) return [];
  const text = `${count} artifacts in the replica have wrong bytes: signature or hash does not fit`;
  const samples = [...counted.samples, ...since].slice(0, 10);
  return [finding('ARTIFACT_CORRUPT', 'signatures', text, { count, samples })];
}

function verificationFindings(verified: VerifiedIndex | undefined, policy: Policy, now: Date): Finding[] {
  const found: Finding[] = [];
  if (verified && verified.unknownSigner.count > 0) {
    const text = `${verified.unknownSigner.count} artifacts are signed by keys that the vault does not have`;
    found.push(finding('SIGNER_UNKNOWN', 'signatures', text, verified.unknownSigner));
  }
  if (verified?.refused && verified.refused.count > 0) {
    const text = `${verified.refused.count} artifacts at the primary no longer verify; the replica keeps the good bytes`;
    found.push(finding('PRIMARY_CORRUPT', 'signatures', text, verified.refused));
  }
  const waited = verified?.oldestUnverifiedAt ? minutesBetween(verified.oldestUnverifiedAt, now) / 60 : 0;
  if (verified && waited > policy.unverifiedHours) {
    const text = `${verified.unverified.count} artifacts in the replica were never verified, the oldest came ${Math.round(waited)} hours ago`;
    found.push(finding('ARTIFACT_UNVERIFIABLE', 'replica', text, verified.unverified));
  }
  return found;
}

function escrowFindings(seen: Observations): Finding[] {
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

function foldPrimary(findings: Finding[], seen: Observations, rpo: number | null, since: string): Finding[] {
  if (!('unreachable' in seen.primary)) return findings;
  const loss =
    rpo === null ? 'there is no point to fail over to' : `a failover now loses ${Math.round(rpo)} minutes of data`;
  const folded = findings.filter((each) => consequences.includes(each.code)).map((each) => each.code);
  const also = folded.length > 0 ? `; hence also ${[...new Set(folded)].join(', ')}` : '';
  const text = `${seen.primary.region} does not answer since ${since} (${seen.primary.unreachable}); ${loss}${also}`;
  const rest = findings.filter((each) => !consequences.includes(each.code));
  return [finding('PRIMARY_UNREACHABLE', seen.primary.region, text), ...rest];
}

/** With any of these a failover started now would not succeed: each is critical, so that the alarm rings. */
export const recoveryBlockers: readonly FindingCode[] = [
  'CLASS_UNORDERABLE',
  'NO_PROTECTED_POINT',
  'ARTIFACT_MISSING',
  'ARTIFACT_CORRUPT',
  'BUILDER_KEY_MISSING',
  'DR_KMS_UNUSABLE',
  'DR_NETWORK_MISSING',
  'DR_PARAMETER_GROUP_MISSING',
  'REPLICA_MISSING',
];

/** What a failover goes by, and what says that it would succeed: while one of these cannot be read, nobody says so. */
const neededToRecover = [
  vaultKeys.direction,
  vaultKeys.drills,
  vaultKeys.failovers,
  vaultKeys.escrow,
  vaultKeys.inventories,
  vaultKeys.verified,
  vaultKeys.verifiedFiles,
];
const isNeeded = ({ key }: { key: string }) => isOfDamage(key) || neededToRecover.some((each) => key.startsWith(each));

/** After a cut-over this side is in force: what counts is the fence, and that the other direction is set up. */
function assessCutOver(seen: Observations, policy: Policy, now: Date): Assessment {
  const unreadable = seen.unreadable.map(({ key, problem }) => finding('VAULT_UNREADABLE', key, problem));
  const findings = [...recoveryFindings(seen, policy, now), ...unreadable];
  const critical = findings.some((each) => each.severity === 'critical');
  return {
    status: critical ? 'NOT_READY' : findings.length > 0 ? 'DEGRADED' : 'READY',
    recoverable: false,
    protecting: seen.reverse?.protecting ?? false,
    rpoMinutes: null,
    rpoTargetMinutes: policy.rpoTargetMinutes,
    point: null,
    findings,
  };
}

/** Two verdicts and a word, from what was seen. Pure: the same observations give the same answer. */
export function assessReadiness(seen: Observations, policy: Policy, now: Date): Assessment {
  if (seen.direction !== 'primary→dr') return assessCutOver(seen, policy, now);
  const point = failoverPoint(seen, now);
  const rpoMinutes = rpoMinutesOf(point, now);
  const unreachable = 'unreachable' in seen.primary;
  const since = notAhead(seen.previous?.primaryUnreachableSince ?? now.toISOString(), now);
  const all = [
    ...restorabilityFindings(seen, point, policy, now),
    ...captureFindings(seen, policy, now),
    ...pointFindings(seen, policy, now),
    ...flowFindings(seen, policy, now),
    ...deletionFindings(seen),
    ...recoveryFindings(seen, policy, now),
    ...retentionFindings(seen.pruned, policy, now),
  ];
  const findings = foldPrimary(all, seen, rpoMinutes, since);
  const critical = findings.some((each) => each.severity === 'critical');
  const worrying = findings.some((each) => each.severity !== 'info');
  return {
    status: critical ? 'NOT_READY' : worrying ? 'DEGRADED' : 'READY',
    recoverable:
      point !== undefined &&
      !seen.unreadable.some(isNeeded) &&
      !findings.some((each) => recoveryBlockers.includes(each.code)),
    protecting: !findings.some((each) => stopsProtecting.includes(each.code)),
    rpoMinutes,
    rpoTargetMinutes: policy.rpoTargetMinutes,
    point: point?.id ?? null,
    findings,
    ...(unreachable ? { primaryUnreachableSince: since } : {}),
    ...(seen.closed && 'unknown' in seen.closed ? { fenceUnseenSince: fenceUnseenSince(seen, now) } : {}),
  };
}
