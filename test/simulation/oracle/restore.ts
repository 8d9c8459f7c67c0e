import type { Point } from '../../../src/core/points/documents.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import type { Data, DrServices, Instant } from '../truth.ts';
import type { Scene } from './check.ts';
import { keysOf } from './documents.ts';

/** By what somebody who only asks the DR site learns of it; `own`: by nothing but what the product did itself. */
type KnownBy = 'asking' | 'listing' | 'read' | 'drill' | 'own';

/** Why a restore of a point would not give what the point stands for, and since when that is so. */
export type Defect = { what: string; subject: string; since: Instant; knownBy: KnownBy };

const ever = Number.NEGATIVE_INFINITY;

/** What would be wrong with a failover to this point that has nothing but the DR site. */
export function defectsOf(scene: Scene, point: Point): Defect[] {
  const held = scene.memory.data.get(point.id);
  return [
    ...copyDefects(scene, point),
    ...documentDefects(scene, point),
    ...serviceDefects(scene),
    ...(held ? keyDefects(scene, held.data) : []),
    ...(held?.data.damage ? [damaged(point, held.data.damage, held.dataAt)] : []),
    ...(held ? rowDefects(scene, point, held) : []),
  ];
}

const damaged = ({ id }: Point, what: string, since: Instant): Defect => ({
  what,
  subject: id,
  since,
  knownBy: 'drill',
});

function copyDefects({ truth, memory }: Scene, { id }: Point): Defect[] {
  const copies = [...truth.snapshots('dr')].filter((each) => each.pointId === id);
  if (copies.some((each) => each.status === 'available')) return [];
  const what = `its copy in DR is ${copies[0]?.status ?? 'not there'}`;
  return [{ what, subject: id, since: memory.copies.get(id)?.at ?? ever, knownBy: 'asking' }];
}

/** Documents without which nobody can tell what to restore, or what has been verified. */
function documentDefects({ memory }: Scene, { id }: Point): Defect[] {
  const needed = ['direction.json', 'verified.json', 'drills/', 'failovers/', `inventory/${id}.artifacts.ndjson.gz`];
  const found: Defect[] = [...memory.unreadable(...needed)].map(([key, { at, reading }]) => ({
    what: `cannot be read (${reading?.ok === false ? reading.why : ''})`,
    subject: key,
    since: at,
    knownBy: 'asking',
  }));
  return found;
}

const services: [keyof DrServices, string][] = [
  ['kmsUsable', 'the KMS key cannot be used'],
  ['classOrderable', 'no instance class can be ordered'],
  ['subnetGroup', 'the subnet group is not there'],
  ['parameterGroup', 'the parameter group is not there'],
];

function serviceDefects({ memory }: Scene): Defect[] {
  const { is, since } = memory.services ?? {};
  return services
    .filter(([name]) => is?.[name] === false)
    .map(([name, what]) => ({ what, subject: 'dr', since: since?.[name] ?? ever, knownBy: 'asking' }));
}

/** Every revision that seals rows is in escrow, can be read there, and opens. */
function keyDefects({ truth, memory }: Scene, { revisions }: Data): Defect[] {
  return revisions.flatMap((revision): Defect[] => {
    const key = `keys/escrow/bldr-${revision}.box.key.json`;
    const found = memory.document(key);
    if (!found) {
      const gone = memory.keysGone.get(key);
      const knownBy = gone ? 'asking' : 'drill';
      return [{ what: 'is not in escrow', subject: key, since: gone?.at ?? ever, knownBy }];
    }
    if (found.reading?.ok === false) {
      return [{ what: 'cannot be read', subject: key, since: found.at, knownBy: 'asking' }];
    }
    if (memory.services?.is.kmsUsable === false || truth.escrowOpens(key)) return [];
    return [{ what: 'does not open', subject: key, since: found.at, knownBy: 'drill' }];
  });
}

type Held = { dataAt: Instant; data: Data };

function rowDefects(scene: Scene, point: Point, held: Held): Defect[] {
  const listed = keysOf(scene.memory.document(`inventory/${point.id}.artifacts.ndjson.gz`)?.reading);
  const found: Defect[] = [];
  for (const [key, checksum] of held.data.rows) {
    const defect = rowDefect(scene, key, checksum);
    if (defect && !isExcused(scene, point, held, key, checksum))
      found.push(classed(scene, defect, listed?.has(key) ?? false));
  }
  return found;
}

type RowDefect = { key: string; is: 'missing' | 'unreadable' | 'other bytes' };

/** Whether the replica serves the bytes of a row, or the vault can give them back. */
function rowDefect({ truth }: Scene, key: string, checksum: string): RowDefect | undefined {
  const { replica, displaced } = truth.buckets;
  const now = replica.current(key);
  if (now?.readable && now.blake2b === checksum) return undefined;
  const aside = displaced.current(`displaced/${checksum}`);
  if (aside?.readable && aside.blake2b === checksum) return undefined;
  return { key, is: now === undefined ? 'missing' : now.readable ? 'other bytes' : 'unreadable' };
}

/**
 * Deleted at the primary after the data's instant and gone there for ever, or such that nobody could copy it; or replaced
 * there after that instant, for ever, before anybody had copied it.
 */
function isExcused(
  { truth, memory }: Scene,
  { artifacts }: Point,
  { dataAt }: Held,
  key: string,
  checksum: string,
): boolean {
  if (artifacts.state === 'complete' && artifacts.uncopyable?.includes(key)) return true;
  const deletedAt = memory.deletedAtPrimary.get(key) ?? ever;
  const isGone = !truth.buckets.primary.kept(key).some((each) => each.blake2b === checksum);
  const change = memory.replica.get(key);
  const isOwn = change?.how === 'deleted' && change.by !== 'world';
  const replacedAt = memory.hadInReplica(key, checksum) ? ever : (memory.replacedAtPrimary.get(key) ?? ever);
  return Math.max(deletedAt, replacedAt) > dataAt && isGone && !isOwn;
}

function classed({ memory }: Scene, { key, is }: RowDefect, listed: boolean): Defect {
  const change = memory.replica.get(key);
  const found = { what: `is ${is} in the replica`, subject: key, since: change?.at ?? ever };
  if (is === 'unreadable') return { ...found, knownBy: 'read' };
  // What Builder itself put there in its time verifies: nothing but the row tells that it is another.
  const isForeign = change?.by === 'world' && change.how !== 'served';
  if (is === 'other bytes') return { ...found, knownBy: isForeign ? 'read' : 'drill' };
  if (change?.how === 'deleted') return { ...found, knownBy: change.by === 'world' ? 'listing' : 'own' };
  // It never was there: what its own inventory lists a complete point has, of other rows only a drill knows.
  return { ...found, knownBy: listed ? 'own' : 'drill' };
}

/** Whether a run that began then, and asks the DR site for all that it can, knows of a defect. */
export function isKnown(
  { memory }: Scene,
  { id }: Point,
  { knownBy, since, subject }: Defect,
  beganAt: Instant,
): boolean {
  if (since > beganAt) return false;
  const { listed, reads } = memory;
  const read = reads.get(subject);
  switch (knownBy) {
    case 'asking':
    case 'own':
      return true;
    case 'listing':
      return listed.since >= since && listed.told <= beganAt;
    case 'read':
      return read !== undefined && read.at >= since && read.known <= beganAt;
    case 'drill':
      return [...memory.runs].some(
        ([key, run]) => (memory.document(key)?.at ?? beganAt) < beganAt && hasRejected(run, id, since),
      );
  }
}

const planted = new Set<string>(['ARTIFACT_CORRUPT', 'ARTIFACT_MISSING', 'BUILDER_KEY_USELESS']);

/**
 * Whether a run has found this point wrong, after that instant. One that was called off before it looked found nothing, and a
 * look-back looks into what the old primary held, not into the point that it is named after. An alarm test rejects its
 * point for what it has planted: what else it finds is found.
 */
export function hasRejected(run: Run, pointId: string, since: Instant): boolean {
  if (run.kind === 'look-back') return false;
  return run.attempts.some(({ point, outcome, comparison, inspection, findings }) => {
    const lookedAt = comparison?.at ?? inspection?.doneAt;
    if (point !== pointId || lookedAt === undefined || Date.parse(lookedAt) < since) return false;
    if (run.kind === 'alarm-test')
      return findings.some((each) => each.severity === 'critical' && !planted.has(each.code));
    const wrong = comparison ? comparison.missing.count + comparison.corrupt.count + comparison.checksum.count : 0;
    return outcome === 'rejected' || wrong > 0;
  });
}
