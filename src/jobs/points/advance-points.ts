import { snapshotName } from '../../core/ids.ts';
import { overdue } from '../../core/points/deadlines.ts';
import type { Point } from '../../core/points/documents.ts';
import {
  artifactsListed,
  copyAccepted,
  copyRefused,
  copySeen,
  isInFlight,
  judgedAgain,
  judgedBy,
  keysSeen,
  snapshotSeen,
} from '../../core/points/point.ts';
import { coverageSeen } from '../../core/points/replication.ts';
import { escrowedRevision, vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { writeInventory } from '../artifacts/inventory.ts';
import { isDarkness } from '../darkness.ts';
import type { Pass } from '../pass.ts';
import { updatePoint } from '../vault/points.ts';
import { coverageOf, repairReplica } from './ask-copies.ts';
import { ensureSnapshot } from './capture.ts';

type PointStep = (pass: Pass, point: Point) => Promise<Point>;

/** What the DR site alone can tell comes first, then what the primary gives, then what the DR site says of that. */
export async function advancePoints(pass: Pass): Promise<void> {
  await judgeAgain(pass);
  if (!pass.points.some(isInFlight)) return;
  const keys = await pass.ports.vault.list(vaultKeys.escrow);
  const revisions = keys.map((entry) => escrowedRevision(entry.key)).filter((each) => each !== undefined);
  await eachInFlight(pass, (_pass, point) => inDrSite(pass, point, revisions));
  await eachInFlight(pass, fromPrimary);
  await eachInFlight(pass, (_pass, point) => inDrSite(pass, point, revisions));
}

/** Points that came no further for too long end, whichever way protection flows: what could move them has had its turn. */
export async function endOverdue(pass: Pass): Promise<void> {
  const { ports, policy } = pass;
  await eachInFlight(pass, async (_pass, point) => {
    const { missing } = pass.coverage.get(point.id) ?? {};
    const end = (now: Point): Point => overdue(now, missing, policy, ports.clock());
    return end(point) === point ? point : updatePoint(ports, point.id, end);
  });
}

/** Suspect points were held against what was known then; an operator may have accepted one before them since. */
async function judgeAgain(pass: Pass): Promise<void> {
  const { ports, policy } = pass;
  await eachOfPoints(
    pass,
    ({ state }) => state === 'suspect',
    async (_pass, point) => {
      const judge = (now: Point): Point => judgedAgain(now, judgedBy(now, pass.points), policy, ports.clock());
      return judge(point) === point ? point : updatePoint(ports, point.id, judge);
    },
  );
}

const eachInFlight = (pass: Pass, step: PointStep): Promise<void> => eachOfPoints(pass, isInFlight, step);

async function eachOfPoints(pass: Pass, which: (point: Point) => boolean, step: PointStep): Promise<void> {
  for (const [index, point] of pass.points.entries()) {
    if (!which(point)) continue;
    try {
      pass.points[index] = await step(pass, point);
    } catch (error) {
      if (isDarkness(error)) {
        pass.ports.log.warn('primary left alone', { point: point.id, error: describeError(error) });
      } else pass.errors.push({ id: point.id, error });
    }
  }
}

/** What the DR site alone can tell: the copy, the replica, the keys. */
async function inDrSite(pass: Pass, point: Point, revisions: string[]): Promise<Point> {
  const { ports, policy } = pass;
  const { state } = point.database;
  const isAsked = state === 'copying' || state === 'copied';
  const copy = isAsked ? await ports.database.copyStatus(snapshotName(point.id)) : undefined;
  const coverage = await coverageOf(pass, point);
  return updatePoint(ports, point.id, (now) => {
    const at = ports.clock();
    // Only of the copy that this pass has asked for: another pass may have started it since, or seen it.
    const seen = isAsked && now.database.state === state ? copySeen(now, copy, policy, at) : now;
    const changed = keysSeen(seen, revisions, at);
    // An object of another size is not the artifact: it counts as missing until it is repaired.
    if (!coverage) return changed;
    const { deleted = [], uncopyable = [], uncopied } = coverage;
    const missing = coverage.missing.count + coverage.differing.count - deleted.length - uncopyable.length;
    const asked = pass.asked.has(point.id);
    return coverageSeen(changed, { missing, deletedInWindow: [...deleted, ...uncopied], uncopyable, asked }, at);
  });
}

/** What the primary site has to give: the snapshot, the inventory, the copy, the missing artifacts. */
async function fromPrimary(pass: Pass, point: Point): Promise<Point> {
  const captured = await seeSnapshot(pass, await ensureSnapshot(pass.ports, point));
  return repairReplica(pass, await startCopy(pass, await listArtifacts(pass, captured)));
}

async function seeSnapshot({ ports, policy }: Pass, point: Point): Promise<Point> {
  if (point.database.state !== 'capturing' || !point.database.acceptedAt || !isInFlight(point)) return point;
  const facts = await ports.database.status(snapshotName(point.id));
  // What a restore must repeat and a snapshot does not say.
  const lifecycle =
    facts?.status === 'available' && !point.source ? (await ports.database.source()).engineLifecycleSupport : '';
  return updatePoint(ports, point.id, (now) => {
    const seen = snapshotSeen(now, facts, policy, ports.clock());
    return lifecycle === '' || seen.source ? seen : { ...seen, source: { engineLifecycleSupport: lifecycle } };
  });
}

/** Never before the snapshot is available: Builder writes the object first and the row after. */
async function listArtifacts({ ports, policy, points, listed }: Pass, point: Point): Promise<Point> {
  if (point.artifacts.state !== 'pending' || point.database.state === 'capturing' || !isInFlight(point)) return point;
  const inventory = await writeInventory(ports.vault, ports.primaryArtifacts, vaultKeys.artifactInventory(point.id));
  listed.add(point.id);
  return updatePoint(ports, point.id, (now) =>
    artifactsListed(now, inventory, judgedBy(now, points), policy, ports.clock()),
  );
}

async function startCopy({ ports, policy, points }: Pass, point: Point): Promise<Point> {
  if (point.database.state !== 'captured' || !isInFlight(point)) return point;
  const { snapshotArn } = point.database;
  const copying = points.filter((each) => each.database.state === 'copying' && isInFlight(each)).length;
  const error =
    copying >= policy.copyLimit
      ? new DrError('QUOTA_EXCEEDED', `${copying} copies are in flight; AWS allows ${policy.copyLimit}`)
      : await refusal(() =>
          ports.database.copyToDr({ name: snapshotName(point.id), sourceArn: snapshotArn, pointId: point.id }),
        );
  if (!error) return updatePoint(ports, point.id, (now) => copyAccepted(now, ports.clock()));
  ports.log.info('the copy waits', { point: point.id, code: error.code, error: describeError(error) });
  const refused = await updatePoint(ports, point.id, (now) => copyRefused(now, error, policy, ports.clock()));
  // A right does not come back by waiting: readiness finds it in the point, and the pass fails and rings.
  if (error.code === 'ACCESS_DENIED') throw error;
  return refused;
}

const notedRefusals = [
  'QUOTA_EXCEEDED',
  'KMS_UNUSABLE',
  'INVALID_STATE',
  'THROTTLED',
  'ACCESS_DENIED',
  'NOT_FOUND',
] as const;

/** A refusal that the point notes; anything else is thrown. */
async function refusal(work: () => Promise<void>): Promise<DrError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (hasCode(error, ...notedRefusals)) return error;
    throw error;
  }
}
