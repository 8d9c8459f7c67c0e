import { gzipSync } from 'node:zlib';
import { pointIdAt } from '../../src/core/ids.ts';
import type { Point } from '../../src/core/points/documents.ts';
import { DrError } from '../../src/errors.ts';
import { DeletionNotes } from '../../src/jobs/artifacts/deletion-notes.ts';
import { writeInventory } from '../../src/jobs/artifacts/inventory.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { removeWithheld } from '../../src/jobs/artifacts/remove-withheld.ts';
import { encode } from '../../src/jobs/vault/documents.ts';
import { type MemoryPorts, memoryPorts } from '../world/ports.ts';
import { handle, hashOf, newHart, signer } from './artifact-world.ts';
import { protectedPoint } from './observations.ts';
import { TestClock, testPolicy } from './policy.ts';
import { drillOf, reportOf } from './proof.ts';

/** One step of a history; numbers choose among what there is. */
export type HistoryStep = { does: (typeof stepNames)[number]; key: number; pick: number; minutes: number };
const stepNames = [
  'upload',
  'delete',
  'deliver',
  'deliver twice',
  'lose event',
  'reconcile',
  'cut reconcile',
  'drain',
  'heal',
  'whole point',
  'begin point',
  'take data',
  'list point',
  'prove point',
  'expire point',
  'remove',
  'lifecycle',
] as const;

/** From the bytes' upload to their deletion. `seen`: the product has looked at the primary meanwhile. */
type Life = { content: string; seen: boolean };
type Wanted = Map<string, Life>;
type HistoryPoint = { document: Point; rows: Wanted | undefined; listed: Wanted | undefined };

export const historyKeys = ['core/a.hart', 'core/b.hart'];
const DAY_MINUTES = 24 * 60;

/** Signed packages: two of each key, of one size and of another. */
const packages = new Map<string, { body: Buffer; blake2b: string }>();
for (const [index, name] of historyKeys.flatMap((key) => ['x', 'y'].map((each) => `${key}:${each}`)).entries()) {
  const body = await newHart(300 + index);
  packages.set(name, { body, blake2b: await hashOf(body) });
}
const packageOf = (content: string) => packages.get(content) ?? { body: Buffer.alloc(0), blake2b: '' };

/**
 * A primary, its replica and what happens to both. What points need is written down here from what truly happened, not
 * from what the product remembers of it: rows are what was there at the data's instant, lists what was there then.
 */
export class DeletionHistory {
  readonly clock = new TestClock();
  readonly ports: MemoryPorts = memoryPorts(this.clock.read);
  readonly #alive = new Map<string, Life>();
  readonly #events: { kind: 'created' | 'deleted'; key: string; life: Life }[] = [];
  readonly points: HistoryPoint[] = [];
  readonly #served = new Set<string>();
  #serial = 0;

  async step({ does, key, pick, minutes }: HistoryStep): Promise<void> {
    this.clock.passMinutes(minutes);
    const name = historyKeys[key % historyKeys.length] ?? '';
    if (does === 'upload') this.#upload(name, `${'xy'[pick % 2]}`);
    if (does === 'delete') this.delete(name);
    if (does.startsWith('deliver')) await this.#deliver(pick, does === 'deliver twice');
    if (does === 'lose event') this.#events.splice(pick % (this.#events.length || 1), 1);
    if (does === 'reconcile') await this.reconcile();
    if (does === 'cut reconcile') await this.#cutReconcile(pick);
    if (does === 'drain') await this.#drain();
    if (does === 'heal') await this.#heal(name);
    if (does.endsWith('point') || does === 'take data') await this.#pointStep(does, pick);
    if (does === 'remove') await this.remove();
    if (does === 'lifecycle') this.lifecycle(1 + (pick % 40));
  }

  /** All keys are there, copied and listed: where most histories begin. */
  static async begun(): Promise<DeletionHistory> {
    const history = new DeletionHistory();
    history.ports.replica.keepVersions();
    await history.ports.vault.put(`keys/public/${signer.name}.pub`, signer.publicText, undefined);
    for (const key of historyKeys.keys()) await history.step({ does: 'upload', key, pick: key, minutes: 1 });
    for (const _each of historyKeys) await history.step({ does: 'deliver', key: 0, pick: 0, minutes: 1 });
    await history.step({ does: 'reconcile', key: 0, pick: 0, minutes: 30 });
    return history;
  }

  #upload(key: string, content: string): void {
    this.delete(key);
    const life = { content: `${key}:${content}`, seen: false };
    this.#alive.set(key, life);
    this.ports.primaryArtifacts.plant(key, packageOf(life.content).body);
    this.#events.push({ kind: 'created', key, life });
  }

  delete(key: string): void {
    const life = this.#alive.get(key);
    if (!life) return;
    this.#alive.delete(key);
    this.ports.primaryArtifacts.lose(key);
    this.#events.push({ kind: 'deleted', key, life });
  }

  /** As the function does: notes first, then the copy. */
  async #deliver(pick: number, again: boolean): Promise<void> {
    const at = pick % (this.#events.length || 1);
    const event = this.#events[at];
    if (!event) return;
    if (!again) this.#events.splice(at, 1);
    const notes = new DeletionNotes(this.ports);
    const held = (await this.ports.replica.head(event.key)) !== undefined;
    await notes.look(event.key, event.kind === 'deleted');
    if (event.kind === 'created') await this.#copy(event.key);
    await notes.end();
    if (held) event.life.seen = true;
  }

  async #copy(key: string): Promise<void> {
    const before = await this.ports.replica.head(key);
    await handle(this.ports, key);
    const life = this.#alive.get(key);
    if (life && !before) life.seen = true;
  }

  /** Somebody overwrites what lies in the replica; it is found and mended. */
  async #heal(key: string): Promise<void> {
    if (!(await this.ports.replica.head(key))) return;
    this.ports.replica.plant(key, Buffer.from('rotten'));
    await this.#copy(key);
  }

  async #drain(): Promise<void> {
    for (const { key } of this.ports.queue.messages.splice(0)) await this.#copy(key);
  }

  async reconcile(): Promise<void> {
    await reconcile(this.ports, testPolicy);
    for (const life of this.#alive.values()) life.seen = true;
  }

  /** The primary dies in the middle of its listing. */
  async #cutReconcile(pick: number): Promise<void> {
    const { primaryArtifacts } = this.ports;
    const { pages } = primaryArtifacts;
    primaryArtifacts.pages = async function* () {
      for await (const page of pages()) yield page.slice(0, pick % 3);
      throw new DrError('SITE_UNREACHABLE', 'dark', { site: 'primary' });
    };
    await reconcile(this.ports, testPolicy);
    primaryArtifacts.pages = pages;
  }

  async remove(): Promise<void> {
    await removeWithheld(this.ports, testPolicy);
  }

  lifecycle(days: number): void {
    this.clock.passMinutes(days * DAY_MINUTES);
    this.ports.replica.versions.lifecycle(testPolicy.replica.undeleteDays);
  }

  async #pointStep(does: HistoryStep['does'], pick: number): Promise<void> {
    if (does === 'begin point') return this.#beginPoint();
    if (does === 'whole point') return this.#wholePoint(pick);
    const open = this.points.filter(({ document }) => document.state !== 'expired');
    const point = open[pick % (open.length || 1)];
    if (!point) return;
    if (does === 'take data') await this.#takeData(point);
    if (does === 'list point') await this.#list(point);
    if (does === 'prove point') await this.#prove(point);
    if (does === 'expire point') await this.expire(point);
  }

  async #beginPoint(): Promise<void> {
    this.#serial += 1;
    const at = this.clock.read();
    const id = `${pointIdAt(at)}`;
    const { database: _database, artifacts: _artifacts, ...rest } = protectedPoint(id, at.toISOString());
    const document: Point = {
      ...rest,
      state: 'capturing',
      database: { state: 'capturing' },
      artifacts: { state: 'pending' },
    };
    if (this.points.some((each) => each.document.id === id)) return;
    this.points.push({ document, rows: undefined, listed: undefined });
    await this.#write(document);
  }

  async #wholePoint(minutes: number): Promise<void> {
    await this.#beginPoint();
    const point = this.points.at(-1);
    for (const step of [this.#takeData, this.#list]) {
      this.clock.passMinutes(1 + minutes);
      if (point?.document.state !== 'expired' && point) await step.call(this, point);
    }
  }

  /** The snapshot's instant is earlier than the moment in which anybody hears of it. */
  async #takeData(point: HistoryPoint): Promise<void> {
    if (point.rows) return;
    point.rows = new Map(this.#alive);
    const { database } = protectedPoint('x', this.clock.read().toISOString());
    point.document = { ...point.document, database, state: 'listing+copying' };
    await this.#write(point.document);
  }

  async #list(point: HistoryPoint): Promise<void> {
    if (!point.rows || point.listed) return;
    const key = `inventory/${point.document.id}.artifacts.ndjson.gz`;
    const inventory = await writeInventory(this.ports.vault, this.ports.primaryArtifacts, key);
    point.listed = new Map(this.#alive);
    for (const life of this.#alive.values()) life.seen = true;
    const at = this.clock.read().toISOString();
    const artifacts = { state: 'complete' as const, ...inventory, listedAt: at, completeAt: at, deletedInWindow: [] };
    point.document = { ...point.document, artifacts, state: 'protected' };
    await this.#write(point.document);
  }

  /** A drill has queried the rows. What the replica holds for them then is known to be needed. */
  async #prove(point: HistoryPoint): Promise<void> {
    const { id, state } = point.document;
    if (state !== 'protected' || !point.rows) return;
    const { vault, replica } = this.ports;
    const rows = [...point.rows.keys()].sort().map((key) => `${JSON.stringify({ key, checksum: null })}\n`);
    const packages = `inventory/${id}-1.packages.ndjson.gz`;
    await vault.putStream(packages, [gzipSync(rows.join(''))] as unknown as AsyncIterable<Uint8Array>);
    const report = `reports/${id}-1.json`;
    await vault.put(report, encode(reportOf(id, packages, rows.length)), undefined);
    await vault.put(`drills/${id}.json`, encode(drillOf(id, report, this.clock.read())), undefined);
    for (const [key, life] of point.rows) if (await replica.head(key)) life.seen = true;
    point.document = { ...point.document, state: 'proven' };
    await this.#write(point.document);
  }

  async expire(point: HistoryPoint): Promise<void> {
    point.document = { ...point.document, state: 'expired' };
    await this.#write(point.document);
  }

  async #write(document: Point): Promise<void> {
    const key = `points/${document.id}.json`;
    await this.ports.vault.put(key, encode(document), (await this.ports.vault.get(key))?.etag);
  }

  /** What unexpired points need, was served by the replica for them, and is not any more; I3 says that there is none. */
  async lost(): Promise<string[]> {
    const lost: string[] = [];
    for (const { document, rows, listed } of this.points.filter((each) => each.document.state !== 'expired')) {
      const needed = [...(rows ?? []), ...(listed ?? [])].filter(([, life]) => life.seen);
      for (const [key, { content }] of needed) {
        const need = `${document.id} needs ${content}`;
        if (await this.#isKept(key, content)) this.#served.add(need);
        else if (this.#served.has(need)) lost.push(need);
      }
    }
    return lost;
  }

  /** Served, unless other bytes took its place: then it is kept beneath them, or aside. */
  async #isKept(key: string, content: string): Promise<boolean> {
    const { replica, displaced } = this.ports;
    const { body, blake2b } = packageOf(content);
    const bodies = [...replica.bodies(key), ...displaced.bodies(`displaced/${blake2b}`)];
    return bodies.some((each) => each.equals(body)) && (await replica.head(key)) !== undefined;
  }

  get alive(): string[] {
    return [...this.#alive.keys()].sort();
  }
}
