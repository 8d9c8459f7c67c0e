import { minutesBetween, snapshotName } from '../../core/ids.ts';
import type { Point } from '../../core/points/documents.ts';
import { pinsOver, unpinned } from '../../core/points/holds.ts';
import { transition } from '../../core/points/point.ts';
import type { RetentionPlan, RetentionRow, Stop } from '../../core/points/retention.ts';
import type { Ports } from '../../core/ports/all.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import { archiveRuns } from '../recovery/archive-runs.ts';
import { archiveDocuments } from '../vault/archive.ts';
import { updatePoint } from '../vault/points.ts';
import { archivedPoint, removeInventory, removePointSnapshot, removeSnapshots, type Wait } from './remove-point.ts';
import { type CatalogueFacts, readRetentionFacts } from './retention-facts.ts';

export type PrunePorts = Pick<Ports, 'clock' | 'database' | 'log' | 'signals' | 'vault'>;

/** Points that one pass removes; the next one goes on. */
const POINTS_PER_PASS = 50;
/** Nothing is begun later than this: the function has five minutes, and what it did is archived and recorded at the end. */
const BEGIN_SECONDS = { removal: 120, trim: 180 };

/** What one prune did. */
export type PruneDone = {
  stopped: Stop[];
  expired: string[];
  /** Points of which nothing is left but their line in the archive. */
  removed: string[];
  /** Points whose snapshot at the primary was removed, and whose copy is kept. */
  trimmed: string[];
  archivedRuns: string[];
  waits: Wait[];
  /** Points that are left to the next prune. */
  left: number;
};

type Planning = (facts: CatalogueFacts, now: Date) => RetentionPlan;

const goes = ({ verdict }: RetentionRow) => verdict === 'remove';
const isTrimmed = (row: RetentionRow) => !goes(row) && row.primarySnapshot.verdict === 'remove';

/** A prune at work: what it decides by, which it reads again before each removal, and what it came to. */
export class PrunePass {
  readonly done: PruneDone = {
    stopped: [],
    expired: [],
    removed: [],
    trimmed: [],
    archivedRuns: [],
    waits: [],
    left: 0,
  };
  readonly #ports: PrunePorts;
  readonly #planning: Planning;
  #facts: CatalogueFacts;
  readonly #gone: Point[] = [];
  /** What waited for something else than a right: it comes last, so that it holds nothing up. */
  readonly #waited: Set<string>;
  readonly #due = new Set<string>();
  readonly #begunAt: Date;

  constructor(ports: PrunePorts, facts: CatalogueFacts, planning: Planning, before: Wait[]) {
    this.#ports = ports;
    this.#facts = facts;
    this.#planning = planning;
    this.#begunAt = ports.clock();
    this.#waited = new Set(before.flatMap((each) => (each.code === 'ACCESS_DENIED' ? [] : each.point)));
  }

  /** Whether this point is due, and the pass did not get to it. */
  readonly isUntried = (id: string): boolean => this.#due.has(id);

  #isLate(what: keyof typeof BEGIN_SECONDS): boolean {
    return minutesBetween(this.#begunAt.toISOString(), this.#ports.clock()) * 60 >= BEGIN_SECONDS[what];
  }

  /** So many as one pass takes of what is due, the oldest first; what waited the last time comes after. */
  #portion(rows: RetentionRow[]): RetentionRow[] {
    for (const { point } of rows) this.#due.add(point);
    const oldestFirst = rows.toReversed();
    return oldestFirst
      .toSorted((a, b) => Number(this.#waited.has(a.point)) - Number(this.#waited.has(b.point)))
      .slice(0, POINTS_PER_PASS);
  }

  /** The row of this point as the world is now; undefined when it has none, or nothing may be removed any more. */
  async #rowNow(id: string): Promise<RetentionRow | undefined> {
    this.#facts = await readRetentionFacts(this.#ports, this.#facts);
    const { stopped, rows } = this.#planning(this.#facts, this.#ports.clock());
    this.done.stopped = stopped;
    return stopped.length > 0 ? undefined : rows.find((each) => each.point === id);
  }

  /** Changes a point; undefined when another prune has archived it. */
  async #update(id: string, change: (point: Point) => Point): Promise<Point | undefined> {
    try {
      return await updatePoint(this.#ports, id, change);
    } catch (error) {
      if (!hasCode(error, 'POINT_UNKNOWN')) throw error;
      return undefined;
    }
  }

  /** Expires a point that may still go: decided once more on its very document, inside of the swap. */
  async #expire(id: string): Promise<Point | undefined> {
    const { clock } = this.#ports;
    const facts = this.#facts;
    const point = await this.#update(id, (now) => {
      if (now.state === 'expired') return now;
      const points = facts.points.map((each) => (each.id === id ? now : each));
      const row = this.#planning({ ...facts, points }, clock()).rows.find((each) => each.point === id);
      return row && goes(row) ? transition(now, 'expired', clock(), row.reasons.join('; ')) : now;
    });
    if (point?.state !== 'expired') return undefined;
    this.done.expired.push(id);
    this.#facts = { ...facts, points: facts.points.map((each) => (each.id === id ? point : each)) };
    return point;
  }

  async #removeParts(point: Point): Promise<void> {
    const waits = await removeSnapshots(this.#ports, point);
    this.done.waits.push(...waits);
    if (waits.length > 0) return;
    await removeInventory(this.#ports, point);
    this.#gone.push(point);
  }

  get #lacksRight(): boolean {
    return this.done.waits.some((each) => each.code === 'ACCESS_DENIED');
  }

  /** What has expired already comes first: while a right is missing, nothing more expires. */
  async removePoints(rows: RetentionRow[]): Promise<void> {
    // A row is before another that is older: what has expired is put behind, and comes first.
    const due = rows.filter(goes).toSorted((a, b) => Number(a.state === 'expired') - Number(b.state === 'expired'));
    this.done.left = due.length;
    for (const { point: id } of this.#portion(due)) {
      if (this.#isLate('removal')) return;
      const row = await this.#rowNow(id);
      if (this.done.stopped.length > 0) return;
      this.#due.delete(id);
      this.done.left -= 1;
      if (!row || !goes(row) || (row.state !== 'expired' && this.#lacksRight)) continue;
      const point = await this.#expire(id);
      if (point) await this.#removeParts(point);
    }
  }

  /** The primary's own snapshots of points that are kept: only where the copy is there, and ours. */
  async trimPrimary(rows: RetentionRow[]): Promise<void> {
    for (const { point: id } of this.#portion(rows.filter(isTrimmed))) {
      if (this.#lacksRight || this.#isLate('trim')) return;
      const row = await this.#rowNow(id);
      if (this.done.stopped.length > 0) return;
      this.#due.delete(id);
      if (row && isTrimmed(row)) await this.#trim(id);
    }
  }

  async #trim(id: string): Promise<void> {
    const { database, clock } = this.#ports;
    const copy = await database.snapshotUse('dr', snapshotName(id));
    if (copy?.status !== 'available' || copy.pointId !== id) return;
    const wait = await removePointSnapshot(this.#ports, 'primary', id);
    if (wait) {
      this.done.waits.push(wait);
      return;
    }
    await this.#update(id, (now) => (now.sourceRemovedAt ? now : { ...now, sourceRemovedAt: clock().toISOString() }));
    this.done.trimmed.push(id);
  }

  /** Takes pins away that count no more, so that a point's document says who uses it. */
  async dropOldPins(): Promise<void> {
    const { runs, points } = this.#facts;
    for (const point of points.filter((each) => (each.pins ?? []).length > 0)) {
      // Of the document as it is: a pin may have been set anew.
      await this.#update(point.id, (now) => unpinned(now, pinsOver(now, runs, this.#ports.clock())));
    }
  }

  /** Old runs go with the last point that they were about. */
  async archiveRuns(): Promise<void> {
    const { runs, points } = this.#facts;
    this.done.archivedRuns = await archiveRuns(this.#ports, runs, points);
  }

  /** The documents go last, into the archive of their year; of a pass that died the next one finds them here. */
  async archivePoints(): Promise<void> {
    const { vault, clock } = this.#ports;
    const now = clock();
    for (const [year, points] of Map.groupBy(this.#gone, (point) => point.id.slice(0, 4))) {
      const lines = points.map((point) => archivedPoint(point, now));
      await archiveDocuments(vault, year, lines);
      for (const { id } of points) {
        await vault.remove(vaultKeys.point(id));
        this.done.removed.push(id);
      }
    }
  }
}
