import type { Database, InstanceFacts, SnapshotFacts } from '../../src/core/ports/database.ts';
import type { Site } from '../../src/core/site.ts';
import { DrError } from '../../src/errors.ts';

type Held = SnapshotFacts & { pointId: string | undefined; source: string; sharedWith?: string[] };

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
  finish: (names: 'snapshots' | 'held') => void;
};

export function memoryDatabase(instance: string, clock: () => Date): MemoryDatabase {
  const snapshots = new Map<string, Held>();
  const held = new Map<string, Held>();
  const refuse: MemoryDatabase['refuse'] = {};
  const begun = (name: string, pointId: string, source: string, region: string): Held => ({
    name,
    arn: `arn:aws:rds:${region}:000000000000:snapshot:${name}`,
    status: 'creating',
    percent: 0,
    dataAt: undefined,
    engineVersion: 'postgres 17.10',
    parameterGroupFamily: 'postgres17',
    encrypted: false,
    sizeGib: 20,
    pointId,
    source,
  });
  const begin = (where: Map<string, Held>, snapshot: Held): void => {
    const found = where.get(snapshot.name);
    if (found && (found.pointId !== snapshot.pointId || found.source !== snapshot.source)) {
      throw new DrError('SNAPSHOT_MISMATCH', `${snapshot.name} is not ours`);
    }
    if (!found) where.set(snapshot.name, snapshot);
  };
  const silent = (): void => {
    if (database.dark) throw new DrError('SITE_UNREACHABLE', 'describe snapshot: TimeoutError', { site: 'primary' });
  };
  const at = (site: Site) => (site === 'primary' ? snapshots : held);
  const copiesOf = ({ arn }: Held) =>
    [...snapshots.values(), ...held.values()].filter((each) => each.source === arn && each.status === 'creating');
  const factsOf = (found: Held | undefined): SnapshotFacts | undefined => {
    if (!found) return undefined;
    const { pointId: _pointId, source: _source, sharedWith: _sharedWith, ...facts } = found;
    return facts;
  };
  const database: MemoryDatabase = {
    snapshots,
    held,
    refuse,
    dark: false,
    removed: [],
    facts: {
      multiAz: true,
      backupRetentionDays: 7,
      encrypted: false,
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
      return factsOf(snapshots.get(name));
    },
    async copyToDr({ name, sourceArn, pointId }) {
      if (refuse.copy) throw refuse.copy;
      const source = [...snapshots.values()].find((each) => each.arn === sourceArn);
      if (!source) throw new DrError('NOT_FOUND', `no ${sourceArn}`);
      begin(held, { ...begun(name, pointId, sourceArn, 'us-west-2'), dataAt: source.dataAt });
    },
    copyStatus: async (name) => factsOf(held.get(name)),
    copies: async () => [...held.values()].map((each) => factsOf(each) as SnapshotFacts),
    source: async () => database.facts,
    async snapshotUse(site, name) {
      if (site === 'primary') silent();
      const found = at(site).get(name);
      if (!found) return undefined;
      const { status, pointId, sharedWith = [] } = found;
      return { status, pointId, sharedWith, copying: copiesOf(found).map((each) => each.name) };
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
