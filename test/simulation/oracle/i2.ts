import type { Point } from '../../../src/core/points/documents.ts';
import type { Actor, SnapshotTruth, Violation } from '../truth.ts';
import { type Check, none, type Scene } from './check.ts';
import { saidBy } from './memory.ts';

const usable = ['protected', 'proven'];
/** States in which nothing of a point is wanted any more. */
const over = ['expired', 'failed'];

/**
 * I2: never delete the last proven point, nor the last protected one; an empty policy deletes nothing; nothing is pruned
 * while a point is suspect; nor ever what is held, or what a run works with.
 */
export const i2: Check = {
  'snapshot-removed': (scene, { by, snapshot }) => {
    if (by === 'world' || snapshot.pointId === undefined) return none;
    const subject = `point ${snapshot.pointId}`;
    const said = `run ${by} (${scene.truth.run(by).job}) deletes its snapshot at ${snapshot.site}`;
    const asked = [emptyPolicy(scene), suspectStands(scene, by)];
    const ofCopy = snapshot.site === 'dr' ? [stillWanted(scene, snapshot), lastOfKind(scene, by, snapshot)] : [];
    return toViolations(subject, said, [...asked, ...ofCopy]);
  },
  document: (scene, { by, key }) => {
    if (by === 'world' || !key.startsWith('points/')) return none;
    const point = saidBy<Point>(scene.memory.document(key));
    const before = saidBy<Point>(scene.memory.before);
    if (point?.state !== 'expired' || !before || before.state === 'expired') return none;
    const said = `run ${by} (${scene.truth.run(by).job}) lets it expire`;
    return toViolations(`point ${point.id}`, said, [
      emptyPolicy(scene),
      suspectStands(scene, by),
      isHeld(scene, by, before),
      isPinned(scene, before),
    ]);
  },
};

function toViolations(subject: string, said: string, reasons: (string | undefined)[]): Violation[] {
  return reasons.flatMap((so) => (so === undefined ? [] : [{ invariant: 'I2', subject, said, so }]));
}

function emptyPolicy({ truth }: Scene): string | undefined {
  const { retention } = truth.policy;
  const { last, hourly, daily, weekly, monthly, yearly, withinDays } = retention ?? {};
  const rules = [last, hourly, daily, weekly, monthly, yearly, withinDays];
  return rules.every((rule) => rule === undefined || rule === 0) ? 'no rule of the retention is set' : undefined;
}

/** One that the run could have seen. */
function suspectStands({ truth, memory }: Scene, by: number): string | undefined {
  const { startedAt } = truth.run(by);
  for (const [id, point] of memory.points) {
    const at = memory.document(`points/${id}.json`)?.at ?? startedAt;
    if (point.state === 'suspect' && at < startedAt) return `point ${id} is suspect`;
  }
  return undefined;
}

/** A clock that is off may let a hold lapse by as much. */
function isHeld({ truth }: Scene, by: Actor, { hold }: Point): string | undefined {
  const skewMs = by === 'world' ? 0 : truth.run(by).skewMs;
  if (!hold || Date.parse(hold.until) <= truth.now + Math.max(0, skewMs)) return undefined;
  return `it is held until ${hold.until}`;
}

function isPinned({ memory }: Scene, { pins }: Point): string | undefined {
  const ended = ['passed', 'failed', 'done', 'aborted'];
  const pin = pins?.find(({ run }) => {
    const found = memory.runs.get(run);
    return found && !ended.includes(found.state);
  });
  return pin && `${pin.run} works with it`;
}

function stillWanted({ memory }: Scene, { pointId }: SnapshotTruth): string | undefined {
  const state = memory.points.get(pointId ?? '')?.state;
  return state === undefined || over.includes(state) ? undefined : `the point is ${state}`;
}

/** Held against what there is now: of the usable points whose copy is there, this one with them. */
function lastOfKind(scene: Scene, by: number, { pointId = '' }: SnapshotTruth): string | undefined {
  const { memory, truth } = scene;
  if (memory.worldActedAt >= truth.run(by).startedAt) return undefined;
  const was = lastUsableState(memory.points.get(pointId));
  if (!was) return undefined;
  const copies = new Set(
    [...truth.snapshots('dr')].filter((each) => each.status === 'available').map((each) => each.pointId),
  );
  const others = [...memory.points.values()].filter(
    (each) => usable.includes(each.state) && each.id !== pointId && copies.has(each.id),
  );
  // Snapshots of one instant hold the same: any of them may stay for the others.
  const isNewest = (of: Point[]) => !of.some((each) => dataAtOf(scene, each.id) >= dataAtOf(scene, pointId));
  if (isNewest(others)) return 'it is the last protected one';
  const proven = others.filter((each) => each.state === 'proven');
  return was === 'proven' && isNewest(proven) ? 'it is the last proven one' : undefined;
}

function lastUsableState(point: Point | undefined): string | undefined {
  return point?.history.map(({ state }) => state).findLast((state) => usable.includes(state));
}

const dataAtOf = ({ memory }: Scene, id: string): number => memory.data.get(id)?.dataAt ?? Number.NEGATIVE_INFINITY;
