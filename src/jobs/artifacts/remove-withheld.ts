import {
  type DeletionMark,
  type Deletions,
  deletionsSchema,
  type MassDeletion,
} from '../../core/artifacts/deletions.ts';
import { massRemoval, openMass } from '../../core/artifacts/mass-deletion.ts';
import { isUnexpired } from '../../core/artifacts/withheld-deletes.ts';
import type { Policy } from '../../core/policy.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { describeError, hasCode } from '../../errors.ts';
import { isDarkness, watchDarkness } from '../darkness.ts';
import { eachOf } from '../each-of.ts';
import { requireDirection } from '../vault/direction.ts';
import { updateDocument } from '../vault/documents.ts';
import { readPoints } from '../vault/points.ts';
import { noteObstacle, type RemovalObstacle, readDeletions, readMarks, writeMarks } from './deletion-marks.ts';
import { namingLists, readFailoverInHand } from './naming-lists.ts';
import { type MarkVerdict, planRemoval } from './removal-plan.ts';
import { bringBack, hideOne, type RemovalPorts, releaseOne } from './removal-steps.ts';

/** Marks that one run acts on; the rest waits for the next. */
const KEYS_PER_PASS = 5_000;
const AT_ONCE = 16;

/** `waits`: why nothing was removed, or not all that could be. */
export type RemovalReport = {
  withheld: number;
  hidden: number;
  released: number;
  broughtBack: number;
  waits: string | undefined;
};

type Current = { value: Deletions; etag: string };
type RemovalWork = { place: number; mark: DeletionMark; verdict: MarkVerdict };
type Done = { changes: Map<number, DeletionMark | undefined>; errors: unknown[] };

/**
 * Takes out of the replica what was deleted at the primary and no unexpired point needs: a delete marker first, and in a
 * later run, when every point of before it has been seen again, a tag on each version that lets the bucket's lifecycle
 * delete it. Removes nothing while that is in doubt, and says why. May run twice, at once, or die between any two calls.
 */
export async function removeWithheld(unguarded: RemovalPorts, policy: Policy): Promise<RemovalReport> {
  await requireDirection(unguarded.vault, 'primary→dr');
  const { ports } = watchDarkness(unguarded);
  const read = await readDeletions(ports.vault);
  const report: RemovalReport = { withheld: 0, hidden: 0, released: 0, broughtBack: 0, waits: undefined };
  if (!read) return report;
  report.withheld = read.value.withheld;
  const found = await plan(ports, read);
  if (!Array.isArray(found)) return { ...report, waits: await waitFor(ports, found) };
  const hiding = await collect(ports, read, found, ['hide'], Number.POSITIVE_INFINITY);
  const marks = hiding.map(({ mark }) => mark);
  const mass = massRemoval(marks, read.value.mass, read.value.replica, policy.replica, ports.clock());
  if (mass) return { ...report, waits: await stopForMass(ports, mass) };
  const work = await collect(ports, read, found, ['bring-back', 'hide', 'release', 'drop'], KEYS_PER_PASS);
  await requireDirection(ports.vault, 'primary→dr');
  const done = await carryOut(ports, work);
  const silent = done.errors.find(isDarkness);
  const waits = silent && `the primary does not answer: ${silent.message}`;
  await record(ports, policy, read, done.changes, waits);
  for (const error of done.errors) if (!isDarkness(error)) throw error;
  return { ...report, ...outcomes(work, done), waits };
}

/** Counted by what came of it: an artifact that somebody else has changed meanwhile was left as it is. */
function outcomes(work: readonly RemovalWork[], { changes }: Done) {
  const count = (verdict: MarkVerdict, came: (mark: DeletionMark | undefined) => boolean) =>
    work.filter((each) => each.verdict === verdict && changes.has(each.place) && came(changes.get(each.place))).length;
  return {
    hidden: count('hide', (mark) => mark?.hiddenAt !== undefined),
    released: count('release', (mark) => mark === undefined),
    broughtBack: count('bring-back', (mark) => mark !== undefined && mark.hiddenAt === undefined),
  };
}

/** What is in the way of any removal; asked anew by every run. */
async function plan(ports: RemovalPorts, read: Current): Promise<MarkVerdict[] | RemovalObstacle> {
  const { points, unreadable } = await readPoints(ports.vault);
  const [broken] = unreadable;
  if (broken) return { why: `${broken.key} cannot be read: ${broken.problem}`, unreadable: broken.key };
  const suspect = points.find((each) => each.state === 'suspect');
  if (suspect) return { why: `point ${suspect.id} is suspect: \`builder-dr points accept ${suspect.id}\`` };
  const [mass] = openMass(read.value.mass);
  if (mass) return { why: `${mass.count} deletions wait: \`builder-dr points accept ${mass.id}\`` };
  if (!(await ports.removal.keepsVersions())) {
    return { why: 'the replica bucket is not versioned: what is deleted at the primary stays in it for ever' };
  }
  try {
    const failover = await readFailoverInHand(ports.vault);
    if (failover) return { why: `failover ${failover} is in hand` };
    return await planRemoval(ports.vault, read, points, await namingLists(ports.vault, points));
  } catch (error) {
    if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
    // A list goes with its point: what was read of the points may be old by now.
    const now = (await readPoints(ports.vault)).points.filter(isUnexpired);
    const stand = points.filter(isUnexpired).every(({ id }) => now.some((each) => each.id === id));
    if (!stand) return { why: 'a point expired meanwhile: the next run goes on' };
    return { why: error.message, ...(error.subject ? { unreadable: error.subject } : {}) };
  }
}

async function waitFor(ports: RemovalPorts, obstacle: RemovalObstacle): Promise<string> {
  ports.log.warn('nothing is removed from the replica', { why: obstacle.why });
  await noteObstacle(ports, obstacle);
  return obstacle.why;
}

async function stopForMass(ports: RemovalPorts, mass: MassDeletion): Promise<string> {
  await updateDocument(ports.vault, vaultKeys.deletions, deletionsSchema, (now) =>
    now && openMass(now.mass).length === 0 ? { ...now, mass: [...now.mass, mass] } : now,
  );
  return waitFor(ports, { why: `${mass.count} deletions wait: \`builder-dr points accept ${mass.id}\`` });
}

async function collect(
  { vault }: RemovalPorts,
  read: Current,
  verdicts: readonly MarkVerdict[],
  wanted: readonly MarkVerdict[],
  limit: number,
): Promise<RemovalWork[]> {
  const work: RemovalWork[] = [];
  let place = 0;
  for await (const page of readMarks(vault, read)) {
    for (const mark of page) {
      const verdict = verdicts[place] ?? 'keep';
      if (wanted.includes(verdict) && work.length < limit) work.push({ place, mark, verdict });
      place += 1;
    }
  }
  return work;
}

const steps = { hide: hideOne, release: releaseOne, 'bring-back': bringBack } as const;

/** Does what can be done; an error stops nothing but its own, and the silence of the primary is asked for once. */
async function carryOut(ports: RemovalPorts, work: readonly RemovalWork[]): Promise<Done> {
  const done: Done = { changes: new Map(), errors: [] };
  await eachOf(work, AT_ONCE, async ({ place, mark, verdict }) => {
    if (verdict === 'drop') done.changes.set(place, undefined);
    if (verdict !== 'hide' && verdict !== 'release' && verdict !== 'bring-back') return;
    try {
      done.changes.set(place, await steps[verdict](ports, mark));
    } catch (error) {
      done.errors.push(error);
      ports.log.warn('an artifact was left as it is', { key: mark.key, error: describeError(error) });
    }
  });
  return done;
}

/** The marks with their changes. When somebody else wrote them meanwhile, the next run finds what was done. */
async function record(
  ports: RemovalPorts,
  policy: Policy,
  read: Current,
  changes: Done['changes'],
  why: string | undefined,
): Promise<void> {
  const before = read.value.blocked;
  if (changes.size === 0 && before?.why === why) return;
  async function* marks() {
    let place = 0;
    for await (const page of readMarks(ports.vault, read)) {
      const first = place;
      place += page.length;
      yield page.flatMap((mark, index) => {
        const now = changes.has(first + index) ? changes.get(first + index) : mark;
        return now ? [now] : [];
      });
    }
  }
  const { listedAt, listedBeforeAt, replica } = read.value;
  const since = before?.why === why ? before?.since : undefined;
  const blocked = why === undefined ? {} : { blocked: { since: since ?? ports.clock().toISOString(), why } };
  await writeMarks(ports, policy, read, marks(), () => ({
    listedAt,
    ...(listedBeforeAt ? { listedBeforeAt } : {}),
    replica,
    ...blocked,
  }));
}
