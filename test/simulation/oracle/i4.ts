import type { Point } from '../../../src/core/points/documents.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import type { Violation } from '../truth.ts';
import { type Check, MINUTE_MS, none, type Scene } from './check.ts';
import { endedStates } from './i5.ts';
import { saidBy } from './memory.ts';

/** I4: at most one recovery point per schedule slot and one copy per point, however often a job runs; and one drill at work. */
export const i4: Check = {
  'snapshot-begun': (scene, { by, snapshot }) => {
    const { pointId, site, name, startedAt } = snapshot;
    if (by === 'world' || pointId === undefined) return none;
    const others = [...scene.truth.snapshots(site)].filter((each) => each.pointId === pointId && each.name !== name);
    const subject = `point ${pointId}`;
    const said = `run ${by} (${scene.truth.run(by).job}) begins ${name} at ${site}`;
    const found = others.map((each) => ({ invariant: 'I4', subject, said, so: `${each.name} is of the same point` }));
    const expired = scene.memory.points.get(pointId)?.state === 'expired' && changedBefore(scene, pointId, by);
    return expired && startedAt === scene.truth.now
      ? [...found, { invariant: 'I4', subject, said, so: 'the point has expired' }]
      : found;
  },
  document: (scene, { by, key }) => {
    if (by !== 'world' && key.startsWith('drills/')) return besideAnother(scene, key);
    if (by === 'world' || !key.startsWith('points/') || scene.memory.before) return none;
    const point = saidBy<Point>(scene.memory.document(key));
    if (point?.kind !== 'scheduled') return none;
    const at = instantOf(point.id);
    const intervalMs = scene.truth.policy.captureIntervalMinutes * MINUTE_MS;
    const subject = `point ${point.id}`;
    const said = 'a scheduled point';
    if (at % intervalMs !== 0)
      return [{ invariant: 'I4', subject, said, so: 'no slot begins at the instant of its id' }];
    const other = [...scene.memory.points.values()].find((each) => isOfSlot(each, point.id, at, intervalMs));
    return other ? [{ invariant: 'I4', subject, said, so: `point ${other.id} is of the same slot` }] : none;
  },
};

const isRehearsal = ({ kind, state }: Run): boolean =>
  (kind === 'drill' || kind === 'alarm-test') && !endedStates.includes(state);

/** A drill or an alarm test that begins while another one is at work. */
function besideAnother({ memory }: Scene, key: string): Violation[] {
  const begun = memory.before ? undefined : saidBy<Run>(memory.document(key));
  if (!begun || !isRehearsal(begun)) return none;
  return [...memory.runs]
    .filter(([other, run]) => other !== key && isRehearsal(run))
    .map(([other, { state }]) => ({
      invariant: 'I4',
      subject: key,
      said: 'a drill begins',
      so: `${other} is ${state}`,
    }));
}

const changedBefore = ({ memory, truth }: Scene, id: string, by: number): boolean =>
  (memory.document(`points/${id}.json`)?.at ?? truth.now) < truth.run(by).startedAt;

function isOfSlot({ kind, id }: Point, otherThan: string, at: number, intervalMs: number): boolean {
  return (
    kind === 'scheduled' && id !== otherThan && Math.floor(instantOf(id) / intervalMs) === Math.floor(at / intervalMs)
  );
}

/** `20261122t140000z` as an instant. */
function instantOf(id: string): number {
  return Date.parse(id.replace(/^(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z.*$/, '$1-$2-$3T$4:$5:$6Z'));
}
