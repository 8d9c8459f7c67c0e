import type { Point } from '../../../src/core/points/documents.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import type { Violation } from '../truth.ts';
import { type Check, none, type Scene } from './check.ts';
import { endedStates } from './i5.ts';
import { saidBy } from './memory.ts';

/** Whose business it is to put something in the place of what nobody can read, once it is set aside or named. */
const mayReplace = (job: string, key: string): boolean =>
  (key === 'verified.json' && job === 'reconcile') || (key.startsWith('failovers/') && job === 'failover-release');

/** What a job makes anew from the world, once what was there lies aside. */
const makesAnew = ({ truth }: Scene, job: string, key: string): boolean =>
  ((key === 'status.json' && job === 'readiness') || (key === 'reconcile.json' && job === 'reconcile')) &&
  [...truth.vault.keys('unreadable/')].some((each) => each.endsWith(`/${key}`));

/**
 * What the design says of documents: one that cannot be read is never overwritten or removed; what is written can be
 * read; ended runs stay as they are, and a point that is over stays over.
 */
export const keptDocuments: Check = {
  document: (scene, { by, key }) => {
    if (by === 'world') return none;
    const { job } = scene.truth.run(by);
    const reading = scene.memory.document(key)?.reading;
    const before = scene.memory.before?.reading;
    const found: Violation[] = [];
    const does = (said: string, so: string) => found.push(violation(key, `run ${by} (${job}) ${said}`, so));
    if (reading && !reading.ok) does('writes it', `nobody can read it: ${reading.why}`);
    if (before && !before.ok && !mayReplace(job, key) && !makesAnew(scene, job, key))
      does('overwrites it', `nobody can read what was there: ${before.why}`);
    const change = reopened(scene, key);
    if (change) does('changes it', change);
    return found;
  },
  'document-removed': (scene, { by, key }) => {
    const before = scene.memory.before?.reading;
    if (by === 'world' || !before || before.ok) return none;
    const { job } = scene.truth.run(by);
    if (mayReplace(job, key) || isListOfNothing(scene, key)) return none;
    return [violation(key, `run ${by} (${job}) removes it`, `nobody can read what was there: ${before.why}`)];
  },
};

/** A list of a point that is over goes with it, whether it can be read or not. */
function isListOfNothing({ memory }: Scene, key: string): boolean {
  const [, id = ''] = /^inventory\/([^./]+)\.artifacts/.exec(key) ?? [];
  const state = memory.points.get(id)?.state;
  return id !== '' && (state === undefined || state === 'expired' || state === 'failed');
}

const violation = (subject: string, said: string, so: string): Violation => ({
  invariant: 'documents',
  subject,
  said,
  so,
});

/** A document is swapped for what was made of it: what others have written of a point or a run meanwhile stays. */
export const keptHistories: Check = {
  document: (scene, { by, key }) => {
    const lost = by === 'world' ? undefined : forgotten(scene, key);
    return lost && by !== 'world' ? [violation(key, `run ${by} (${scene.truth.run(by).job}) writes it`, lost)] : none;
  },
};

type Told = { history?: { at: string; state: string }[] };

/** What somebody else had written of a point or a run, and whoever wrote after it did not know. */
function forgotten({ memory }: Scene, key: string): string | undefined {
  if (!/^(points|drills|failovers|failbacks)\/[^/]+\.json$/.test(key)) return undefined;
  const now = saidBy<Told>(memory.document(key))?.history ?? [];
  const gone = (saidBy<Told>(memory.before)?.history ?? []).find(
    ({ at, state }, n) => now[n]?.at !== at || now[n]?.state !== state,
  );
  return gone && `that it became ${gone.state} at ${gone.at} is no longer in its history`;
}

/** What was over and is not any more. */
function reopened({ memory }: Scene, key: string): string | undefined {
  if (key.startsWith('points/')) {
    const [before, now] = [saidBy<Point>(memory.before)?.state, saidBy<Point>(memory.document(key))?.state];
    return before === 'expired' && now !== undefined && now !== 'expired' ? `it was expired, and is ${now}` : undefined;
  }
  if (!memory.runs.has(key)) return undefined;
  const [before, now] = [saidBy<Run>(memory.before)?.state, saidBy<Run>(memory.document(key))?.state];
  const isReopened = before !== undefined && now !== undefined && endedStates.includes(before) && now !== before;
  return isReopened ? `it was ${before}, and is ${now}` : undefined;
}
