import { pointIdAt } from '../../../src/core/ids.ts';
import { unfencedPolicy } from '../../../src/core/recovery/fence.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { readyStatus } from '../../world/status.ts';
import { allKeys } from './pool.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * The stack for the other direction, as far as this one sees it: what it says of itself, and that Builder goes home with it.
 * It is not simulated itself: the same jobs are, in the other world.
 */
export class Reverse {
  readonly documents = new Map<string, string>();
  readonly #world: Surroundings;

  constructor(world: Surroundings) {
    this.#world = world;
  }

  get #now(): string {
    return new Date(this.#world.clock.now).toISOString();
  }

  /** The failback is as far as this stack takes it: the old instance has another name. */
  get #isReady(): boolean {
    return this.#world.ports.fence.renamed !== undefined && this.#world.builder.nodesSentTo !== undefined;
  }

  /** It is deployed, and soon has a point; with a vault of its own each time, where the one of a way home before still is. */
  deploy(): void {
    if (!this.#isReady) return;
    this.documents.clear();
    this.#world.ports.reverseVault = {
      get: (key) => {
        const body = this.documents.get(key);
        return Promise.resolve(body === undefined ? undefined : { body, etag: '"reverse"' });
      },
    };
    const point = pointIdAt(new Date(this.#world.clock.now - 300_000));
    this.documents.set('status.json', encode(readyStatus(this.#now, point)));
  }

  /** Of the direction of this stack, which that one's failover passes. */
  get #epochHere(): number {
    const body = this.#world.ports.vault.documents.get('direction.json')?.body.toString();
    return body === undefined ? 0 : ((JSON.parse(body) as { epoch: number }).epoch ?? 0);
  }

  /** A switchover of that stack: DR is fenced, and what is in force there is in force at home, in a new instance. */
  handOver(): void {
    const { builder, ports } = this.#world;
    const serving = builder.nodesSentTo;
    if (!this.#isReady || serving === undefined || this.documents.size === 0) return;
    if (this.documents.has('direction.json')) return;
    builder.drFenced = true;
    this.#world.forgetFence();
    this.#world.lookAtWriters('world');
    const rows = builder.restored.get(serving) ?? new Map<string, string>();
    this.#bringHome(rows);
    builder.comeHome(rows);
    const { fence } = ports;
    fence.renamed = undefined;
    fence.state = { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] };
    fence.policy = unfencedPolicy(fence.policy);
    this.documents.set(
      'direction.json',
      encode({
        schema: 'direction/2',
        direction: 'none',
        epoch: this.#epochHere + 1,
        changedAt: this.#now,
        failover: pointIdAt(new Date(this.#world.clock.now)),
      }),
    );
  }

  /** Its replica is the old primary's bucket: it has what DR has. */
  #bringHome(rows: ReadonlyMap<string, string>): void {
    const { primaryArtifacts, replica } = this.#world.ports;
    for (const key of allKeys) {
      const here = replica.versions.current(key)?.body;
      const there = primaryArtifacts.versions.current(key)?.body;
      if (here && rows.has(key) && !there?.equals(here)) primaryArtifacts.plant(key, here);
      if (there && !rows.has(key)) primaryArtifacts.lose(key);
    }
  }

  /** Once this stack protects the home site again, the other one is torn down. */
  tearDown(): void {
    if (this.#world.builder.nodesSentTo !== undefined || this.documents.size === 0) return;
    this.documents.clear();
    this.#world.ports.reverseVault = undefined;
    this.#world.builder.drFenced = false;
  }
}
