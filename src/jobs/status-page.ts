import { type RetentionFacts, retentionPlan } from '../core/points/retention.ts';
import type { Policy } from '../core/policy.ts';
import type { Ports } from '../core/ports/all.ts';
import type { StatusRecord } from '../core/readiness/documents.ts';
import { historySchema, lastDays, withReading } from '../core/readiness/history.ts';
import type { Observations } from '../core/readiness/observations.ts';
import { statusPage } from '../core/status-page/page.ts';
import { vaultKeys } from '../core/vault-layout.ts';
import { hasCode } from '../errors.ts';
import { updateOrMakeAnew } from './vault/set-aside.ts';

type PagePorts = Pick<Ports, 'clock' | 'log' | 'site' | 'vault'>;

/** What a retention is decided by, as far as readiness saw it. */
const factsOf = ({ points, copies, runs, unreadable, direction, primary }: Observations): RetentionFacts => ({
  points,
  copies: new Set(copies.filter((each) => each.status === 'available').map((each) => each.name)),
  runs,
  unreadable,
  direction,
  primarySilent: 'unreachable' in primary ? primary.unreachable : undefined,
  newestWrittenAt: undefined,
});

/** Adds the assessment to the history and draws the page anew. Of two runs at once one gives way. */
export async function writeStatusPage(
  ports: PagePorts,
  policy: Policy,
  status: StatusRecord,
  seen: Observations,
): Promise<void> {
  const { vault, clock } = ports;
  const { points, runs, verified, reconcile, deletions } = seen;
  const { stage, configFile, primaryRegion, drRegion } = ports.site;
  const { after } = await updateOrMakeAnew(ports, vaultKeys.history, historySchema, (now) => withReading(now, status));
  const page = statusPage({
    stage,
    configFile,
    primaryRegion,
    drRegion,
    rtoTargetMinutes: policy.rtoTargetMinutes,
    status,
    readings: lastDays(after, clock()),
    points,
    runs,
    retention: policy.retention && retentionPlan(factsOf(seen), policy.retention, clock()),
    verified,
    reconcile,
    deletions,
    now: clock(),
  });
  const before = await vault.get(vaultKeys.statusPage);
  try {
    await vault.put(vaultKeys.statusPage, page, before?.etag);
  } catch (error) {
    if (!hasCode(error, 'CONFLICT')) throw error;
    ports.log.info('another run drew the status page');
  }
}
