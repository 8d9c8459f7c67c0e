import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import { type Check, MINUTE_MS, minutes, none, type Scene } from './check.ts';
import { saidBy } from './memory.ts';

/** What stands for the silence of the primary as a whole, and for a catalogue that nobody can read. */
const folded = ['PRIMARY_UNREACHABLE', 'PRIMARY_MISSING', 'VAULT_UNREADABLE'];
const captureCodes = ['CAPTURE_MISSED', 'CAPTURE_FAILED', 'NO_PROTECTED_POINT', ...folded];
const copyCodes = ['COPY_STUCK', 'COPY_FAILED', 'RPO_EXCEEDED', 'NO_PROTECTED_POINT', ...folded];
const lagCodes = [
  'REPLICATION_LAGGING',
  'ARTIFACT_MISSING',
  'ARTIFACT_UNCOPYABLE',
  'PRIMARY_CORRUPT',
  'SIGNER_UNKNOWN',
  ...folded,
];

/**
 * I6: silence is an alarm. What should have come and did not is a finding of the next status: a capture, a copy, an
 * artifact, a comparison of the buckets, a document that can be read, the age of the data.
 */
export const i6: Check = {
  document: (scene, { by, key }) => {
    const status = key === 'status.json' ? saidBy<StatusRecord>(scene.memory.document(key)) : undefined;
    if (by === 'world' || !status || scene.memory.servesElsewhereSince !== undefined) return none;
    // What it could know: the world as it was when the run began, by the slower of the two clocks.
    const { startedAt, skewMs } = scene.truth.run(by);
    const at = startedAt + Math.min(0, skewMs);
    const silent = (codes: string[], so: string | undefined) =>
      so && !codes.some((code) => has(status, code)) ? [so] : [];
    const found = [
      ...silent(captureCodes, missedCapture(scene, at)),
      ...silent(copyCodes, lateCopy(scene, at)),
      ...silent(lagCodes, lateArtifact(scene, at)),
      ...silent(['REPLICATION_LAGGING', 'RELAY_SILENT', ...folded], lateComparison(scene, at, startedAt + skewMs)),
      ...silent(['RPO_EXCEEDED', ...folded], oldData(scene, at, status)),
      ...unnamed(scene, startedAt, status),
    ];
    return found.map((so) => ({ invariant: 'I6', subject: 'status.json', said: saidOf(status), so }));
  },
};

const has = ({ findings }: StatusRecord, code: string): boolean => findings.some((each) => each.code === code);
const saidOf = ({ status, findings }: StatusRecord): string =>
  `${status}, with ${findings.map(({ code }) => code).join(', ') || 'no finding'}`;
const dataAtOf = ({ memory }: Scene, id: string): number => memory.data.get(id)?.dataAt ?? Number.NEGATIVE_INFINITY;

/** The newest slot that is over for long enough has no point of its own, nor is there a newer one. */
function missedCapture(scene: Scene, at: number): string | undefined {
  const { captureIntervalMinutes, captureGraceMinutes } = scene.truth.policy;
  const slotMs = captureIntervalMinutes * MINUTE_MS;
  const slot = Math.floor((at - captureGraceMinutes * MINUTE_MS) / slotMs) * slotMs;
  if (slot <= scene.memory.beganAt || slot <= scene.memory.turned.at) return undefined;
  const { points } = scene.memory;
  for (const { id, requestedAt } of points.values())
    if (Date.parse(requestedAt) >= slot || dataAtOf(scene, id) >= slot) return undefined;
  return `no point of the slot of ${new Date(slot).toISOString()} or of later`;
}

const usable = (state: string): boolean => state === 'protected' || state === 'proven';

/** A snapshot that has been there for so long has neither a copy, nor is there a newer point that has. */
function lateCopy(scene: Scene, at: number): string | undefined {
  const { copyOverdueMinutes, copyStuckMinutes, captureGraceMinutes } = scene.truth.policy;
  const limitMs = (copyOverdueMinutes + copyStuckMinutes + captureGraceMinutes) * MINUTE_MS;
  const newest = Math.max(
    ...[...scene.memory.points.values()].filter(({ state }) => usable(state)).map(({ id }) => dataAtOf(scene, id)),
  );
  for (const { id, state } of scene.memory.points.values()) {
    const dataAt = dataAtOf(scene, id);
    const waits = (state === 'captured' || state === 'listing+copying') && Number.isFinite(dataAt);
    if (waits && at - dataAt > limitMs && dataAt > newest)
      return `point ${id} waits for ${minutes(at - dataAt)} minutes`;
  }
  return undefined;
}

/** An object that came long before the last comparison is not in the replica. */
function lateArtifact({ truth, memory }: Scene, at: number): string | undefined {
  const { primary, replica } = truth.buckets;
  const lagMs = truth.policy.replicationLagMinutes * MINUTE_MS;
  const { since, told, first } = memory.compared;
  if (told > at || at - since > lagMs) return undefined;
  for (const key of primary.keys()) {
    const there = primary.current(key);
    if (!there?.readable || there.since + lagMs > since || replica.kept(key).length > 0) continue;
    // A bucket that nobody had compared before is filled first.
    if (there.since < first && at - first <= lagMs) continue;
    return `${key} is at the primary for ${minutes(at - there.since)} minutes, and never was in the replica`;
  }
  return undefined;
}

const APART_MS = 5 * MINUTE_MS;

/** The buckets were compared too long ago: truly, and as far as the clocks of who compared and of who looks can tell. */
function lateComparison({ truth, memory }: Scene, at: number, clock: number): string | undefined {
  const { told, skewMs } = memory.compared;
  const since = Math.max(told, memory.beganAt, memory.turned.at);
  const limitMs = truth.policy.reconcileStaleMinutes * MINUTE_MS + APART_MS;
  if (at - since <= limitMs) return undefined;
  const noted = clock - (told + skewMs);
  if (since === told && noted >= -APART_MS && noted <= limitMs) return undefined;
  return `the buckets were last compared ${minutes(at - since)} minutes ago`;
}

function oldData({ memory, truth }: Scene, at: number, { point }: StatusRecord): string | undefined {
  const dataAt = memory.data.get(point ?? '')?.dataAt;
  if (dataAt === undefined || at - dataAt <= (truth.policy.rpoTargetMinutes + 1) * MINUTE_MS) return undefined;
  return `the data of point ${point} are ${minutes(at - dataAt)} minutes old`;
}

/** Documents that nobody can read are named. */
function unnamed({ memory }: Scene, beganAt: number, { findings }: StatusRecord): string[] {
  const told = findings.filter(({ code }) => code === 'VAULT_UNREADABLE');
  const isTold = (key: string) =>
    told.some(({ subject, text, samples }) => subject === key || text.includes(key) || samples?.includes(key));
  const unreadable = [...memory.unreadable('direction.json', 'points/', 'drills/', 'failovers/', 'verified.json')];
  return unreadable
    .filter(([key, { at }]) => at < beganAt && !isTold(key))
    .map(([key]) => `${key} cannot be read, and no finding names it`);
}
