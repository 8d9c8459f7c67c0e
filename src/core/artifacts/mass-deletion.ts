import { addMinutes, pointIdAt } from '../ids.ts';
import type { ReplicaSettings } from '../settings/replica.ts';
import type { DeletionMark, MassDeletion } from './deletions.ts';

const DAY_MINUTES = 24 * 60;
/** Ids of mass deletions begin so; those of points never do. */
export const MASS_DELETION = 'deletions-';

/** How many artifacts may go at once without anybody being asked. */
function massLimit(replica: number, settings: ReplicaSettings): number {
  return Math.max(settings.massDeleteFloor, (replica * settings.massDeletePercent) / 100);
}

const covers = (mass: MassDeletion, { goneAt }: DeletionMark) => mass.from <= goneAt && goneAt <= mass.to;
const isGone = (mark: DeletionMark) => mark.backAt === undefined;

const isAccepted = (mark: DeletionMark, mass: readonly MassDeletion[]): boolean =>
  mass.some((each) => each.acceptedAt !== undefined && covers(each, mark));

/** Those that nobody accepted yet: while one stands, nothing is removed. */
export const openMass = (mass: readonly MassDeletion[]): MassDeletion[] =>
  mass.filter((each) => each.acceptedAt === undefined);

/** Some marks, counted: how many, the first names, and of when. */
class MassCount {
  count = 0;
  readonly samples: string[] = [];
  from = '';
  to = '';
  add({ key, goneAt }: DeletionMark): void {
    this.count += 1;
    if (this.samples.length < 10) this.samples.push(key);
    if (this.from === '' || goneAt < this.from) this.from = goneAt;
    if (goneAt > this.to) this.to = goneAt;
  }
}

function massOf(why: MassDeletion['why'], found: MassCount, of: number, now: Date): MassDeletion {
  const { count, samples, from, to } = found;
  return { id: `${MASS_DELETION}${pointIdAt(now)}`, why, from, to, count, of, samples };
}

/** Counts the marks as they are written, and says afterwards which mass deletions there are. */
export class MassWatch {
  readonly #known: readonly MassDeletion[];
  readonly #counts: Map<string, MassCount>;
  readonly #recent = new MassCount();
  readonly #since: string;
  readonly #now: Date;

  constructor(known: readonly MassDeletion[], now: Date) {
    this.#known = known;
    this.#counts = new Map(known.map(({ id }) => [id, new MassCount()]));
    this.#since = addMinutes(now, -DAY_MINUTES).toISOString();
    this.#now = now;
  }

  add(mark: DeletionMark): void {
    if (!isGone(mark)) return;
    const covering = this.#known.filter((each) => covers(each, mark));
    for (const { id } of covering) this.#counts.get(id)?.add(mark);
    // What was gone before anybody looked did not go in one day.
    if (mark.lastSeenAt === undefined || covering.some((each) => each.acceptedAt)) return;
    if (mark.goneAt >= this.#since) this.#recent.add(mark);
  }

  /** One that came back for the most part is over; an accepted one is, once nothing of it is left. */
  result(replica: number, settings: ReplicaSettings): MassDeletion[] {
    const limit = massLimit(replica, settings);
    const kept = this.#known.flatMap((each): MassDeletion[] => {
      const { count = 0, samples = [] } = this.#counts.get(each.id) ?? {};
      const enough = each.acceptedAt || each.why === 'removed' ? 1 : massLimit(each.of, settings);
      return count >= enough ? [{ ...each, count: each.why === 'removed' ? each.count : count, samples }] : [];
    });
    if (this.#recent.count <= limit) return kept;
    const open = kept.find((each) => each.why === 'deleted' && !each.acceptedAt && each.to >= this.#since);
    if (!open) return [...kept, massOf('deleted', this.#recent, replica, this.#now)];
    const [from = open.from, , , to = open.to] = [this.#recent.from, this.#recent.to, open.from, open.to].sort();
    const count = Math.max(open.count, this.#recent.count);
    return kept.map((each) => (each === open ? { ...open, from, to, count } : each));
  }
}

/** A removal of more than may go at once, of what nobody accepted. */
export function massRemoval(
  removable: readonly DeletionMark[],
  mass: readonly MassDeletion[],
  replica: number,
  settings: ReplicaSettings,
  now: Date,
): MassDeletion | undefined {
  const found = new MassCount();
  for (const mark of removable) if (!isAccepted(mark, mass)) found.add(mark);
  return found.count > massLimit(replica, settings) ? massOf('removed', found, replica, now) : undefined;
}
