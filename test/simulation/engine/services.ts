import type { RestoreRequest } from '../../../src/core/ports/recovery.ts';
import { RUN_TAG } from '../../../src/core/recovery/restore-request.ts';
import { DrError } from '../../../src/errors.ts';
import type { MemoryPorts } from '../../world/ports.ts';
import { comeUp } from '../../world/recovery.ts';
import type { Actor, Data, DrServices, InstanceTruth, SiteName, SnapshotTruth } from '../truth.ts';
import type { Surroundings } from './surroundings.ts';

type Held = MemoryPorts['database']['held'] extends Map<string, infer H> ? H : never;
type Instance = MemoryPorts['instances']['held'] extends Map<string, infer H> ? H : never;

/** AWS: what was asked for happens, later, or fails, or is gone; and what it holds in truth. */
export class Services {
  readonly #world: Surroundings;
  readonly #data = new Map<string, Data>();
  readonly #instanceData = new Map<string, Data>();
  readonly #since = new WeakMap<Held, number>();
  #fencedBy: Actor = 'world';
  /** Inspections that were asked for: the function has not begun yet. */
  readonly inspections: { run: string; report: string; what: 'inspect' | 'smoke'; job: 'inspect-database' }[] = [];

  constructor(world: Surroundings) {
    this.#world = world;
    this.#watchSnapshots('primary');
    this.#watchSnapshots('dr');
    this.#watchInstances();
    this.#watchFence();
    this.#guardKeys();
    world.ports.inspection.start = async (request) => void this.inspections.push(request);
  }

  get kmsUsable(): boolean {
    return this.#world.ports.escrow.unusable.length === 0;
  }

  get dr(): DrServices {
    return {
      kmsUsable: this.kmsUsable,
      classOrderable: true,
      subnetGroup: true,
      parameterGroup: true,
      credentials: true,
    };
  }

  /** What a change at the primary is put down to that took effect by itself: whoever asked for it. */
  fencedBy(by: Actor): Actor {
    return by === 'world' ? this.#fencedBy : by;
  }

  forgetFence(): void {
    this.#fencedBy = 'world';
  }

  #map(site: SiteName): Map<string, Held> {
    const { database } = this.#world.ports;
    return site === 'primary' ? database.snapshots : database.held;
  }

  #truthOf(site: SiteName, held: Held): SnapshotTruth {
    return {
      name: held.name,
      site,
      pointId: held.pointId,
      status: held.status,
      dataAt: held.dataAt?.getTime(),
      data: this.#data.get(held.arn),
      startedAt: this.#since.get(held) ?? 0,
    };
  }

  #watchSnapshots(site: SiteName): void {
    const map = this.#map(site);
    const set = map.set.bind(map);
    const remove = map.delete.bind(map);
    map.set = (name, held) => {
      set(name, held);
      this.#since.set(held, this.#world.clock.now);
      const data = this.#data.get(held.source);
      if (site === 'dr' && data) this.#data.set(held.arn, data);
      this.#world.tell({ what: 'snapshot-begun', by: this.#world.actor, snapshot: this.#truthOf(site, held) });
      return map;
    };
    map.delete = (name) => {
      const held = map.get(name);
      const gone = remove(name);
      if (held) {
        this.#world.tell({ what: 'snapshot-removed', by: this.#world.actor, snapshot: this.#truthOf(site, held) });
      }
      return gone;
    };
  }

  *snapshots(site: SiteName): Iterable<SnapshotTruth> {
    for (const held of this.#map(site).values()) yield this.#truthOf(site, held);
  }

  #instanceTruth(each: Instance): InstanceTruth {
    return {
      name: each.name,
      status: each.status,
      snapshot: each.request?.snapshot ?? '',
      run: each.tags[RUN_TAG],
      data: this.#instanceData.get(each.name),
    };
  }

  *instances(): Iterable<InstanceTruth> {
    for (const each of this.#world.ports.instances.held.values()) yield this.#instanceTruth(each);
  }

  #watchInstances(): void {
    const { ports } = this.#world;
    const { held, restore, destroy } = ports.instances;
    ports.instances.restore = async (request: RestoreRequest) => {
      const snapshot = ports.database.held.get(request.snapshot);
      if (!held.has(request.name)) {
        if (!this.kmsUsable) throw new DrError('KMS_UNUSABLE', `restore ${request.name}: the key is disabled`);
        if (!snapshot) throw new DrError('NOT_FOUND', `no snapshot ${request.snapshot}`);
        if (snapshot.status !== 'available')
          throw new DrError('INVALID_STATE', `${snapshot.name} is ${snapshot.status}`);
      }
      const known = held.has(request.name);
      await restore(request);
      const made = held.get(request.name);
      if (known || !made || !snapshot) return;
      const data = this.#data.get(snapshot.arn);
      if (data) this.#instanceData.set(request.name, data);
      this.#world.builder.restored.set(request.name, new Map(data?.rows));
      this.#world.tell({ what: 'instance-begun', by: this.#world.actor, instance: this.#instanceTruth(made) });
    };
    ports.instances.destroy = async (name: string) => {
      const before = held.get(name)?.status;
      await destroy(name);
      const made = held.get(name);
      if (!made || made.status === before) return;
      this.#world.tell({ what: 'instance-changed', by: this.#world.actor, instance: this.#instanceTruth(made) });
    };
  }

  #watchFence(): void {
    const { fence } = this.#world.ports;
    for (const method of ['setGroups', 'reboot', 'setBucketPolicy', 'rename'] as const) {
      const act = fence[method] as (...args: unknown[]) => Promise<void>;
      (fence as unknown as Record<string, unknown>)[method] = (...args: unknown[]) => {
        this.#fencedBy = this.#world.actor;
        return act.apply(fence, args);
      };
    }
  }

  #guardKeys(): void {
    const { escrow } = this.#world.ports;
    const { open, seal } = escrow;
    const usable = () => {
      if (!this.kmsUsable) throw new DrError('KMS_UNUSABLE', 'the key of the escrow is disabled');
    };
    escrow.open = async (envelope) => {
      usable();
      return open(envelope);
    };
    escrow.seal = async (file, now) => {
      usable();
      return seal(file, now);
    };
  }

  #changed(site: SiteName, held: Held): void {
    this.#world.tell({ what: 'snapshot-changed', by: 'world', snapshot: this.#truthOf(site, held) });
  }

  #creating(site: SiteName): Held[] {
    return [...this.#map(site).values()].filter((each) => each.status === 'creating');
  }

  /** The data's instant lies between the request and this. */
  finishSnapshots(): void {
    for (const each of this.#creating('primary')) {
      const data = this.#world.builder.data;
      if (!data) continue;
      this.#data.set(each.arn, data);
      Object.assign(each, { status: 'available', percent: 100, dataAt: new Date(this.#world.clock.now) });
      this.#changed('primary', each);
    }
  }

  finishCopies(): void {
    for (const each of this.#creating('dr')) {
      const source = [...this.#map('primary').values()].find(({ arn }) => arn === each.source);
      if (source) Object.assign(each, { status: 'available', percent: 100 });
      // A source that is gone takes its copy with it.
      else Object.assign(each, { status: 'failed' });
      this.#changed('dr', each);
    }
  }

  moveCopies(): void {
    for (const each of this.#creating('dr')) each.percent = Math.min(99, each.percent + 20);
  }

  /** One of those that are being made fails, or is gone as if it had never been. */
  spoil(site: SiteName, how: 'fails' | 'vanishes', pick: number): void {
    // What is there can be deleted by anybody; what is being made can fail.
    const open = how === 'vanishes' && pick % 2 === 0 ? [...this.#map(site).values()] : this.#creating(site);
    const each = open[pick % (open.length || 1)];
    if (!each) return;
    if (how === 'vanishes') this.#map(site).delete(each.name);
    else {
      each.status = 'failed';
      this.#changed(site, each);
    }
  }

  finishInstances(): void {
    const { instances } = this.#world.ports;
    for (const each of [...instances.held.values()]) {
      const before = each.status;
      if (before === 'deleting') {
        instances.held.delete(each.name);
        this.#world.builder.restored.delete(each.name);
        this.#world.tell({ what: 'instance-removed', by: 'world', instance: this.#instanceTruth(each) });
        continue;
      }
      comeUp(instances, each);
      // A first backup ends, too.
      if (before === 'backing-up' && each.status === 'backing-up') each.status = 'available';
      if (each.status !== before) {
        this.#world.tell({ what: 'instance-changed', by: 'world', instance: this.#instanceTruth(each) });
      }
    }
  }

  /** A restore ends where no restore should. */
  failInstance(pick: number): void {
    const open = [...this.#world.ports.instances.held.values()].filter((each) => each.status === 'creating');
    const each = open[pick % (open.length || 1)];
    if (!each) return;
    each.status = pick % 2 === 0 ? 'incompatible-restore' : 'failed';
    this.#world.tell({ what: 'instance-changed', by: 'world', instance: this.#instanceTruth(each) });
  }

  finishFence(): void {
    this.#world.as('world', () => this.#world.ports.fence.finish());
  }
}
