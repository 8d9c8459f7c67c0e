import type { Offers, OrderableOption } from '../../src/core/ports/offers.ts';

/** What a region offers, in memory; a test takes versions, classes and zones away. */
export type MemoryOffers = Offers & {
  /** Offered versions, of every family. */
  offered: string[];
  /** Changes to what a class is offered with; null when the region has it no more. */
  changes: Map<string, Partial<OrderableOption> | null>;
  groups: Map<string, string[]>;
};

export const ZONES = ['us-west-2a', 'us-west-2b', 'us-west-2c'];
const free = { least: undefined, most: undefined };

/** gp3 as RDS offers it. */
export const gp3Option: OrderableOption = {
  className: 'db.t4g.medium',
  storageType: 'gp3',
  multiAz: true,
  zones: ZONES,
  encryption: true,
  iamAuthentication: true,
  takesIops: true,
  takesThroughput: true,
  storageGib: { least: 20, most: 65_536 },
  iops: { least: 3_000, most: 64_000 },
  iopsPerGib: { least: undefined, most: 500 },
  throughputMibps: { least: 125, most: 4_000 },
};
const gp2Option: OrderableOption = { ...gp3Option, storageType: 'gp2', takesIops: false, takesThroughput: false };
const unlimited = { iops: free, iopsPerGib: free, throughputMibps: free };

export function memoryOffers(): MemoryOffers {
  const offers: MemoryOffers = {
    offered: ['17.9', '17.10', '17.11', '18.1'],
    changes: new Map(),
    groups: new Map([['builder-dr', ZONES.slice(0, 2)]]),
    versions: async (engine, family) => offers.offered.filter((each) => `${engine}${each.split('.')[0]}` === family),
    async options(_engine, version, className) {
      const change = offers.changes.get(className);
      if (change === null || !offers.offered.includes(version)) return [];
      return [gp3Option, { ...gp2Option, ...unlimited }].map((each) => ({ ...each, className, ...change }));
    },
    zones: async (subnetGroup) => offers.groups.get(subnetGroup),
  };
  return offers;
}
