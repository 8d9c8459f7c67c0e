import { notAhead } from '../core/ids.ts';
import { dueMessage, readinessMessage } from '../core/notices/of-readiness.ts';
import type { Policy } from '../core/policy.ts';
import { assessReadiness } from '../core/readiness/assess.ts';
import { type StatusRecord, statusSchema } from '../core/readiness/documents.ts';
import { HEARTBEAT, statusMetrics } from '../core/readiness/metrics.ts';
import { toldOf } from '../core/readiness/told.ts';
import { vaultKeys } from '../core/vault-layout.ts';
import { describeError } from '../errors.ts';
import { isDarkness } from './darkness.ts';
import { observeSite, type ReadinessPorts } from './observe-site.ts';
import { writeStatusPage } from './status-page.ts';
import { updateOrMakeAnew } from './vault/set-aside.ts';

/**
 * Assesses readiness, tells people when the state changed or the heartbeat is due, and writes
 * `status.json`. Publishes first and records after: at least once. Facts of the DR site come first.
 */
export async function readiness(ports: ReadinessPorts, policy: Policy): Promise<StatusRecord> {
  const now = ports.clock();
  const seen = await observeSite(ports, policy);
  const assessed: StatusRecord = { schema: 'status/1', at: now.toISOString(), ...assessReadiness(seen, policy, now) };
  const told = seen.previous?.published;
  const status: StatusRecord = told ? { ...assessed, published: { ...told, at: notAhead(told.at, now) } } : assessed;
  const kind = dueMessage(status, policy, now);
  if (kind) {
    await ports.notifier.publish(readinessMessage(status, kind, ports.site));
    status.published = { at: now.toISOString(), told: toldOf(status) };
  }
  await updateOrMakeAnew(ports, vaultKeys.status, statusSchema, (current) =>
    current && isNewer(current, status, ports.clock()) ? current : status,
  );
  if (kind === 'change') {
    const { recoverable, protecting } = status;
    await ports.signals.emit('readiness.changed', { status: status.status, recoverable, protecting });
  }
  await ports.metrics.put('dr', statusMetrics(status, seen, now));
  await writeStatusPage(ports, policy, status, seen);
  await leaveHeartbeat(ports);
  await ping(ports);
  return status;
}

/** Whether another run saw more than this one. What a clock wrote that is ahead stands in nobody's way. */
const isNewer = (current: StatusRecord, status: StatusRecord, now: Date): boolean =>
  current.at > status.at && current.at <= now.toISOString();

/** The primary region hears that DR lives; its own silence is PRIMARY_UNREACHABLE, and no failure of this run. */
async function leaveHeartbeat(ports: ReadinessPorts): Promise<void> {
  try {
    await ports.metrics.put('primary', [HEARTBEAT]);
  } catch (error) {
    if (!isDarkness(error)) throw error;
    ports.log.warn('no heartbeat in the primary region', { error: error.message });
  }
}

/** Somebody else's monitor that cannot be reached rings by itself; it must not stop ours. */
async function ping({ deadMan, log }: ReadinessPorts): Promise<void> {
  try {
    await deadMan?.ping();
  } catch (error) {
    log.warn('the outside monitor was not reached', { error: describeError(error) });
  }
}
