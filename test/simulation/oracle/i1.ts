import type { Message } from '../../../src/core/notices/message.ts';
import type { Point } from '../../../src/core/points/documents.ts';
import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import type { Instant, Violation } from '../truth.ts';
import { type Check, minutes, none, type Scene } from './check.ts';
import { saidBy } from './memory.ts';
import { type Defect, defectsOf, isKnown } from './restore.ts';

/** I1: never `recoverable` unless a restore using only the DR site would succeed. */
export const i1: Check = {
  document: (scene, { key, by }) => {
    if (by === 'world') return none;
    const { startedAt } = scene.truth.run(by);
    if (key === 'status.json') {
      return judgeStatus(scene, saidBy<StatusRecord>(scene.memory.document(key)), startedAt);
    }
    return key.startsWith('points/') ? judgeProtected(scene, key, startedAt) : none;
  },
  message: (scene, { by, message }) => {
    if (by === 'world' || !['change', 'heartbeat'].includes(message.kind)) return none;
    const claim = { recoverable: numberOf(message, /succeed/) === 'yes', point: numberOf(message, /point/) ?? null };
    return judgeStatus(scene, claim, scene.truth.run(by).startedAt);
  },
};

/** A line of a message with that name. */
export const numberOf = ({ numbers }: Message, name: RegExp): string | undefined =>
  numbers.find((each) => name.test(each.name))?.value;

type Claim = { recoverable: boolean; point: string | null };

function judgeStatus(scene: Scene, status: Claim | undefined, beganAt: Instant): Violation[] {
  const { memory } = scene;
  if (!status?.recoverable || memory.direction?.direction === 'dr→primary') return none;
  const point = status.point === null ? undefined : memory.points.get(status.point);
  if (!point) return judgeUnknown(scene, status.point, beganAt);
  const isOver = !['protected', 'proven'].includes(point.state);
  const changedAt = memory.document(`points/${point.id}.json`)?.at ?? beganAt;
  const so = `the point is ${point.state}`;
  const over = isOver && changedAt < beganAt ? [{ ...saidOf(status), so }] : none;
  return [
    ...over,
    ...knownDefects(scene, point, beganAt).map((each) => ({ ...saidOf(status), so: wordsOf(scene, each) })),
  ];
}

const saidOf = ({ point }: Claim): Omit<Violation, 'so'> => ({
  invariant: 'I1',
  subject: `point ${point}`,
  said: 'recoverable: a failover to this point would succeed',
});

function wordsOf({ truth }: Scene, { what, subject, since, knownBy }: Defect): string {
  const age = Number.isFinite(since) ? `for ${minutes(truth.now - since)} minutes` : 'from the beginning';
  return `${subject} ${what} (${age}, known by ${knownBy})`;
}

/** It names no point, or one whose document is not there or cannot be read. */
function judgeUnknown({ memory }: Scene, id: string | null, beganAt: Instant): Violation[] {
  const found = id === null ? undefined : memory.document(`points/${id}.json`);
  if (found && found.at >= beganAt) return none;
  const said = 'recoverable';
  return [{ invariant: 'I1', subject: `point ${id}`, said, so: 'there is no such point that could be read' }];
}

const knownDefects = (scene: Scene, point: Point, beganAt: Instant): Defect[] =>
  defectsOf(scene, point).filter((each) => isKnown(scene, point, each, beganAt));

/** A point becomes protected: copied, complete, keys in escrow. What services and other documents are does not matter here. */
function judgeProtected(scene: Scene, key: string, beganAt: Instant): Violation[] {
  const point = saidBy<Point>(scene.memory.document(key));
  const before = saidBy<Point>(scene.memory.before)?.state;
  if (point?.state !== 'protected' || before === 'protected') return none;
  return defectsOf(scene, point)
    .filter(({ knownBy, subject }) => knownBy === 'own' || (knownBy === 'asking' && subject === point.id))
    .filter(({ since }) => since <= beganAt)
    .map((each) => ({
      invariant: 'I1',
      subject: `point ${point.id}`,
      said: 'protected: copied and complete',
      so: wordsOf(scene, each),
    }));
}
