import { findingRules } from '../../core/findings.ts';
import { snapshotName } from '../../core/ids.ts';
import { type Point, pointSchema } from '../../core/points/documents.ts';
import { captureAccepted, captureRefused } from '../../core/points/point.ts';
import { captureIntervalMinutes, unsupported } from '../../core/points/primary.ts';
import { isRequested, type PointRequest, requestedPoints } from '../../core/points/request.ts';
import type { Policy } from '../../core/policy.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { InstanceFacts } from '../../core/ports/database.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { isDarkness } from '../darkness.ts';
import { readDirectionAgain, requireDirection } from '../vault/direction.ts';
import { updateDocument } from '../vault/documents.ts';
import { announcePoint, readPointAgain, updatePoint } from '../vault/points.ts';

type CapturePorts = Pick<Ports, 'clock' | 'database' | 'log' | 'newId' | 'signals' | 'vault'>;

/**
 * Starts a recovery point. A slot has one point however often it is asked for; a request by
 * hand always makes one of its own, and the same one (by `request`) no second. The document is written before the snapshot is asked for,
 * so that a run that dies leaves something for `advance` to go on with.
 */
export async function capture(ports: CapturePorts, policy: Policy, request: PointRequest): Promise<Point> {
  await requireDirection(ports.vault, 'primary→dr');
  // A final point is of a primary that has points already, and is fenced.
  const { facts, silence, refused }: Seen = request.kind === 'final' ? {} : await look(ports);
  const point = await openPoint(
    ports,
    { ...policy, captureIntervalMinutes: captureIntervalMinutes(policy, facts) },
    { request: ports.newId(), ...request },
  );
  await ports.signals.setTick(true);
  const captured = await ensureSnapshot(ports, point, silence);
  if (refused) throw unlooked(captured, refused);
  return captured;
}

type Seen = { facts?: InstanceFacts; silence?: DrError; refused?: unknown };

/** The point is made all the same; a run that fails is counted, and rings where it goes on. */
function unlooked({ id, state }: Point, cause: unknown): DrError {
  const what = 'what the primary instance is could not be looked at, and so not whether it is supported';
  return new DrError('PARTIAL_FAILURE', `point ${id} is ${state}; ${what}: ${describeError(cause)}`, {
    subject: id,
    cause,
    hint: 'The point needs nothing. Give the role of the capture function its right back: deploy the stack again.',
  });
}

/** What the primary is. One that does not say so is protected all the same; its silence costs one time-out. */
async function look({ database }: CapturePorts): Promise<Seen> {
  let facts: InstanceFacts;
  try {
    facts = await database.source();
  } catch (error) {
    if (isDarkness(error)) return { silence: error };
    return { refused: error };
  }
  const why = unsupported(facts);
  if (why) throw unsupportedError(why);
  return { facts };
}

/** A primary that is refused before anything is created of it. */
export function unsupportedError(why: string): DrError {
  const { hint } = findingRules.ENGINE_UNSUPPORTED;
  return new DrError('ENGINE_UNSUPPORTED', `the primary instance ${why}`, { subject: 'database', hint });
}

/** The point of this request, made if there is none yet; another request has another one. */
async function openPoint(ports: CapturePorts, policy: Policy, request: PointRequest): Promise<Point> {
  for (const wanted of requestedPoints(request, policy)) {
    if (request.kind === 'scheduled' && ports.clock().getTime() >= new Date(wanted.deadlineAt).getTime()) {
      throw new DrError('SLOT_OVER', `the slot ${wanted.id} ended at ${wanted.deadlineAt}`, {
        hint: 'The event came too late; the next slot has its own. `builder-dr capture` makes a point now.',
      });
    }
    const { before, after } = await updateDocument(
      ports.vault,
      vaultKeys.point(wanted.id),
      pointSchema,
      (current) => current ?? wanted,
    );
    if (before && !isRequested(before, wanted)) continue;
    if (!before) await announcePoint(ports, wanted);
    return after ?? wanted;
  }
  throw new DrError('CONFLICT', `other requests have every second of the minute from ${request.at.toISOString()}`, {
    subject: request.kind,
    hint: 'Ask again in a minute; `builder-dr points` shows what was asked for.',
  });
}

const lacksSnapshot = ({ state, database }: Point): boolean =>
  state === 'capturing' && database.state === 'capturing' && !database.acceptedAt;

/** Asks for the point's snapshot until the engine has accepted it or the deadline is over. `silence`: how the primary failed to answer before. */
export async function ensureSnapshot(ports: CapturePorts, read: Point, silence?: DrError): Promise<Point> {
  if (!lacksSnapshot(read)) return read;
  // Right before the primary is asked: the point may have failed, and the direction have changed.
  const point = await readPointAgain(ports.vault, read.id);
  if (!lacksSnapshot(point) || (await readDirectionAgain(ports.vault)).direction !== 'primary→dr') return point;
  try {
    if (silence) throw silence;
    await ports.database.capture(snapshotName(point.id), point.id);
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    const refused = await updatePoint(ports, point.id, (now) => captureRefused(now, error, ports.clock()));
    if (hasCode(error, 'INVALID_STATE', 'THROTTLED', 'QUOTA_EXCEEDED')) return refused;
    throw error;
  }
  return updatePoint(ports, point.id, (current) => captureAccepted(current, ports.clock()));
}
