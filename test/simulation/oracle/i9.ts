import type { Violation } from '../truth.ts';
import { type Check, MINUTE_MS, type Scene } from './check.ts';
import { endedStates } from './i5.ts';

/** So many messages to people the world may need until it is at rest. */
const MOST_MESSAGES = 60;
const inFlight = ['capturing', 'captured', 'listing+copying'];
/** What stays until the next drill passes, which takes longer than the passes may. */
const explained = new Set<string>(['DRILL_FAILED']);
/** What began so short a time ago may still be on its way. */
const FRESH_MS = 30 * MINUTE_MS;

/**
 * I9: everything comes to rest: once faults end, every point and run ends within a bounded number of passes and messages,
 * or is blocked and has said so; nothing is left that nobody is told of.
 */
export const i9: Check = {
  rest: (scene, { passes, messages }) => [
    ...pointsAtRest(scene, passes),
    ...runsAtRest(scene, passes),
    ...instancesAtRest(scene),
    ...queueAtRest(scene, passes),
    ...statusAtRest(scene),
    ...messagesAtRest(scene),
    ...(messages > MOST_MESSAGES
      ? [violation('messages', `${messages} messages after the faults`, `${MOST_MESSAGES} are enough`)]
      : []),
  ],
};

const violation = (subject: string, said: string, so: string): Violation => ({ invariant: 'I9', subject, said, so });
const after = (passes: number): string => `at rest, ${passes} passes after the faults`;

function pointsAtRest({ truth, memory }: Scene, passes: number): Violation[] {
  return [...memory.points.values()]
    .filter(({ state }) => inFlight.includes(state))
    .filter(
      ({ history }) => truth.now - Date.parse(history.at(-1)?.at ?? '') > FRESH_MS || passes * MINUTE_MS > 2 * FRESH_MS,
    )
    .filter(({ id }) => bornBefore(truth.now, memory.bornAt.get(`points/${id}.json`)))
    .map(({ id, state, database, artifacts }) =>
      violation(
        `point ${id}`,
        after(passes),
        `it is ${state} (database ${database.state}, artifacts ${artifacts.state})`,
      ),
    );
}

const bornBefore = (now: number, bornAt = Number.NEGATIVE_INFINITY): boolean => now - bornAt > FRESH_MS;

function runsAtRest({ truth, memory }: Scene, passes: number): Violation[] {
  const found: Violation[] = [];
  for (const [key, run] of memory.runs) {
    if (endedStates.includes(run.state) || !bornBefore(truth.now, memory.bornAt.get(key))) continue;
    // A scratch run has a time of its own, by the clock of who asked for it.
    const deadlineAt = 'deadlineAt' in run ? Date.parse(run.deadlineAt) + (memory.skewOf.get(key) ?? 0) : 0;
    if (truth.now < deadlineAt + FRESH_MS) continue;
    if (run.state !== 'blocked') found.push(violation(key, after(passes), `it is ${run.state}`));
    else if (!memory.toldOf.has(`${run.id} blocked`))
      found.push(violation(key, after(passes), 'it is blocked, and nobody was told'));
  }
  return found;
}

/** Scratch instances are gone; what a failover left behind is listed. */
function instancesAtRest({ truth, memory }: Scene): Violation[] {
  const listed = (memory.status?.findings ?? []).filter(({ code }) => code === 'LEFTOVER_INSTANCE');
  const isListed = (name: string) => listed.some(({ subject, samples }) => subject === name || samples?.includes(name));
  const found: Violation[] = [];
  for (const { name, status, run: key } of truth.instances()) {
    const run = memory.runs.get(key ?? '');
    if (status === 'deleting' || !run || !endedStates.includes(run.state)) continue;
    if (key?.startsWith('drills/'))
      found.push(violation(name, `${key} is ${run.state}`, 'its scratch instance is still there'));
    const isLeft = run.state === 'aborted' || run.state === 'failed';
    if (isLeft && !key?.startsWith('drills/') && memory.status && !isListed(name)) {
      found.push(
        violation(
          name,
          'nothing is left over but what the status lists',
          `${key} is ${run.state}, and its instance is there`,
        ),
      );
    }
  }
  return found;
}

function queueAtRest({ truth }: Scene, passes: number): Violation[] {
  return truth.queued > 0 ? [violation('queue', after(passes), `${truth.queued} messages wait`)] : [];
}

/** Somebody looked just now: what the status says is of now, and its findings have a cause. */
function statusAtRest({ truth, memory }: Scene): Violation[] {
  const { status } = memory;
  if (!status) return [];
  const off = Math.abs(truth.now - Date.parse(status.at));
  if (off > FRESH_MS) {
    return [
      violation(
        'status.json',
        `it is of ${status.at}`,
        `that is ${Math.round(off / MINUTE_MS)} minutes off, and readiness ran just now`,
      ),
    ];
  }
  const open = status.findings.filter(({ code, severity }) => severity !== 'info' && !explained.has(code));
  const isHome = memory.servesElsewhereSince === undefined;
  if (!isHome || (status.recoverable && open.length === 0)) return [];
  const codes = open.map(({ code, subject }) => `${code} (${subject})`);
  return [violation('status.json', 'READY', `it is ${status.status}: ${codes.join(', ') || 'not recoverable'}`)];
}

/** No second message for the same state. */
function messagesAtRest({ memory }: Scene): Violation[] {
  const { text, times } = memory.repeated;
  return times < 4 ? [] : [violation('messages', `${times} times one after the other: ${text}`, 'nothing has changed')];
}
