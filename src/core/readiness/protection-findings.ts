import { type Finding, finding } from '../findings.ts';
import { minutesBetween, SKEW_MINUTES, slotStart, snapshotName } from '../ids.ts';
import type { Point } from '../points/documents.ts';
import { copyIdleMinutes, dataInstant, isInFlight, isProtected, newestFirst } from '../points/point.ts';
import { captureIntervalMinutes, takenLessOften, unsupported } from '../points/primary.ts';
import type { Policy } from '../policy.ts';
import type { InstanceFacts } from '../ports/database.ts';
import type { Observations } from './observations.ts';
import { quotaFindings } from './quota-findings.ts';

export function captureFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const found: Finding[] = [];
  const interval = captureIntervalMinutes(policy, 'facts' in seen.primary ? seen.primary.facts : undefined);
  const due = slotStart(new Date(now.getTime() - policy.captureGraceMinutes * 60_000), interval);
  // By their slots; one that a clock asked for that ran ahead stands for none of today.
  const slots = seen.points.filter(({ kind, requestedAt }) => kind === 'scheduled' && new Date(requestedAt) <= now);
  const scheduled = slots.toSorted((a, b) => (a.requestedAt < b.requestedAt ? 1 : -1))[0];
  const first = newestFirst(seen.points).at(-1);
  const began = first && new Date(first.requestedAt).getTime() < due.getTime();
  if (began && (!scheduled || new Date(scheduled.requestedAt).getTime() < due.getTime())) {
    const last = scheduled ? `the last one is ${scheduled.id}` : 'there has been none';
    found.push(
      finding('CAPTURE_MISSED', 'schedule', `no scheduled point for the slot of ${due.toISOString()}; ${last}`),
    );
  }
  for (const point of unresolved(seen.points, now).filter((each) => each.state === 'failed')) {
    const code = point.database.state === 'capturing' ? 'CAPTURE_FAILED' : 'COPY_FAILED';
    found.push(finding(code, point.id, `point ${point.id} failed: ${point.failure?.message ?? 'no reason recorded'}`));
  }
  return found;
}

/**
 * Points newer than the newest protected one: older failures are cured by it. Of one that a clock ahead dates later than now
 * nobody knows when it was: any that is protected cures it, and that none comes is told by its own finding.
 */
function unresolved(points: Point[], now: Date): Point[] {
  const cured = newestFirst(points.filter(isProtected))[0];
  const isNewer = (point: Point, than: Point): boolean =>
    dataInstant(point) > dataInstant(than) && dataInstant(point) <= now.toISOString();
  return points.filter((point) => !cured || isNewer(point, cured));
}

/** What a point waits for and will not get by waiting. */
function refusalFindings(point: Point): Finding[] {
  const { database } = point;
  if (!isInFlight(point) || (database.state !== 'captured' && database.state !== 'capturing')) return [];
  const { waiting } = database;
  const copying = database.state === 'captured';
  const what = copying ? `copy of ${point.id}` : `capture of ${point.id}`;
  // A key that a capture cannot use is the primary's, and none that a failover needs.
  if (copying && waiting?.code === 'KMS_UNUSABLE') return [finding('DR_KMS_UNUSABLE', what, waiting.message)];
  return waiting?.code === 'ACCESS_DENIED' ? [finding('RIGHT_MISSING', what, waiting.message)] : [];
}

export function pointFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
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
    found.push(...refusalFindings(point));
  }
  const available = new Set(seen.copies.map((copy) => copy.name));
  // One that is gone is made good by a newer one that is there.
  for (const point of newestFirst(seen.points.filter(isProtected))) {
    if (available.has(snapshotName(point.id))) break;
    found.push(finding('COPY_FAILED', point.id, `the copy of ${point.id} is gone from the DR region`));
  }
  return found;
}

/** What is set aside by name: no failover serves it, and neither does the primary. */
function uncopyableFindings({ uncopyable = [] }: Observations): Finding[] {
  if (uncopyable.length === 0) return [];
  const samples = uncopyable.slice(0, 10).map(({ key, reason }) => `${key}: ${reason}`);
  const text = `${uncopyable.length} artifacts of the primary cannot be copied as they are, and no point waits for them`;
  return [finding('ARTIFACT_UNCOPYABLE', 'artifacts', text, { count: uncopyable.length, samples })];
}

function primaryFindings(facts: InstanceFacts, policy: Policy): Finding[] {
  const found: Finding[] = [];
  const why = unsupported(facts);
  if (why) found.push(finding('ENGINE_UNSUPPORTED', 'database', `the primary instance ${why}`));
  if (!facts.multiAz) {
    const less = takenLessOften(policy, facts) ?? 'each snapshot suspends its I/O';
    found.push(finding('MULTI_AZ_OFF', 'database', `the primary instance runs in a single zone, and ${less}`));
  }
  if (facts.backupRetentionDays === 0) {
    found.push(finding('BACKUPS_DISABLED', 'database', 'automated backups of the primary instance are off'));
  }
  return found;
}

/** Why the last comparison of the buckets is none to go by. */
function staleComparison({ reconcile, points }: Observations, policy: Policy, now: Date): string | undefined {
  const at = reconcile?.at ?? points.map(({ requestedAt }) => requestedAt).sort()[0];
  if (at === undefined) return undefined;
  const stale = minutesBetween(at, now);
  if (reconcile && stale < -SKEW_MINUTES)
    return `when the buckets were last compared nobody knows: a clock that was ahead says ${at}`;
  if (stale <= policy.reconcileStaleMinutes) return undefined;
  return reconcile
    ? `the buckets were last compared ${Math.round(stale)} minutes ago`
    : `the buckets were never compared, and the first point is of ${at}`;
}

/** What waits for its copy, or that nobody looks whether anything does. */
function lagFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const { oldestMissingAt, firstAt, missing } = seen.reconcile ?? {};
  const lag = oldestMissingAt ? minutesBetween(oldestMissingAt, now) : 0;
  const known = firstAt ? minutesBetween(firstAt, now) : 0;
  if (missing && lag > policy.replicationLagMinutes && known > policy.replicationLagMinutes) {
    const text = `${missing.count} artifacts wait for their copy, the oldest for ${Math.round(lag)} minutes`;
    return [finding('REPLICATION_LAGGING', 'artifacts', text, missing)];
  }
  const stale = staleComparison(seen, policy, now);
  return stale === undefined ? [] : [finding('REPLICATION_LAGGING', 'artifacts', stale)];
}

export function flowFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const found: Finding[] = [...uncopyableFindings(seen), ...lagFindings(seen, policy, now)];
  const { eventless } = seen.reconcile ?? {};
  if (eventless && eventless.count > 0) {
    const text = `${eventless.count} artifacts were uploaded without an event reaching the DR region`;
    found.push(finding('RELAY_SILENT', 'events', text, eventless));
  }
  if ('facts' in seen.primary) found.push(...primaryFindings(seen.primary.facts, policy));
  found.push(...quotaFindings(seen, policy));
  if (seen.subscribers === 0) found.push(finding('NO_SUBSCRIBER', 'topic', 'nobody hears these messages'));
  return found;
}
