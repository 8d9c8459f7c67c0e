import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import { ROLE_TAG } from '../../../src/core/recovery/restore-request.ts';
import { identityOf } from './bytes.ts';
import type { JobName } from './history.ts';
import { failoversOf, pointsOf, statusOf } from './jobs.ts';
import { allKeys, hashOfWhole, packageOf } from './pool.ts';
import { fallenPoint, namesRelease } from './reading.ts';
import type { SimWorld } from './world.ts';

/** What an operator who reads the messages does, one thing at a time; each answers what to run, if anything. */
export class Operator {
  readonly #world: SimWorld;
  readonly #resumed = new Map<string, number>();
  #asked = 0;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  /** What to type in this minute. */
  next(pass: number): JobName | undefined {
    const status = statusOf(this.#world);
    const codes = new Set(status?.findings.map(({ code }) => code));
    if (pointsOf(this.#world).some(({ state }) => state === 'suspect')) return 'accept point';
    if (codes.has('MASS_DELETION' as never)) return 'accept deletions';
    if (fallenPoint(status) !== undefined) return 'accept point';
    if (namesRelease(status)) return 'failover release';
    const blocked = failoversOf(this.#world).find(({ state }) => state === 'blocked');
    if (blocked) {
      const times = this.#resumed.get(blocked.id) ?? 0;
      this.#resumed.set(blocked.id, times + 1);
      return times === 0 ? 'failover resume' : 'failover abort';
    }
    return this.#rehearse(status, pass);
  }

  /** A drill that failed stands until one passes. */
  #rehearse(status: StatusRecord | undefined, pass: number): JobName | undefined {
    const failed = status?.findings.some(({ code }) =>
      ['DRILL_FAILED', 'DRILL_OVERDUE', 'POINT_REJECTED'].includes(code),
    );
    if (!failed || pass % 6 !== 5) return undefined;
    this.#asked += 1;
    return this.#asked % 2 === 1 ? 'drill' : 'alarm test';
  }

  /** Instances that runs left behind. */
  leftovers() {
    const { instances } = this.#world.ports;
    const open = new Set(
      failoversOf(this.#world)
        .filter(({ state }) => !['aborted', 'failed'].includes(state))
        .flatMap(({ attempts }) => attempts.slice(-1).map(({ instance }) => instance)),
    );
    return [...instances.held.values()].filter(
      ({ name, tags, status }) =>
        tags[ROLE_TAG] !== 'drill' && !open.has(name) && !['creating', 'deleting'].includes(status),
    );
  }

  /** They are removed by hand, as the message says. */
  clearLeftovers(): void {
    for (const each of this.leftovers()) each.status = 'deleting';
  }

  /**
   * What is wrong at the primary is uploaded again by its owners: the bytes that the rows name. What has no row, and is no
   * package any more wherever it still lies, Builder takes as new.
   */
  repairPrimary(): void {
    const { builder, ports } = this.#world;
    if (builder.site !== 'primary' || !builder.databaseTakesWrites || !builder.bucketTakesWrites) return;
    for (const [n, key] of allKeys.entries()) {
      const row = builder.rows.get(key);
      const found = ports.primaryArtifacts.versions.current(key);
      if (row !== undefined && (!found || identityOf(found.body) !== row)) builder.repair(key, packageOf(row));
      const left = found ?? ports.replica.versions.current(key);
      if (row === undefined && left && hashOfWhole(left.body) === undefined) builder.upload(n, 0);
    }
  }
}
