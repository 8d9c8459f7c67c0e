import type { Message } from '../../../src/core/notices/message.ts';
import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import type { Violation } from '../truth.ts';
import { type Check, MINUTE_MS, minutes, none, type Scene } from './check.ts';
import { numberOf } from './i1.ts';
import { saidBy } from './memory.ts';
import { defectsOf, hasRejected } from './restore.ts';

/**
 * I8: what is told is so. State, loss and age in a message, a status or an answer are those of the world at that moment.
 * A run knows the world as it was when it began at the earliest, and the time by its own clock.
 */
export const i8: Check = {
  document: (scene, { by, key }) => {
    const status = key === 'status.json' ? saidBy<StatusRecord>(scene.memory.document(key)) : undefined;
    if (by === 'world' || !status) return none;
    const isElsewhere = scene.memory.servesElsewhereSince !== undefined;
    return [
      ...judgeInstant(scene, by, 'status.json', status.at),
      ...(isElsewhere
        ? judgeLeftovers(scene, status)
        : [...judgeAge(scene, by, status), ...judgeChoice(scene, by, status)]),
    ];
  },
  message: (scene, { by, message }) => {
    if (by === 'world') return none;
    return [
      ...judgeState(scene, message),
      ...judgeLoss(scene, by, message),
      ...judgeDeletion(scene, `message ${message.id}`, message),
    ];
  },
  'run-ended': (scene, { by, ending }) => {
    if (ending.how !== 'returned') return none;
    return [...judgeAnswer(scene, ending.value), ...judgeDeletion(scene, `what run ${by} answers`, ending.value)];
  },
};

const violation = (subject: string, said: string, so: string): Violation => ({ invariant: 'I8', subject, said, so });

/** How far what a run tells may be off: since it began, and by its clock. */
function leeway({ truth }: Scene, by: number): number {
  const { startedAt, skewMs } = truth.run(by);
  return truth.now - startedAt + Math.abs(skewMs) + MINUTE_MS;
}

function judgeInstant(scene: Scene, by: number, subject: string, at: string): Violation[] {
  const off = Math.abs(Date.parse(at) - scene.truth.now);
  if (off <= leeway(scene, by)) return [];
  return [
    violation(subject, `it is of ${at}`, `that is ${minutes(off)} minutes off the instant at which it was written`),
  ];
}

function judgeAge(scene: Scene, by: number, { point, rpoMinutes, recoverable }: StatusRecord): Violation[] {
  const held = point === null ? undefined : scene.memory.data.get(point);
  if (!held) return [];
  const age = scene.truth.now - held.dataAt;
  if (rpoMinutes === null) {
    return recoverable
      ? [violation('status.json', 'its data are of no age', `those of point ${point} are ${minutes(age)} minutes old`)]
      : [];
  }
  if (Math.abs(rpoMinutes * MINUTE_MS - age) <= leeway(scene, by)) return [];
  return [
    violation(
      'status.json',
      `data of ${rpoMinutes} minutes are lost`,
      `those of point ${point} are ${minutes(age)} minutes old`,
    ),
  ];
}

/** The point of which it is told is the newest one that a failover would take. */
function judgeChoice(scene: Scene, by: number, { point, recoverable }: StatusRecord): Violation[] {
  const { memory, truth } = scene;
  const told = point === null ? undefined : memory.data.get(point);
  if (!recoverable || !told) return [];
  const { startedAt } = truth.run(by);
  for (const other of memory.points.values()) {
    const dataAt = memory.data.get(other.id)?.dataAt ?? 0;
    const changedAt = memory.document(`points/${other.id}.json`)?.at ?? startedAt;
    const isUsable = other.state === 'protected' || other.state === 'proven';
    if (!isUsable || dataAt <= told.dataAt || changedAt >= startedAt || defectsOf(scene, other).length > 0) continue;
    if ([...memory.runs.values()].some((run) => hasRejected(run, other.id, 0))) continue;
    const so = `point ${other.id}, of newer data, is ${other.state} and whole`;
    return [violation('status.json', `a failover would take point ${point}`, so)];
  }
  return [];
}

/** A message of a run tells a state in which it was. */
function judgeState({ memory }: Scene, { kind, id, status }: Message): Violation[] {
  if (kind !== 'failover' && kind !== 'drill') return [];
  const run = memory.runs.get(`${kind}s/${id}.json`);
  if (!run || run.state === status || run.history.some(({ state }) => state === status)) return [];
  return [violation(`${kind} ${id}`, `it is ${status}`, `it is ${run.state}, and never was ${status}`)];
}

const minutesIn = (text: string | undefined): number | undefined => {
  const [, figure] = /^([\d.]+) min/.exec(text ?? '') ?? [];
  return figure === undefined ? undefined : Number(figure);
};

/** A failover tells what is lost: what Builder wrote at the primary after the data of the point, and no less; one that is called off loses nothing. */
function judgeLoss(scene: Scene, by: number, message: Message): Violation[] {
  const { memory, truth } = scene;
  const point = numberOf(message, /point/i);
  const held = point === undefined ? undefined : memory.data.get(point);
  const told = minutesIn(numberOf(message, /RPO/));
  if (told === undefined || !held) return [];
  // From a request on that a clock dated which was off.
  const slack = leeway(scene, by) + (memory.skewOf.get(`failovers/${message.id}.json`) ?? 0);
  const [least, most] = [memory.wroteAt - held.dataAt - slack, truth.now - held.dataAt + slack];
  const said = `data of ${told} minutes are lost with point ${point}`;
  const subject = `${message.kind} ${message.id} (${message.status})`;
  if (told * MINUTE_MS > most)
    return [violation(subject, said, `its data are ${minutes(truth.now - held.dataAt)} minutes old`)];
  const isOver = ['aborted', 'failed'].includes(message.status);
  if (message.kind !== 'failover' || isOver || told * MINUTE_MS >= least) return [];
  return [violation(subject, said, `Builder wrote ${minutes(memory.wroteAt - held.dataAt)} minutes after its data`)];
}

/** The instance that serves now. */
function serving({ memory }: Scene): string | undefined {
  if (memory.servesElsewhereSince === undefined) return undefined;
  return memory.runs.get(`failovers/${memory.direction?.failover}.json`)?.attempts.at(-1)?.instance;
}

function judgeDeletion(scene: Scene, subject: string, said: unknown): Violation[] {
  const name = serving(scene);
  if (name === undefined || said === undefined) return [];
  const text = JSON.stringify(said) ?? '';
  if (!text.includes(name) || !new RegExp(`delete-db-instance[^"]*${name}(?![\\w-])`).test(text)) return [];
  return [violation(subject, `type what deletes ${name}`, 'that instance serves')];
}

function judgeLeftovers(scene: Scene, { findings }: StatusRecord): Violation[] {
  const name = serving(scene);
  const found = findings.find(({ code, subject }) => code === 'LEFTOVER_INSTANCE' && subject === name);
  return found ? [violation('status.json', `${name} is left over`, 'that instance serves')] : [];
}

/** An operator who hears that a run ended so finds it so in its record, which stays. */
function judgeAnswer({ memory }: Scene, value: unknown): Violation[] {
  const { id, state } = (value ?? {}) as { id?: unknown; state?: unknown };
  if (typeof id !== 'string' || state !== 'aborted') return [];
  const run = memory.runs.get(`failovers/${id}.json`);
  if (!run || run.state === 'aborted') return [];
  return [violation(`failover ${id}`, 'it is aborted', `it is ${run.state}`)];
}
