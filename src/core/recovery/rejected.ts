import { type Finding, type FindingCode, finding } from '../findings.ts';
import type { Point } from '../points/documents.ts';
import { isProtected, newestFirst } from '../points/point.ts';
import type { Attempt } from './documents.ts';
import { titleOf } from './kinds.ts';
import { isDisqualifying, PLANTED } from './report-findings.ts';
import type { Run } from './run.ts';

/** What a drill or a failover found of a point that it restored, and as of when. `codes`: why it cannot be trusted. */
type PointVerdict = { point: string; by: string; at: string; codes: FindingCode[] };
/** By point: the last word on it, which is that a failover could not use it. */
export type Rejections = ReadonlyMap<string, PointVerdict>;

/** About what is in escrow, and so about every point that it seals. */
const ofEscrow: readonly FindingCode[] = ['BUILDER_KEY_MISSING', 'BUILDER_KEY_USELESS'];
/** About the site as it was then, which readiness asks anew: no point is the worse for it. */
const ofTheHour: readonly FindingCode[] = ['DR_KMS_UNUSABLE'];
const MOST_NAMED = 3;

/** What an alarm test finds that it has not planted is as wrong as anybody else's. */
const isPlanted = ({ kind }: Run, code: FindingCode): boolean =>
  kind === 'alarm-test' && PLANTED.some((each) => each === code);

/**
 * Who deletes much and means it says so of the point afterwards, or of the failover that found it: what was found of its rows
 * is answered by that.
 */
const isAccepted = (code: FindingCode, outcome: Attempt['outcome'], point: Point | undefined, at: string): boolean =>
  code === 'ROWS_FELL' && (outcome === 'accepted' || (point?.acceptedAt ?? '') >= at);

/** The rows by table that a look is held against: of the last point up to its own that passed, or whose rows were accepted. */
export function rowsBefore(run: Run, runs: readonly Run[], points: readonly Point[]): Attempt['rows'] {
  const own = run.attempts.at(-1)?.point ?? '';
  const byId = new Map(points.map((each) => [each.id, each]));
  const stands = ({ point, outcome, findings, inspection }: Attempt): boolean => {
    if (outcome === 'passed') return true;
    const bad = findings.filter(isDisqualifying);
    const at = inspection?.doneAt;
    return (
      at !== undefined && bad.length > 0 && bad.every(({ code }) => isAccepted(code, outcome, byId.get(point), at))
    );
  };
  const attempts = runs.filter(({ id }) => id !== run.id).flatMap((each) => each.attempts);
  const looks = attempts.filter((each) => each.rows && each.point <= own && stands(each));
  return looks.toSorted((a, b) => (a.point < b.point ? -1 : 1)).at(-1)?.rows;
}

/**
 * Undefined where it said nothing of the point itself: a restore that was refused, a deadline, a login. What was accepted
 * by its operator was found all the same.
 */
function verdictOf(run: Run, attempt: Attempt, restored: Point | undefined): PointVerdict | undefined {
  const { point, findings, comparison, inspection, outcome } = attempt;
  const at = comparison?.at ?? inspection?.doneAt;
  const all = findings.filter(isDisqualifying).map(({ code }) => code);
  const isOver = (code: FindingCode): boolean => isPlanted(run, code) || isAccepted(code, outcome, restored, at ?? '');
  const codes = [...new Set(all)].filter((code) => !ofTheHour.includes(code) && !isOver(code));
  if (at === undefined || (codes.length === 0 && outcome !== 'passed')) return undefined;
  return { point, by: `${titleOf(run)} ${run.id}`, at, codes };
}

/** A look-back restores no recovery point, and an alarm test, which is rejected either way, proves none. */
function verdictsOf(runs: readonly Run[], points: readonly Point[]): PointVerdict[] {
  const byId = new Map(points.map((each) => [each.id, each]));
  return runs
    .filter(({ kind }) => kind !== 'look-back')
    .flatMap((run) => run.attempts.flatMap((each) => verdictOf(run, each, byId.get(each.point)) ?? []));
}

/**
 * The points whose last verdict is a rejection. Of runs that overlap, the one that looked last has the last word, whichever
 * began first. A good verdict by a clock that is ahead takes back nothing: nobody knows whether it is the later one.
 */
export function rejectedPoints(points: readonly Point[], runs: readonly Run[], now: Date): Rejections {
  const verdicts = verdictsOf(runs, points);
  const good = verdicts.filter(({ codes, at }) => codes.length === 0 && at <= now.toISOString());
  // What is in escrow opens the rows of all points, or of none: one that passed since speaks for them all.
  const standing = (bad: PointVerdict, id: string): boolean =>
    !good.some((each) => each.at > bad.at && (each.point === id || bad.point !== id));
  const rejections = verdicts.filter(({ codes }) => codes.length > 0).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const found = new Map<string, PointVerdict>();
  for (const { id } of points) {
    const last = rejections.findLast((bad) => (bad.point === id || isOfAll(bad, now)) && standing(bad, id));
    if (last) found.set(id, last);
  }
  return found;
}

const isOfAll = ({ codes, at }: PointVerdict, now: Date): boolean =>
  at <= now.toISOString() && codes.some((each) => ofEscrow.includes(each));

const sayOf = (id: string, { point, by, at, codes }: PointVerdict): string =>
  `${id} (${by} found ${codes.join(', ')}${point === id ? '' : ` in ${point}`} at ${at})`;

/** Each with what was found in it: the first of them. */
export function rejectedText(ids: readonly string[], rejections: Rejections): string {
  const named = ids.flatMap((id) => {
    const verdict = rejections.get(id);
    return verdict ? [sayOf(id, verdict)] : [];
  });
  const more = named.length > MOST_NAMED ? ` and ${named.length - MOST_NAMED} more` : '';
  return `${named.slice(0, MOST_NAMED).join(', ')}${more}`;
}

/** The points that a failover to `wanted` would have among its candidates, had nobody rejected them. */
export function leftOut(wanted: string, points: Point[], candidates: Point[], rejections: Rejections): Point[] {
  if (wanted !== 'latest') return [];
  return newestFirst(
    points.filter((each) => isProtected(each) && rejections.has(each.id) && !candidates.includes(each)),
  );
}

/** `left`: the points that a failover leaves out, the newest first, before it comes to the one that it takes, if there is one. */
export function rejectionFindings(
  left: readonly string[],
  taken: Point | undefined,
  rejections: Rejections,
): Finding[] {
  if (left.length === 0) return [];
  const takes = taken ? `takes point ${taken.id}: what is newer` : 'takes none of the points: each of them';
  const text = `a failover now ${takes} was found to be no good: ${rejectedText(left, rejections)}`;
  return [finding('POINT_REJECTED', 'points', text, { count: left.length, samples: left.slice(0, 10) })];
}
