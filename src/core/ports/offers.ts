type OfferedRange = { least: number | undefined; most: number | undefined };

/** One way in which an instance class can be ordered: each storage type is a way of its own. */
export type OrderableOption = {
  className: string;
  storageType: string;
  multiAz: boolean;
  /** Zones of the region in which RDS has the class at all. */
  zones: string[];
  encryption: boolean;
  iamAuthentication: boolean;
  takesIops: boolean;
  takesThroughput: boolean;
  storageGib: OfferedRange;
  iops: OfferedRange;
  iopsPerGib: OfferedRange;
  throughputMibps: OfferedRange;
};

/**
 * What RDS offers at the DR site now. Needs the DR site only; every method may be called twice. That a class can be
 * ordered says that RDS knows it there, never that there is capacity for it.
 */
export interface Offers {
  /** The versions of an engine's family (`postgres17`) that new instances may have, all pages. Retired ones are not among them. */
  versions(engine: string, family: string): Promise<string[]>;
  /** In which ways the class can be ordered for this version, all pages. None where version or class is not offered. */
  options(engine: string, version: string, className: string): Promise<OrderableOption[]>;
  /** The zones of a subnet group's subnets; undefined when there is no such group. */
  zones(subnetGroup: string): Promise<string[] | undefined>;
}
