import type { Database, InstanceFacts, SnapshotFacts, SnapshotQuota } from '../../src/core/ports/database.ts';
import type { Site } from '../../src/core/site.ts';
import { DrError } from '../../src/errors.ts';

type Held = SnapshotFacts & { pointId: string | undefined; source: string; instance: string; sharedWith?: string[] };

/** Builder's database in memory; snapshots and copies become available when the test says so. */
export type MemoryDatabase = Database & {
  snapshots: Map<string, Held>;
  held: Map<string, Held>;
  facts: InstanceFacts;
  /** What the next capture or copy is refused with. */
  refuse: { capture?: DrError | undefined; copy?: DrError | undefined; remove?: DrError | undefined };
  /** The primary region does not answer. */
  dark: boolean;
  /** Names that were deleted, in their order. */
  removed: string[];
  /** So many looks do not see yet what was just accepted. */
  unseenLooks: number;
  quotas: { primary: SnapshotQuota; dr: SnapshotQuota };
  finish: (names: 'snapshots' | 'held') => void;
};

export function memoryDatabase(instance: string, clock: () => Date): MemoryDatabase {
  const snapshots = new Map<string, Held>();
  const held = new Map<string, Held>();
  const refuse: MemoryDatabase['refuse'] = {};
  const unseen = new Map<Held, number>();
  const begun = (name: string, pointId: string, source: string, region: string): Held => ({
    name,
    arn: `arn:aws:rds:${region}:000000000000:snapshot:${name}`,
    status: 'creating',
    percent: 0,
    dataAt: undefined,
    engineVersion: 'postgres 17.10',
    engine: 'postgres',
    version: '17.10',
    parameterGroupFamily: 'postgres17',
    encrypted: false,
    sizeGib: 20,
    pointId,
    source,
    instance,
  });
  const silent = (): void => {
    if (database.dark) throw new DrError('SITE_UNREACHABLE', 'describe snapshot: TimeoutError', { site: 'primary' });
  };
  const at = (site: Site) => (site === 'primary' ? snapshots : held);
  const copiesOf = ({ arn }: Held) =>
    [...snapshots.values(), ...held.values()].filter((each) => each.source === arn && each.status === 'creating');
  const factsOf = (found: Held | undefined): SnapshotFacts | undefined => {
    if (!found) return undefined;
    const { pointId: _pointId, source: _source, instance: _instance, sharedWith: _sharedWith, ...facts } = found;
    return facts;
  };
  const begin = (where: Map<string, Held>, snapshot: Held): void => {
    const found = where.get(snapshot.name);
    if (found && (found.pointId !== snapshot.pointId || found.source !== snapshot.source)) {
      throw new DrError('SNAPSHOT_MISMATCH', `${snapshot.name} is not ours`);
    }
    if (found) {
      if (!seen(found)) throw new DrError('INVALID_STATE', `${found.name} exists and is not seen yet`);
      return;
    }
    where.set(snapshot.name, snapshot);
    unseen.set(snapshot, database.unseenLooks);
  };
  const seen = (found: Held | undefined): SnapshotFacts | undefined => {
    const left = found ? (unseen.get(found) ?? 0) : 0;
    if (found) unseen.set(found, Math.max(0, left - 1));
    return left === 0 ? factsOf(found) : undefined;
  };
  const database: MemoryDatabase = {
    snapshots,
    held,
    refuse,
    dark: false,
    removed: [],
    unseenLooks: 0,
    quotas: { primary: { used: 0, allowed: 100 }, dr: { used: 0, allowed: 100 } },
    facts: {
      multiAz: true,
      backupRetentionDays: 7,
      encrypted: false,
      engine: 'postgres',
      cluster: undefined,
      engineLifecycleSupport: 'open-source-rds-extended-support',
    },
    finish: (names) => {
      for (const each of database[names].values()) {
        if (each.status !== 'creating') continue;
        Object.assign(each, { status: 'available', percent: 100, dataAt: each.dataAt ?? clock() });
      }
    },
    async capture(name, pointId) {
      if (refuse.capture) throw refuse.capture;
      begin(snapshots, begun(name, pointId, instance, 'us-east-1'));
    },
    status: async (name) => {
      silent();
      return seen(snapshots.get(name));
    },
    async copyToDr({ name, sourceArn, pointId }) {
      if (refuse.copy) throw refuse.copy;
      const source = [...snapshots.values()].find((each) => each.arn === sourceArn);
      if (!source) throw new DrError('NOT_FOUND', `no ${sourceArn}`);
      begin(held, { ...begun(name, pointId, sourceArn, 'us-west-2'), dataAt: source.dataAt });
    },
    copyStatus: async (name) => seen(held.get(name)),
    copies: async () => [...held.values()].map(seen).filter((each) => each !== undefined),
    source: async () => database.facts,
    snapshotQuota: async (site) => database.quotas[site],
    async snapshotUse(site, name) {
      if (site === 'primary') silent();
      const found = at(site).get(name);
      if (!found) return undefined;
      const { status, pointId, sharedWith = [] } = found;
      const copying = copiesOf(found).map((each) => each.name);
      return { status, pointId, ofSource: found.instance === instance, sharedWith, copying };
    },
    async removeSnapshot(site, { name, pointId }) {
      if (site === 'primary') silent();
      if (refuse.remove) throw refuse.remove;
      const found = at(site).get(name);
      if (!found) return;
      if (found.pointId !== pointId) throw new DrError('SNAPSHOT_MISMATCH', `${name} is not ours`, { subject: name });
      if (found.status === 'creating') throw new DrError('INVALID_STATE', `${name} is creating`, { subject: name });
      for (const copy of copiesOf(found)) copy.status = 'failed';
      at(site).delete(name);
      database.removed.push(`${site} ${name}`);
    },
  };
  return database;
}
